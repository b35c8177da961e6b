// An HTTP/1.1 server on TCP and Unix sockets: keep-alive, Expect: 100-continue, bounded heads and bodies, bodies in
// memory or streamed, answers now or later. The only asynchronous code; what uses it is plain blocking code on a pool.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "sys/files.h"
#include "sys/thread_pool.h"

namespace mdlc::http {

// The threads that wait for sockets, shared by all servers of a process. Outlives them and their exchanges.
class loop {
 public:
  explicit loop(size_t threads = 1);
  ~loop();  // as stop()
  loop(const loop&) = delete;
  void stop();

  struct state;
  state& impl() { return *state_; }

 private:
  std::unique_ptr<state> state_;
};

struct limits {
  size_t head_bytes = 64 * 1024;      // request line and header fields
  size_t connections = 2048;          // more wait in the kernel's queue
  int64_t idle_timeout_ms = 120'000;  // between requests
  int64_t head_timeout_ms = 20'000;   // from a head's first byte to its last
  int64_t stall_timeout_ms = 60'000;  // without a byte of a body, either way
};

// Takes a request's body as it comes. Called on pool threads, one call at a time.
class body_sink {
 public:
  virtual ~body_sink() = default;
  // An error ends the transfer; it comes back in body_end::why.
  virtual base::result<void> write(std::string_view bytes) = 0;
};

struct body_end {
  enum class how { complete, too_large, sink_failed, broken };
  how end = how::complete;
  std::string why{};
};

// One request and its answer. Thread-safe. Dropped without an answer, it answers 500.
class exchange {
 public:
  virtual ~exchange() = default;
  virtual const request_head& head() const = 0;
  // From Content-Length; -1 where it is not known beforehand (chunked).
  virtual int64_t announced_length() const = 0;

  // Once, one of the two; a client that waits for 100 Continue gets it now. After anything but `complete` the
  // connection closes behind the answer; after `broken` nobody is there to read one.
  // `done` is called on a socket thread: be short, or post.
  virtual void read_body(size_t limit_bytes, std::function<void(body_end, std::string)> done) = 0;
  // `done` is called on a pool thread.
  virtual void stream_body(std::shared_ptr<body_sink>, std::function<void(body_end)> done) = 0;

  // Exactly once, from any thread; a second answer is dropped. Nothing happens where the client has gone.
  virtual void answer(reply) = 0;
  // `gone` is called at most once, on a socket thread, if the client closes before it has its answer.
  // Set it after the body is read. Called at once if that has happened already.
  virtual void when_gone(std::function<void()> gone) = 0;
};

// Called on a socket thread as soon as a head is there: be short, or post to the pool.
using handler = std::function<void(std::shared_ptr<exchange>)>;

class server {
 public:
  // `pool` runs the sinks and reads the files that are sent.
  server(loop&, sys::thread_pool& pool, handler, limits = {});
  ~server();  // as stop(0)
  server(const server&) = delete;

  // Any number of times. `host` is a numeric address or "localhost"; port 0 takes a free one. Returns the port.
  base::result<uint16_t> listen_tcp(const std::string& host, uint16_t port);
  base::result<void> listen_unix(const sys::path& socket);

  // Accepts nothing more, closes what is idle, waits at most `grace_ms` for open exchanges, then closes those too.
  void stop(int64_t grace_ms);

  struct state;

 private:
  std::shared_ptr<state> state_;
};

}  // namespace mdlc::http
