#include "http/client.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace mdlc::http {
namespace {

constexpr size_t read_bytes = 64 * 1024;
constexpr size_t head_bytes_max = 64 * 1024;

int64_t monotonic_ms() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

auto failed(std::string_view what) { return base::fail(fmt::format("{}: {}", what, std::strerror(errno))); }

}  // namespace

struct client::state {
  sys::path socket;  // or
  std::string host;
  uint16_t port = 0;

  sys::descriptor connection;
  sys::descriptor bell{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  // stays readable once cancelled
  bool is_reused = false;
  bool heard = false;  // a byte of the answer came
  int64_t deadline_ms = 0;

  base::result<void> wait(short events);
  base::result<void> connect();
  base::result<void> connect_to(int family, const sockaddr* address, socklen_t size);
  base::result<void> connect_unix();
  base::result<void> connect_tcp();
  base::result<void> write_all(std::string_view bytes);
  base::result<response> read(bool is_head, size_t limit);
  base::result<response> exchange(const std::string& head, std::string_view body, bool is_head, size_t limit);
};

base::result<void> client::state::wait(short events) {
  pollfd waiting[] = {{connection.get(), events, 0}, {bell.get(), POLLIN, 0}};
  while (true) {
    const int64_t left_ms = deadline_ms - monotonic_ms();
    if (left_ms <= 0) return base::fail("the server did not answer in time");
    const int n = poll(waiting, 2, static_cast<int>(std::min<int64_t>(left_ms, 60'000)));
    if (n < 0 && errno != EINTR) return failed("poll");
    if (waiting[1].revents) return base::fail("cancelled");
    if (n > 0 && waiting[0].revents) return {};
  }
}

base::result<void> client::state::connect_to(int family, const sockaddr* address, socklen_t size) {
  connection = sys::descriptor{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!connection) return failed("socket");
  if (::connect(connection.get(), address, size) == 0) return {};
  if (errno != EINPROGRESS) return failed("cannot connect");
  MDLC_CHECK(wait(POLLOUT));
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(connection.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
    errno = error;
    return failed("cannot connect");
  }
  return {};
}

base::result<void> client::state::connect_unix() {
  const sys::descriptor folder{open(socket.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) return failed("cannot connect");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto short_path = fmt::format("/proc/self/fd/{}/{}", folder.get(), socket.filename().string());
  if (short_path.size() >= sizeof address.sun_path) return base::fail("the socket's name is too long");
  std::memcpy(address.sun_path, short_path.c_str(), short_path.size() + 1);
  return connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

base::result<void> client::state::connect_tcp() {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found); error != 0)
    return base::fail(fmt::format("{}: {}", host, gai_strerror(error)));
  base::result<void> connected = base::fail("no address");
  for (auto* at = found; at && !connected; at = at->ai_next)
    connected = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen);
  freeaddrinfo(found);
  if (connected) {
    const int yes = 1;
    setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  return connected;
}

base::result<void> client::state::connect() {
  is_reused = static_cast<bool>(connection);
  if (is_reused) return {};
  auto connected = socket.empty() ? connect_tcp() : connect_unix();
  if (!connected) connection = {};
  return connected;
}

base::result<void> client::state::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) {
      bytes.remove_prefix(static_cast<size_t>(put));
    } else if (errno == EAGAIN) {
      MDLC_CHECK(wait(POLLOUT));
    } else if (errno != EINTR) {
      return failed("the connection broke");
    }
  }
  return {};
}

base::result<response> client::state::read(bool is_head, size_t limit) {
  namespace beast = boost::beast::http;
  beast::response_parser<beast::string_body> parser;
  parser.header_limit(head_bytes_max);
  parser.body_limit(limit);
  parser.eager(true);
  parser.skip(is_head);
  std::string pending;
  boost::system::error_code error;
  while (!parser.is_done()) {
    MDLC_CHECK(wait(POLLIN));
    const size_t before = pending.size();
    pending.resize(before + read_bytes);
    const ssize_t got = recv(connection.get(), pending.data() + before, read_bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      pending.resize(before);
      continue;
    }
    if (got < 0) return failed("the connection broke");
    pending.resize(before + static_cast<size_t>(got));
    if (got == 0) {
      parser.put_eof(error);
      if (error || !parser.is_done())
        return base::fail("the server closed the connection before its answer was complete");
      break;
    }
    heard = true;
    const size_t used = parser.put(boost::asio::buffer(pending), error);
    if (error == beast::error::need_more) error = {};
    if (error == beast::error::body_limit) return base::fail("the answer is too large");
    if (error) return base::fail(fmt::format("the answer is not HTTP: {}", error.message()));
    pending.erase(0, used);
  }
  auto message = parser.release();
  response r;
  r.status = static_cast<int>(message.result_int());
  for (const auto& field : message) r.headers.add(std::string{field.name_string()}, std::string{field.value()});
  r.body = std::move(message.body());
  if (!message.keep_alive()) connection = {};
  return r;
}

base::result<response> client::state::exchange(const std::string& head, std::string_view body, bool is_head,
                                               size_t limit) {
  MDLC_CHECK(connect());
  MDLC_CHECK(write_all(head));
  // A server may refuse while we still write: then its answer is what counts.
  auto written = write_all(body);
  auto answer = read(is_head, limit);
  return answer || written ? answer : tl::unexpected(written.error());
}

client::client(std::unique_ptr<state> s) : state_(std::move(s)) {}
client::client(client&&) noexcept = default;
client::~client() = default;

client client::to_unix(const sys::path& socket) {
  auto s = std::make_unique<state>();
  s->socket = socket;
  return client{std::move(s)};
}

client client::to_tcp(const std::string& host, uint16_t port) {
  auto s = std::make_unique<state>();
  s->host = host;
  s->port = port;
  return client{std::move(s)};
}

base::result<response> client::send(const request_head& request, std::string_view body, int64_t timeout_ms,
                                    size_t response_bytes) {
  auto& s = *state_;
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  if (!request.headers.has("Host"))
    head += fmt::format("Host: {}\r\n", s.socket.empty() ? fmt::format("{}:{}", s.host, s.port) : "localhost");
  for (const auto& [name, value] : request.headers) head += fmt::format("{}: {}\r\n", name, value);
  if (!body.empty() || (request.method != "GET" && request.method != "HEAD"))
    head += fmt::format("Content-Length: {}\r\n", body.size());
  head += "\r\n";
  s.deadline_ms = monotonic_ms() + timeout_ms;
  s.heard = false;
  auto answer = s.exchange(head, body, request.method == "HEAD", response_bytes);
  if (!answer) {
    s.connection = {};
    // The kept connection may have been closed while it lay idle; a server that closes so has not read the request.
    if (s.is_reused && !s.heard && monotonic_ms() < s.deadline_ms)
      answer = s.exchange(head, body, request.method == "HEAD", response_bytes);
    if (!answer) s.connection = {};
  }
  return answer;
}

void client::cancel() {
  const uint64_t one = 1;
  if (write(state_->bell.get(), &one, sizeof one) < 0) return;
}

}  // namespace mdlc::http
