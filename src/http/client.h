// A blocking HTTP/1.1 client over a Unix socket or TCP, with deadlines, for one conversation at a time: how we talk to
// model servers, and the command line to ours.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "sys/files.h"

namespace mdlc::http {

struct response {
  int status = 0;
  http::headers headers;
  std::string body;
};

inline constexpr size_t default_response_bytes = size_t{256} << 20;

// Keeps its connection between requests; one that the server closed meanwhile is opened again. One thread at a time,
// cancel apart.
class client {
 public:
  // A socket's path may be longer than the 107 bytes that the kernel takes.
  static client to_unix(const sys::path& socket);
  static client to_tcp(const std::string& host, uint16_t port);
  ~client();
  client(client&&) noexcept;

  // Host, Content-Length and Connection are written here. A server may answer before it has read the body: what is left
  // is not sent then, and the connection ends. The timeout is for the whole exchange. An error is words for
  // a log: no connection, too slow, too large, not HTTP, cancelled.
  base::result<response> send(const request_head&, std::string_view body, int64_t timeout_ms,
                              size_t response_bytes = default_response_bytes);
  // A body piece by piece, empty at its end; a piece stays until the next is asked for. An error ends the exchange.
  using source = std::function<base::result<std::string_view>()>;
  // The body of a 2xx answer, as it comes; an error ends the exchange.
  using sink = std::function<base::result<void>(std::string_view)>;
  // In HTTP's chunks, on a connection of its own. What is refused comes back with its body; that has the usual bound.
  base::result<response> send_streamed(const request_head&, const source&, const sink&, int64_t timeout_ms);
  // Ends the exchange that runs and all later ones. From any thread.
  void cancel();

 private:
  struct state;
  explicit client(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

}  // namespace mdlc::http
