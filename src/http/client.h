// A small blocking HTTP/1.1 client for TCP and Unix sockets on this machine; one connection, kept alive.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/result.h"
#include "http/message.h"
#include "sys/files.h"

namespace mdlc::http {

// Where to: a numeric address ("localhost" too) and a port, or a Unix socket.
struct tcp_target {
  std::string host;
  uint16_t port = 0;
};
using target = std::variant<tcp_target, sys::path>;

// http://127.0.0.1:4566 as a target; nothing but http, host and port.
base::result<tcp_target> parse_endpoint(std::string_view url);

struct response {
  int status = 0;
  http::headers headers;
  std::string body;
};

// One thread at a time. A connection that the server closed meanwhile is opened again for the next request, which is
// sent again only if no byte of an answer came and `may_repeat`.
class client {
 public:
  struct options {
    int64_t connect_timeout_ms = 5'000;
    int64_t timeout_ms = 60'000;  // without a byte from the server
    size_t max_head_bytes = 64 * 1024;
    size_t max_body_bytes = 256 * 1024 * 1024;
  };

  explicit client(target, options);
  explicit client(target t) : client(std::move(t), options{}) {}
  ~client();
  client(const client&) = delete;

  // Host, Content-Length and Connection are written for you, where `head` does not have them.
  base::result<response> send(const request_head& head, std::string_view body, bool may_repeat = true);
  // Closes; the next request connects again.
  void close();
  // Ends what another thread waits for here: its send() fails soon. The one thread-safe function.
  void interrupt();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace mdlc::http
