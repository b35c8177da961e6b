// A process that runs a function, one invocation after the other: AWS's runtime interface client, confined, with a
// loopback listener of its own on which it asks for work. Its life is the fleet's (fleet.h).
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "http/server.h"
#include "runner/confine.h"
#include "services/lambda/invocation.h"
#include "services/lambda/log_writer.h"
#include "sys/timers.h"

namespace mdlc::services::lambda {

// What a worker printed, line by line into the log and the invocation's tail. Thread-safe.
class worker_output {
 public:
  worker_output(log_writer& logs, log_stream to) : logs_(logs), to_(std::move(to)) {}

  // From where it is read; not blocking.
  void open(sys::descriptor read_end);
  int fd() const { return from_.get(); }
  // Takes what is there now; false at the end.
  bool drain();
  // A line of ours, after what was printed so far.
  void say(std::string_view line);
  // Begins a new tail.
  void begin();
  // What was logged since begin(), the last log_tail_bytes of it.
  std::string tail();
  // The rest that was not ended by a newline becomes a line.
  void finish();

 private:
  void take(std::string_view bytes);
  void line(std::string_view);

  log_writer& logs_;
  const log_stream to_;
  std::mutex mutex_;
  sys::descriptor from_;
  std::string open_line_;
  std::string tail_;
};

// A plain record: all of it is guarded by the fleet's mutex, but for what is constant and `output`.
struct worker {
  enum class phase { starting, idle, busy, between, ending };
  // Why the server ended it, if it did.
  enum class cause { none, retired, timed_out, init_timed_out, stopped };

  worker(std::shared_ptr<const version> v, std::string id, log_writer& logs, log_stream to)
      : what(std::move(v)), id(std::move(id)), stream(to.name), output(logs, std::move(to)) {}

  const std::shared_ptr<const version> what;
  const std::string id;
  const std::string stream;
  worker_output output;

  phase at = phase::starting;
  cause ended_by = cause::none;
  std::optional<runner::process> process;
  std::unique_ptr<http::server> listener;
  std::shared_ptr<http::exchange> poll;  // the open `next`, while idle
  std::optional<invocation> current;     // while busy
  std::string request_id;                // while busy and between: of the invocation it was handed
  sys::timers::id deadline = 0;          // of the start or of that invocation; 0: none
  std::string init_error;                // what the runtime said of a start that failed
  bool was_used = false;
  base::time_point made_at, idle_since;
  int64_t spawned_ns = 0, ready_ns = 0, handed_ns = 0;
  int64_t peak_memory_bytes = 0;

  void kill(cause why) {
    if (ended_by == cause::none) ended_by = why;
    if (process) process->kill();
  }
};

// What the function finds in its environment and around it.
struct surroundings {
  std::string endpoint;  // the server's
  uint16_t runtime_port = 0;
  sys::path code;
  sys::path packages;
  std::string interpreter;
  std::string access_key, secret_key, session_token;
};
runner::program program_of(const version&, const log_stream&, const surroundings&);

std::string log_group_of(const version&);

}  // namespace mdlc::services::lambda
