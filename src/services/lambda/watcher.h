// One thread that waits for what workers print and for their end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "sys/files.h"

namespace mdlc::services::lambda {

class watcher {
 public:
  watcher();
  ~watcher();  // as stop()
  watcher(const watcher&) = delete;

  // Calls `readable` whenever there is something at `fd`, until it returns false; on the watcher's thread: be short. It
  // may be called with nothing there. The descriptor must stay open until then: let `readable` own it. Thread-safe.
  void watch(int fd, std::function<bool()> readable);
  // Calls nothing any more once it returns. Not from a callback.
  void stop();

 private:
  void run();

  sys::descriptor epoll_, bell_;
  std::mutex mutex_;
  std::map<int, std::function<bool()>> watched_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mdlc::services::lambda
