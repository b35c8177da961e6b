// Calls back at a time. One thread, a heap; callbacks must be short (post to a pool).
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/time.h"
#include "sys/env.h"

namespace mdlc::sys {

class timers {
 public:
  using id = uint64_t;

  explicit timers(env&);
  ~timers();  // as stop()
  timers(const timers&) = delete;

  // `callback` runs once, at or soon after `due`, on the timers' thread. Thread-safe.
  id at(base::time_point due, std::function<void()> callback);
  // After it returns the callback will not start; false if it has started, ended or never was.
  bool cancel(id);
  void stop();

 private:
  void run();

  env& env_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::pair<base::time_point, id>, std::function<void()>> due_;
  std::map<id, base::time_point> when_;
  id next_ = 1;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mdlc::sys
