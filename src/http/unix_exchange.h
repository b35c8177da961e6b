// One request to a server behind a Unix socket, with no thread that waits for its answer: how an endpoint's model
// server is asked. (client.h is the blocking one.)
#pragma once

#include <functional>
#include <string>

#include "http/client.h"
#include "http/server.h"

namespace mdlc::http {

struct exchange_failure {
  enum class cause {
    unreachable,  // nobody listens there; the request was not sent
    timeout,
    broken,  // the connection ended, or what came is not HTTP
    too_large,
  };
  cause why;
  std::string message;  // for a log
};

struct unix_request {
  sys::path socket;   // may be longer than the 107 bytes that the kernel takes
  request_head head;  // without Host, Content-Length and Connection
  std::string body;
  int64_t timeout_ms = 0;  // of the whole exchange
  size_t response_bytes = default_response_bytes;
};

// `done` is called once, on a socket thread: be short, or post. Not at all if the loop stops first.
void exchange_over_unix(loop&, unix_request, std::function<void(base::result<response, exchange_failure>)> done);

}  // namespace mdlc::http
