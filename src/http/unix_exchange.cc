#include "http/unix_exchange.h"

#include <fcntl.h>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/loop.h"

namespace mdlc::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using local = asio::local::stream_protocol;
using cause = exchange_failure::cause;

constexpr uint32_t head_bytes_max = 64 * 1024;
constexpr size_t longest_path = 107;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += "\r\n";
}

std::string print_head(const unix_request& r) {
  auto out = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", r.head.method, r.head.target);
  for (const auto& [name, value] : r.head.headers) append_field(out, name, value);
  append_field(out, "Content-Length", std::to_string(r.body.size()));
  return out += "Connection: close\r\n\r\n";
}

// Its handlers keep it; all of them run on one strand.
class unix_exchange : public std::enable_shared_from_this<unix_exchange> {
 public:
  using completion = std::function<void(base::result<response, exchange_failure>)>;

  unix_exchange(asio::io_context& io, unix_request request, completion done)
      : request_(std::move(request)),
        done_(std::move(done)),
        socket_(asio::make_strand(io)),
        timer_(socket_.get_executor()) {
    parser_.header_limit(head_bytes_max);
    parser_.body_limit(request_.response_bytes);
  }

  void start() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->connect(); });
  }

 private:
  void connect() {
    folder_ = sys::descriptor{::open(request_.socket.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    const auto path = fmt::format("/proc/self/fd/{}/{}", folder_.get(), request_.socket.filename().string());
    if (!folder_ || path.size() > longest_path) return fail(cause::unreachable, "no such socket");
    timer_.expires_after(std::chrono::milliseconds{request_.timeout_ms});
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->fail(cause::timeout, "the server did not answer in time");
    });
    socket_.async_connect(local::endpoint{path}, [self = shared_from_this()](error_code error) {
      self->folder_ = {};
      if (error) return self->fail(cause::unreachable, error.message());
      self->write();
    });
  }

  void write() {
    head_ = print_head(request_);
    const std::array<asio::const_buffer, 2> all{asio::buffer(head_), asio::buffer(request_.body)};
    // A server may answer, and close, before it has read all: what it says counts.
    asio::async_write(socket_, all, [self = shared_from_this()](error_code, size_t) { self->read(); });
  }

  void read() {
    beast::http::async_read(socket_, buffer_, parser_, [self = shared_from_this()](error_code error, size_t) {
      if (error == beast::http::error::body_limit) return self->fail(cause::too_large, "the answer is too large");
      if (error) return self->fail(cause::broken, error.message());
      self->finish();
    });
  }

  void finish() {
    auto message = parser_.release();
    response r;
    r.status = static_cast<int>(message.result_int());
    for (const auto& field : message) r.headers.add(std::string{field.name_string()}, std::string{field.value()});
    r.body = std::move(message.body());
    end(std::move(r));
  }

  void fail(cause why, std::string message) { end(tl::unexpected(exchange_failure{why, std::move(message)})); }

  void end(base::result<response, exchange_failure> how) {
    auto done = std::exchange(done_, {});
    if (!done) return;
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
    done(std::move(how));
  }

  unix_request request_;
  completion done_;
  local::socket socket_;
  asio::steady_timer timer_;
  sys::descriptor folder_;
  std::string head_;
  beast::flat_buffer buffer_;
  beast::http::response_parser<beast::http::string_body> parser_;
};

}  // namespace

void exchange_over_unix(loop& l, unix_request request,
                        std::function<void(base::result<response, exchange_failure>)> done) {
  std::make_shared<unix_exchange>(l.impl().io, std::move(request), std::move(done))->start();
}

}  // namespace mdlc::http
