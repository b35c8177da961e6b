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

namespace beast = boost::beast::http;

constexpr size_t read_bytes = 64 * 1024;
constexpr size_t head_bytes_max = 64 * 1024;

int64_t monotonic_ms() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

auto failed(std::string_view what) { return base::fail(fmt::format("{}: {}", what, std::strerror(errno))); }

// What is still to be written of a request.
struct outgoing {
  std::vector<std::string_view> parts;
  const client::source* more = nullptr;  // what comes behind the parts, in chunks
  bool at_end = true;
  std::string chunk_head{};
  std::optional<base::error> failure{};  // of the connection, while there was more to write

  base::result<void> next() {
    MDLC_TRY(const auto piece, (*more)());
    at_end = piece.empty();
    if (at_end)
      parts = {"0\r\n\r\n"};
    else
      parts = {chunk_head = fmt::format("{:x}\r\n", piece.size()), piece, "\r\n"};
    return {};
  }
  tl::unexpected<base::error> broke(tl::unexpected<base::error> why) {
    failure = why.value();
    return why;
  }
};

// What has come of an answer.
struct incoming {
  incoming(size_t limit, const client::sink* to) : to(to) {
    parser.header_limit(head_bytes_max);
    parser.body_limit(to ? boost::optional<uint64_t>{} : limit);
    parser.eager(true);
  }
  base::result<void> pass_on() {
    auto& body = parser.get().body();
    if (to && parser.is_header_done() && parser.get().result_int() / 100 == 2) {
      if (!body.empty()) MDLC_CHECK((*to)(body));
      body.clear();
    }
    if (to && body.size() > default_response_bytes) return base::fail("the answer is too large");
    return {};
  }

  beast::response_parser<beast::string_body> parser;
  std::string pending;
  const client::sink* to;  // may be null
};

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

  base::result<short> wait(short events);
  base::result<void> connect();
  base::result<void> connect_to(int family, const sockaddr* address, socklen_t size);
  base::result<void> connect_unix();
  base::result<void> connect_tcp();
  base::result<bool> write_some(outgoing&);
  base::result<bool> read_some(incoming&);
  base::result<response> exchange(outgoing&, bool is_head, size_t limit, const sink* to = nullptr);
  std::string head_of(const request_head&) const;
};

base::result<short> client::state::wait(short events) {
  pollfd waiting[] = {{connection.get(), events, 0}, {bell.get(), POLLIN, 0}};
  while (true) {
    const int64_t left_ms = deadline_ms - monotonic_ms();
    if (left_ms <= 0) return base::fail("the server did not answer in time");
    const int n = poll(waiting, 2, static_cast<int>(std::min<int64_t>(left_ms, 60'000)));
    if (n < 0 && errno != EINTR) return failed("poll");
    if (waiting[1].revents) return base::fail("cancelled");
    if (n > 0 && waiting[0].revents) return waiting[0].revents;
  }
}

base::result<void> client::state::connect_to(int family, const sockaddr* address, socklen_t size) {
  connection = sys::descriptor{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!connection) return failed("socket");
  if (::connect(connection.get(), address, size) == 0) return {};
  if (errno != EINPROGRESS) return failed("cannot connect");
  if (auto ready = wait(POLLOUT); !ready) return tl::unexpected(ready.error());
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

// Writes until the kernel takes no more. True while there is more to write.
base::result<bool> client::state::write_some(outgoing& out) {
  while (true) {
    while (!out.parts.empty() && out.parts.front().empty()) out.parts.erase(out.parts.begin());
    if (out.parts.empty()) {
      if (out.at_end) return false;
      MDLC_CHECK(out.next());
      continue;
    }
    auto& part = out.parts.front();
    const ssize_t put = ::send(connection.get(), part.data(), part.size(), MSG_NOSIGNAL);
    if (put >= 0)
      part.remove_prefix(static_cast<size_t>(put));
    else if (errno == EAGAIN)
      return true;
    else if (errno != EINTR)
      return out.broke(failed("the connection broke"));
  }
}

// Reads what is there. True when the answer is complete.
base::result<bool> client::state::read_some(incoming& in) {
  boost::system::error_code error;
  const size_t before = in.pending.size();
  in.pending.resize(before + read_bytes);
  const ssize_t got = recv(connection.get(), in.pending.data() + before, read_bytes, 0);
  in.pending.resize(before + (got > 0 ? static_cast<size_t>(got) : 0));
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return false;
    return failed("the connection broke");
  }
  if (got == 0) {
    if (in.parser.got_some()) in.parser.put_eof(error);
    if (error || !in.parser.is_done())
      return base::fail("the server closed the connection before its answer was complete");
    return true;
  }
  heard = true;
  const size_t used = in.parser.put(boost::asio::buffer(in.pending), error);
  if (error == beast::error::need_more) error = {};
  if (error == beast::error::body_limit) return base::fail("the answer is too large");
  if (error) return base::fail(fmt::format("the answer is not HTTP: {}", error.message()));
  in.pending.erase(0, used);
  MDLC_CHECK(in.pass_on());
  return in.parser.is_done();
}

base::result<response> client::state::exchange(outgoing& out, bool is_head, size_t limit, const sink* to) {
  MDLC_CHECK(connect());
  incoming in{limit, to};
  in.parser.skip(is_head);
  bool writes = true;
  while (true) {
    if (writes) {
      auto more = write_some(out);
      // A server may have refused and closed while we still wrote: then its answer is what counts.
      if (!more && !out.failure) return tl::unexpected(more.error());
      writes = more && *more;
    }
    auto ready = wait(static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN));
    if (!ready) return tl::unexpected(ready.error());
    if ((*ready & ~POLLOUT) == 0) continue;
    auto done = read_some(in);
    if (!done) return tl::unexpected(out.failure.value_or(done.error()));
    if (*done) break;
  }
  auto message = in.parser.release();
  response r;
  r.status = static_cast<int>(message.result_int());
  for (const auto& field : message) r.headers.add(std::string{field.name_string()}, std::string{field.value()});
  r.body = std::move(message.body());
  if (!message.keep_alive() || writes || out.failure) connection = {};
  return r;
}

std::string client::state::head_of(const request_head& request) const {
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  if (!request.headers.has("Host"))
    head += fmt::format("Host: {}\r\n", socket.empty() ? fmt::format("{}:{}", host, port) : "localhost");
  for (const auto& [name, value] : request.headers) head += fmt::format("{}: {}\r\n", name, value);
  return head;
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
  const bool is_head = request.method == "HEAD";
  std::string head = s.head_of(request);
  if (!body.empty() || (request.method != "GET" && !is_head))
    head += fmt::format("Content-Length: {}\r\n", body.size());
  head += "\r\n";
  s.deadline_ms = monotonic_ms() + timeout_ms;
  s.heard = false;
  const auto exchanged = [&] {
    outgoing out{{head, body}};
    auto answer = s.exchange(out, is_head, response_bytes);
    if (!answer) s.connection = {};
    return answer;
  };
  auto answer = exchanged();
  // The kept connection may have been closed while it lay idle; a server that closes so has not read the request.
  if (!answer && s.is_reused && !s.heard && monotonic_ms() < s.deadline_ms) return exchanged();
  return answer;
}

base::result<response> client::send_streamed(const request_head& request, const source& body, const sink& to,
                                             int64_t timeout_ms) {
  auto& s = *state_;
  const auto head = s.head_of(request) + "Transfer-Encoding: chunked\r\n\r\n";
  s.connection = {};
  s.deadline_ms = monotonic_ms() + timeout_ms;
  s.heard = false;
  outgoing out{{head}};
  out.more = &body;
  out.at_end = false;
  auto answer = s.exchange(out, false, default_response_bytes, &to);
  s.connection = {};
  return answer;
}

void client::cancel() {
  const uint64_t one = 1;
  if (write(state_->bell.get(), &one, sizeof one) < 0) return;
}

}  // namespace mdlc::http
