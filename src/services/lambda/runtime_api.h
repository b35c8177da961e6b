// Lambda's Runtime API, as AWS's runtime interface clients speak it: HTTP of one worker, unsigned. The listener says
// which worker calls.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/server.h"

namespace mdlc::services::lambda {

inline constexpr size_t response_bytes_max = 6'291'556;

// What the requests mean. Called on threads of the pool; thread-safe.
class runtime_api {
 public:
  virtual ~runtime_api() = default;
  // Keeps the exchange until there is an invocation.
  virtual void next(const std::string& worker_id, std::shared_ptr<http::exchange>) = 0;
  // False where that invocation is not the worker's current one.
  virtual bool answer(const std::string& worker_id, std::string_view request_id, std::string payload,
                      bool is_error) = 0;
  virtual void init_error(const std::string& worker_id, std::string payload) = 0;
};

// Errors as functions have them: {"errorMessage":…,"errorType":…}.
std::string error_payload(std::string_view type, std::string_view message);

// The handler of a worker's listener. `api` and `pool` outlive the sockets' threads' use of it.
http::handler handle_runtime_requests(runtime_api& api, sys::thread_pool& pool, std::string worker_id);

}  // namespace mdlc::services::lambda
