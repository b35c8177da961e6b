// Tasks of activities that wait for a worker, and workers that wait for a task. In memory: what waits is open in an
// execution's journal, and is put here again after a restart.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "engine/procedure.h"
#include "sys/env.h"
#include "sys/timers.h"

namespace mdlc::services::states {

struct activity_task {
  std::string uid;  // the execution's
  engine::command_id id;
  std::string token;
  std::string input;
};

class activities {
 public:
  // How long a worker is kept waiting, as on AWS.
  static constexpr std::chrono::seconds poll_time{60};
  // Called once, with a task or, when the time is over, without.
  using worker = std::function<void(std::optional<activity_task>)>;

  activities(sys::env& e, sys::timers& t) : env_(e), timers_(t) {}

  // All thread-safe. A worker is called on the caller's thread, or on the timers'.
  void add(const std::string& arn, activity_task);
  void remove(const std::string& uid, const engine::command_id&);
  void take(const std::string& arn, worker);
  void release_all();  // the server stops: every worker goes without

 private:
  struct waiting_worker {
    uint64_t number;
    worker call;
    sys::timers::id timer;
  };
  void give_up(const std::string& arn, uint64_t number);

  sys::env& env_;
  sys::timers& timers_;
  std::mutex mutex_;
  uint64_t next_ = 1;
  std::map<std::string, std::deque<activity_task>> tasks_;
  std::map<std::string, std::deque<waiting_worker>> workers_;
};

}  // namespace mdlc::services::states
