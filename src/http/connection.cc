#include "http/connection.h"

#include <atomic>
#include <optional>

#include <sys/socket.h>
#include <unistd.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "base/log.h"
#include "base/time.h"

namespace mdlc::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace {

constexpr size_t memory_chunk_bytes = 64 * 1024;
constexpr size_t stream_chunk_bytes = 256 * 1024;
// What is read and thrown away so that a client that still sends comes to read its answer.
constexpr size_t linger_bytes = 16 * 1024 * 1024;
constexpr int64_t linger_ms = 5'000;

// Field values come from services; a line break in one would be a field of its own.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += "\r\n";
}

int64_t body_length(const reply& r) {
  if (auto* text = std::get_if<std::string>(&r.body)) return static_cast<int64_t>(text->size());
  return std::get<file_part>(r.body).count;
}

bool has_body(int status, bool to_head) { return !to_head && status != 204 && status != 304 && status >= 200; }

std::string print_head(const reply& r, bool to_head, bool close, bool old_client) {
  auto out = fmt::format("HTTP/1.1 {} {}\r\n", r.status, reason_phrase(r.status));
  for (const auto& [name, value] : r.headers) append_field(out, name, value);
  if (!r.headers.has("Date"))
    append_field(out, "Date",
                 base::to_http_date(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())));
  if (r.status != 204 && r.status != 304)
    append_field(out, "Content-Length", std::to_string(to_head && r.head_length >= 0 ? r.head_length : body_length(r)));
  if (close)
    append_field(out, "Connection", "close");
  else if (old_client)
    append_field(out, "Connection", "keep-alive");
  return out += "\r\n";
}

}  // namespace

// All members are touched on the socket's strand only, except where a pool thread has the chunk for a sink or a file.
class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(std::shared_ptr<server::state> server, stream_socket socket)
      : server_(std::move(server)), socket_(std::move(socket)), timer_(socket_.get_executor()) {
    std::lock_guard lock{server_->mutex};
    server_->open.insert(this);
    close_after_ = server_->stopping;
  }
  ~connection();

  void start() {
    run([self = shared_from_this()] { self->next_request(); });
  }
  void close_when_idle(bool now);

  // What an exchange asks for, on any thread.
  template <class F>
  void run(F f) {
    asio::post(socket_.get_executor(), std::move(f));
  }
  void read_body(size_t limit, std::function<void(body_end, std::string)> done);
  void stream_body(std::shared_ptr<body_sink>, std::function<void(body_end)> done);
  void answer(reply);
  void when_gone(std::function<void()>);

 private:
  using parser = beast::http::request_parser<beast::http::buffer_body>;
  using body_read = std::function<void(error_code, std::string_view)>;

  void next_request();
  void read_head();
  void got_head(error_code);
  void refuse(int status, std::string_view why);
  void then_continue(std::function<void(error_code)>);
  void fill_chunk(size_t limit, body_read);
  void read_more(size_t limit, size_t filled, body_read);
  void more_to_memory(size_t limit, std::shared_ptr<std::string>, std::function<void(body_end, std::string)>);
  void more_to_sink(std::shared_ptr<body_sink>, std::function<void(body_end)>);
  void watch();
  void write_reply();
  void write_file(int64_t offset, int64_t left);
  void answered(error_code);
  void linger(size_t left);
  void arm(int64_t ms);
  void close();

  std::shared_ptr<server::state> server_;
  stream_socket socket_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<parser> parser_;
  std::string chunk_;
  std::string out_;
  reply reply_;
  std::function<void()> gone_call_;
  bool to_head_ = false;
  bool old_client_ = false;  // HTTP/1.0
  bool in_exchange_ = false;
  bool answering_ = false;
  bool reading_ = false;   // a read of the body is under way
  bool watching_ = false;  // for the client's going
  bool gone_ = false;
  bool close_after_ = false;
  uint64_t armed_ = 0;
};

namespace {

class exchange_on : public exchange {
 public:
  exchange_on(std::shared_ptr<connection> c, request_head head, int64_t length)
      : connection_(std::move(c)), head_(std::move(head)), length_(length) {}
  ~exchange_on() override {
    if (!answered_.exchange(true)) send({500, {}, std::string{}});
  }

  const request_head& head() const override { return head_; }
  int64_t announced_length() const override { return length_; }
  void read_body(size_t limit, std::function<void(body_end, std::string)> done) override {
    connection_->run(
        [c = connection_, limit, done = std::move(done)]() mutable { c->read_body(limit, std::move(done)); });
  }
  void stream_body(std::shared_ptr<body_sink> sink, std::function<void(body_end)> done) override {
    connection_->run([c = connection_, sink = std::move(sink), done = std::move(done)]() mutable {
      c->stream_body(std::move(sink), std::move(done));
    });
  }
  void answer(reply r) override {
    if (!answered_.exchange(true)) send(std::move(r));
  }
  void when_gone(std::function<void()> gone) override {
    connection_->run([c = connection_, gone = std::move(gone)]() mutable { c->when_gone(std::move(gone)); });
  }

 private:
  void send(reply r) {
    connection_->run([c = connection_, r = std::move(r)]() mutable { c->answer(std::move(r)); });
  }

  std::shared_ptr<connection> connection_;
  const request_head head_;
  const int64_t length_;
  std::atomic<bool> answered_ = false;
};

}  // namespace

connection::~connection() {
  std::vector<std::function<void()>> waiting;
  {
    std::lock_guard lock{server_->mutex};
    server_->open.erase(this);
    waiting.swap(server_->paused);
  }
  server_->changed.notify_all();
  for (auto& accept : waiting) accept();
}

void connection::close_when_idle(bool now) {
  run([self = shared_from_this(), now] {
    self->close_after_ = true;
    if (now || !self->in_exchange_) self->close();
  });
}

void connection::close() {
  ++armed_;
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

// One timer a connection: re-arming it makes the earlier expiry void. 0 disarms.
void connection::arm(int64_t ms) {
  auto mine = ++armed_;
  timer_.cancel();
  if (ms == 0) return;
  timer_.expires_after(std::chrono::milliseconds{ms});
  timer_.async_wait([self = shared_from_this(), mine](error_code) {
    if (mine == self->armed_) self->close();
  });
}

void connection::next_request() {
  in_exchange_ = answering_ = gone_ = false;
  gone_call_ = nullptr;
  chunk_.clear();
  if (chunk_.capacity() > memory_chunk_bytes) chunk_.shrink_to_fit();
  if (close_after_) return close();
  if (buffer_.size() > 0) return read_head();
  buffer_.shrink_to_fit();
  arm(server_->limits.idle_timeout_ms);
  socket_.async_wait(stream_socket::wait_read, [self = shared_from_this()](error_code error) {
    if (error) return self->close();
    self->read_head();
  });
}

void connection::read_head() {
  arm(server_->limits.head_timeout_ms);
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(server_->limits.head_bytes));
  parser_->body_limit(boost::none);
  beast::http::async_read_header(socket_, buffer_, *parser_,
                                 [self = shared_from_this()](error_code error, size_t size) {
                                   // The parser's own limit stops reading; what came whole in one piece is not
                                   // measured against it.
                                   if (!error && size > self->server_->limits.head_bytes)
                                     error = beast::http::error::header_limit;
                                   self->got_head(error);
                                 });
}

void connection::got_head(error_code error) {
  if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow)
    return refuse(431, "the request's head is too large");
  if (error && error.category() == beast::http::make_error_code(beast::http::error::bad_method).category() &&
      error != beast::http::error::end_of_stream && error != beast::http::error::partial_message)
    return refuse(400, "this is no HTTP/1.1 request");
  if (error) return close();
  arm(0);
  const auto& message = parser_->get();
  request_head head{std::string{message.method_string()}, std::string{message.target()}, {}};
  for (const auto& field : message) head.headers.add(std::string{field.name_string()}, std::string{field.value()});
  to_head_ = head.method == "HEAD";
  old_client_ = message.version() < 11;
  auto length = parser_->content_length();
  in_exchange_ = true;
  int64_t announced = parser_->chunked() ? -1 : length ? static_cast<int64_t>(*length) : 0;
  auto opened = std::make_shared<exchange_on>(shared_from_this(), std::move(head), announced);
  try {
    server_->handle(std::move(opened));
  } catch (const std::exception& e) {
    base::log::error("a request handler threw: {}", e.what());
  }
}

// Before there is an exchange: no service is known, so there is no protocol to answer in.
void connection::refuse(int status, std::string_view why) {
  in_exchange_ = true;
  close_after_ = true;
  to_head_ = old_client_ = false;
  answer({status, {{"Content-Type", "text/plain"}}, std::string{why} + "\n"});
}

void connection::then_continue(std::function<void(error_code)> next) {
  if (!beast::iequals(parser_->get()[beast::http::field::expect], "100-continue") || parser_->is_done() ||
      buffer_.size() > 0)
    return next({});
  static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
  arm(server_->limits.stall_timeout_ms);
  asio::async_write(socket_, asio::buffer(line),
                    [self = shared_from_this(), next = std::move(next)](error_code error, size_t) { next(error); });
}

// Reads up to `limit` bytes of the body into chunk_; fewer only at its end.
void connection::fill_chunk(size_t limit, body_read then) {
  chunk_.resize(limit);
  read_more(limit, 0, std::move(then));
}

void connection::read_more(size_t limit, size_t filled, body_read then) {
  if (parser_->is_done() || filled == limit) return then({}, std::string_view{chunk_}.substr(0, filled));
  arm(server_->limits.stall_timeout_ms);
  reading_ = true;
  auto& body = parser_->get().body();
  body.data = chunk_.data() + filled;
  body.size = limit - filled;
  beast::http::async_read_some(
      socket_, buffer_, *parser_,
      [self = shared_from_this(), limit, filled, then = std::move(then)](error_code error, size_t) mutable {
        self->reading_ = false;
        self->arm(0);
        if (error == beast::http::error::need_buffer) error = {};
        if (error) return then(error, {});
        size_t got = (limit - filled) - self->parser_->get().body().size;
        self->read_more(limit, filled + got, std::move(then));
      });
}

void connection::read_body(size_t limit, std::function<void(body_end, std::string)> done) {
  auto length = parser_->content_length();
  if (length && *length > limit) return done({body_end::how::too_large}, {});
  then_continue([this, self = shared_from_this(), limit, done = std::move(done)](error_code error) mutable {
    if (error) return done({body_end::how::broken}, {});
    more_to_memory(limit, std::make_shared<std::string>(), std::move(done));
  });
}

void connection::more_to_memory(size_t limit, std::shared_ptr<std::string> body,
                                std::function<void(body_end, std::string)> done) {
  if (parser_->is_done()) return done({}, std::move(*body));
  auto rest = parser_->content_length_remaining();
  size_t size = rest ? std::min<size_t>(*rest, memory_chunk_bytes) : memory_chunk_bytes;
  fill_chunk(std::max<size_t>(size, 1),
             [this, limit, body, done = std::move(done)](error_code error, std::string_view bytes) mutable {
               if (error) return done({body_end::how::broken}, {});
               if (body->size() + bytes.size() > limit) return done({body_end::how::too_large}, {});
               body->append(bytes);
               more_to_memory(limit, std::move(body), std::move(done));
             });
}

void connection::stream_body(std::shared_ptr<body_sink> sink, std::function<void(body_end)> done) {
  then_continue(
      [this, self = shared_from_this(), sink = std::move(sink), done = std::move(done)](error_code error) mutable {
        if (error) return server_->pool.post([done = std::move(done)] { done({body_end::how::broken}); });
        more_to_sink(std::move(sink), std::move(done));
      });
}

void connection::more_to_sink(std::shared_ptr<body_sink> sink, std::function<void(body_end)> done) {
  auto rest = parser_->content_length_remaining();
  size_t size = rest ? std::min<size_t>(*rest, stream_chunk_bytes) : stream_chunk_bytes;
  fill_chunk(std::max<size_t>(size, 1),
             [this, sink = std::move(sink), done = std::move(done)](error_code error, std::string_view bytes) mutable {
               bool last = error || parser_->is_done();
               server_->pool.post([self = shared_from_this(), sink = std::move(sink), done = std::move(done), bytes,
                                   last, broken = bool{error}] {
                 if (broken) return done({body_end::how::broken});
                 if (!bytes.empty())
                   if (auto written = sink->write(bytes); !written)
                     return done({body_end::how::sink_failed, written.error().message});
                 if (last) return done({});
                 self->run([self, sink, done] { self->more_to_sink(sink, done); });
               });
             });
}

void connection::when_gone(std::function<void()> call) {
  if (!in_exchange_ || answering_) return;
  if (gone_) return call();
  gone_call_ = std::move(call);
  watch();
}

void connection::watch() {
  if (watching_ || reading_ || !parser_->is_done() || buffer_.size() > 0) return;
  watching_ = true;
  socket_.async_wait(stream_socket::wait_read, [self = shared_from_this()](error_code error) {
    self->watching_ = false;
    if (error == asio::error::operation_aborted) return;
    char byte;
    // Bytes are the next request, sent ahead: such a client is there, and we cannot hear it go.
    if (!error && ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) return;
    self->gone_ = true;
    if (auto call = std::exchange(self->gone_call_, nullptr)) call();
  });
}

void connection::answer(reply r) {
  if (!in_exchange_ || answering_) return;
  answering_ = true;
  gone_call_ = nullptr;
  error_code ignored;
  if (watching_) socket_.cancel(ignored);
  if (gone_ || !socket_.is_open()) return close();
  reply_ = std::move(r);
  write_reply();
}

void connection::write_reply() {
  bool close = close_after_ || server_->stopping || !parser_->is_done() || !parser_->get().keep_alive();
  close_after_ = close;
  out_ = print_head(reply_, to_head_, close, old_client_);
  arm(server_->limits.stall_timeout_ms);
  auto* text = std::get_if<std::string>(&reply_.body);
  bool with_body = has_body(reply_.status, to_head_);
  std::array<asio::const_buffer, 2> parts{asio::buffer(out_), asio::const_buffer{}};
  if (text && with_body) parts[1] = asio::buffer(*text);
  asio::async_write(socket_, parts, [self = shared_from_this(), text, with_body](error_code error, size_t) {
    if (error || text || !with_body) return self->answered(error);
    const auto& file = std::get<file_part>(self->reply_.body);
    self->write_file(file.offset, file.count);
  });
}

// Files are read on the pool: a cold disk must not hold up the other sockets.
void connection::write_file(int64_t offset, int64_t left) {
  if (left == 0) return answered({});
  arm(0);
  server_->pool.post([self = shared_from_this(), offset, left] {
    auto size = std::min<int64_t>(left, stream_chunk_bytes);
    self->chunk_.resize(static_cast<size_t>(size));
    ssize_t got;
    do {
      got = ::pread(std::get<file_part>(self->reply_.body).fd, self->chunk_.data(), static_cast<size_t>(size), offset);
    } while (got < 0 && errno == EINTR);
    self->run([self, offset, left, got] {
      // The length is promised: a file that ends early can only be told by breaking off.
      if (got <= 0) return self->close();
      self->arm(self->server_->limits.stall_timeout_ms);
      asio::async_write(self->socket_, asio::buffer(self->chunk_.data(), static_cast<size_t>(got)),
                        [self, offset, left](error_code error, size_t sent) {
                          if (error) return self->answered(error);
                          self->write_file(offset + static_cast<int64_t>(sent), left - static_cast<int64_t>(sent));
                        });
    });
  });
}

void connection::answered(error_code error) {
  reply_ = {};
  if (error) return close();
  if (!close_after_) return next_request();
  if (reading_ || (parser_->is_done() && buffer_.size() == 0)) return close();
  // Closing with bytes unread would reset the connection, and the client might lose the answer.
  socket_.shutdown(stream_socket::shutdown_send, error);
  arm(linger_ms);
  chunk_.resize(memory_chunk_bytes);
  linger(linger_bytes);
}

void connection::linger(size_t left) {
  socket_.async_read_some(asio::buffer(chunk_), [self = shared_from_this(), left](error_code error, size_t got) {
    if (error || got >= left) return self->close();
    self->linger(left - got);
  });
}

void start_connection(std::shared_ptr<server::state> server, stream_socket socket) {
  std::make_shared<connection>(std::move(server), std::move(socket))->start();
}

void close_connections(server::state& server, bool now) {
  std::vector<std::shared_ptr<connection>> open;
  {
    std::lock_guard lock{server.mutex};
    for (auto* c : server.open)
      if (auto alive = c->weak_from_this().lock()) open.push_back(std::move(alive));
  }
  for (auto& c : open) c->close_when_idle(now);
}

}  // namespace mdlc::http
