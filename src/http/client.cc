#include "http/client.h"

#include <atomic>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace mdlc::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

// How often a waiting thread looks whether it was interrupted.
constexpr int64_t interrupt_check_ms = 50;

auto failed(std::string_view what) { return base::fail(fmt::format("{}: {}", what, std::strerror(errno))); }

std::string print_request(const request_head& head, std::string_view body, const target& to) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", head.method, head.target);
  for (const auto& [name, value] : head.headers) out += fmt::format("{}: {}\r\n", name, value);
  if (!head.headers.has("Host")) {
    const auto* tcp = std::get_if<tcp_target>(&to);
    out += tcp ? fmt::format("Host: {}:{}\r\n", tcp->host, tcp->port) : "Host: localhost\r\n";
  }
  bool bodiless = body.empty() && (head.method == "GET" || head.method == "HEAD" || head.method == "DELETE");
  if (!head.headers.has("Content-Length") && !bodiless) out += fmt::format("Content-Length: {}\r\n", body.size());
  out += "\r\n";
  return out += body;
}

}  // namespace

base::result<tcp_target> parse_endpoint(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  auto rest = url.starts_with(scheme) ? url.substr(scheme.size()) : std::string_view{};
  if (rest.ends_with('/')) rest.remove_suffix(1);
  auto colon = rest.rfind(':');
  tcp_target out;
  if (colon != std::string_view::npos) {
    auto digits = rest.substr(colon + 1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (error != std::errc{} || end != digits.data() + digits.size()) out.port = 0;
  }
  if (out.port == 0) return base::fail(fmt::format("'{}' is not http://HOST:PORT", url));
  out.host = rest.substr(0, colon);
  return out;
}

struct client::state {
  http::target to;
  client::options options;
  sys::descriptor socket;
  std::atomic<bool> interrupted = false;
  bool answered = false;  // a byte of an answer came

  base::result<void> connect() {
    interrupted = false;
    if (socket) return {};
    sockaddr_storage address{};
    socklen_t size = 0;
    MDLC_CHECK(resolve(address, size));
    sys::descriptor opened{::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!opened) return failed("cannot make a socket");
    if (::connect(opened.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
      if (errno != EINPROGRESS) return failed("cannot connect");
      MDLC_CHECK(wait(opened.get(), POLLOUT, options.connect_timeout_ms));
      int error = 0;
      socklen_t length = sizeof error;
      ::getsockopt(opened.get(), SOL_SOCKET, SO_ERROR, &error, &length);
      errno = error;
      if (error != 0) return failed("cannot connect");
    }
    int on = 1;
    if (address.ss_family != AF_UNIX) ::setsockopt(opened.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    socket = std::move(opened);
    return {};
  }

  base::result<void> resolve(sockaddr_storage& address, socklen_t& size) const {
    if (const auto* path = std::get_if<sys::path>(&to)) {
      auto& unix_address = reinterpret_cast<sockaddr_un&>(address);
      if (path->native().size() >= sizeof unix_address.sun_path) return base::fail("the socket's path is too long");
      unix_address.sun_family = AF_UNIX;
      std::memcpy(unix_address.sun_path, path->c_str(), path->native().size() + 1);
      size = sizeof unix_address;
      return {};
    }
    const auto& tcp = std::get<tcp_target>(to);
    auto& four = reinterpret_cast<sockaddr_in&>(address);
    auto& six = reinterpret_cast<sockaddr_in6&>(address);
    const char* host = tcp.host == "localhost" ? "127.0.0.1" : tcp.host.c_str();
    if (::inet_pton(AF_INET, host, &four.sin_addr) == 1) {
      four.sin_family = AF_INET;
      four.sin_port = htons(tcp.port);
      size = sizeof four;
      return {};
    }
    if (::inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
      six.sin6_family = AF_INET6;
      six.sin6_port = htons(tcp.port);
      size = sizeof six;
      return {};
    }
    return base::fail(fmt::format("'{}' is no numeric address", tcp.host));
  }

  base::result<void> wait(int fd, short events, int64_t timeout_ms) {
    for (int64_t left = timeout_ms; left > 0; left -= interrupt_check_ms) {
      if (interrupted) return base::fail("interrupted");
      pollfd one{fd, events, 0};
      int ready = ::poll(&one, 1, static_cast<int>(std::min(left, interrupt_check_ms)));
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return failed("cannot wait");
    }
    return base::fail("the server did not answer in time");
  }

  base::result<void> write(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t put = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put >= 0) {
        bytes.remove_prefix(static_cast<size_t>(put));
      } else if (errno == EAGAIN) {
        MDLC_CHECK(wait(socket.get(), POLLOUT, options.timeout_ms));
      } else if (errno != EINTR) {
        return failed("cannot send");
      }
    }
    return {};
  }

  // 0 at the end.
  base::result<size_t> read(char* into, size_t size) {
    while (true) {
      ssize_t got = ::recv(socket.get(), into, size, 0);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno == EAGAIN) {
        MDLC_CHECK(wait(socket.get(), POLLIN, options.timeout_ms));
      } else if (errno != EINTR) {
        return failed("cannot receive");
      }
    }
  }

  base::result<response> receive(bool to_head) {
    beast::http::response_parser<beast::http::string_body> parser;
    parser.eager(true);
    parser.skip(to_head);
    parser.header_limit(static_cast<uint32_t>(options.max_head_bytes));
    parser.body_limit(options.max_body_bytes);
    std::string pending;
    char buffer[65536];
    while (!parser.is_done()) {
      MDLC_TRY(size_t got, read(buffer, sizeof buffer));
      error_code error;
      if (got == 0) {
        parser.put_eof(error);
        if (error || !parser.is_done()) return base::fail("the server closed the connection");
        break;
      }
      answered = true;
      pending.append(buffer, got);
      size_t used = parser.put(boost::asio::const_buffer{pending.data(), pending.size()}, error);
      if (error && error != beast::http::error::need_more) return base::fail(error.message());
      pending.erase(0, used);
      // An interim answer (100 Continue) is not the answer.
      if (parser.is_done() && parser.get().result_int() == 100) return receive(to_head);
    }
    response out;
    auto message = parser.release();
    out.status = static_cast<int>(message.result_int());
    for (const auto& field : message) out.headers.add(std::string{field.name_string()}, std::string{field.value()});
    out.body = std::move(message.body());
    if (!message.keep_alive()) socket = {};
    return out;
  }
};

client::client(target to, options o) : state_(std::make_unique<state>()) {
  state_->to = std::move(to);
  state_->options = o;
}
client::~client() = default;

base::result<response> client::send(const request_head& head, std::string_view body, bool may_repeat) {
  auto text = print_request(head, body, state_->to);
  while (true) {
    bool was_open = static_cast<bool>(state_->socket);
    MDLC_CHECK(state_->connect());
    state_->answered = false;
    auto sent = state_->write(text);
    auto got = sent ? state_->receive(head.method == "HEAD") : base::result<response>{tl::unexpected(sent.error())};
    if (got) return got;
    close();
    if (!was_open || state_->answered || !may_repeat || state_->interrupted) return got;
  }
}

void client::close() { state_->socket = {}; }

void client::interrupt() { state_->interrupted = true; }

}  // namespace mdlc::http
