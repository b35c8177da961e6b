// One run of a function: what it is given, and how it ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "services/lambda/function.h"

namespace mdlc::services::lambda {

struct outcome {
  std::optional<api::error> refusal;  // the function was not run, or nobody knows how it ended
  std::string payload;                // what it returned, or what went wrong as a JSON object
  bool is_error = false;              // the function's own: X-Amz-Function-Error
  std::string log;                    // the last bytes of what was logged
};

inline constexpr size_t log_tail_bytes = 4096;

struct invocation {
  std::shared_ptr<const version> what;
  std::optional<int64_t> reserved;
  std::string request_id;
  std::string arn;  // as the caller named it
  std::string payload;
  std::string trace;           // X-Amzn-Trace-Id; may be empty
  std::string client_context;  // JSON; may be empty
  // Once, on a thread of the pool, or on that of stop().
  std::function<void(outcome)> done;
};

}  // namespace mdlc::services::lambda
