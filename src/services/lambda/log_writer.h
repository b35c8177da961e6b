// Carries what functions print, and when things happened, to the database: gathered for a moment, then written together
// on the pool, out of the way of the invocations.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "api/host.h"

namespace mdlc::services::lambda {

// A row of lambda_stamps. For measuring; nothing else reads them. Times are nanoseconds since 1970.
//
//   an invocation   request_id set; begun_ns: it was handed to the worker; ended_ns: the worker's answer was there
//   a worker        request_id null; begun_ns: its process was about to be started; ended_ns: it asked for its first
//                   invocation
struct stamp {
  base::scope scope;
  std::string name;
  std::string version;
  std::string worker;
  std::string request_id;  // empty: null
  int64_t begun_ns = 0;
  int64_t ended_ns = 0;
};
inline constexpr int64_t stamps_kept = 200'000;  // the newest

struct log_stream {
  base::scope scope;
  std::string group;
  std::string name;
  auto operator<=>(const log_stream&) const = default;
};

inline constexpr int64_t log_delay_ms = 100;
inline constexpr size_t log_event_bytes_max = 200'000;     // a longer line is cut into several
inline constexpr size_t log_waiting_bytes_max = 32 << 20;  // what comes while so much waits is dropped, and counted

// Thread-safe.
class log_writer {
 public:
  explicit log_writer(api::host&);

  void add(const log_stream&, std::string_view message);
  void add(stamp);
  // Returns once all that was added before is written. Not on the writer's thread.
  void flush();

 private:
  struct event {
    int64_t ms;
    std::string message;
  };
  struct batch {
    std::map<log_stream, std::vector<event>> events;
    std::vector<stamp> stamps;
    size_t bytes = 0;
    int64_t dropped = 0;
  };

  void schedule();
  void write(batch);
  void put(const log_stream&, std::vector<event>);
  api::answer<json::value> call(const base::scope&, std::string_view operation, json::object input);
  void write_stamps(const std::vector<stamp>&);

  api::host& host_;
  std::mutex mutex_;
  batch waiting_;
  bool scheduled_ = false;
  std::mutex writing_;  // one batch after the other
};

int64_t now_ns();

}  // namespace mdlc::services::lambda
