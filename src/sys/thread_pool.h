// A bounded pool of threads for plain blocking code. No task may wait for what another request must deliver.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mdlc::sys {

class thread_pool {
 public:
  explicit thread_pool(size_t threads);
  ~thread_pool();  // as stop()
  thread_pool(const thread_pool&) = delete;

  // Queues `task`; tasks posted after stop() are dropped. Thread-safe.
  void post(std::function<void()> task);
  // Waits for the running tasks, drops the queued ones. Idempotent.
  void stop();
  size_t threads() const { return count_; }

 private:
  void run();

  const size_t count_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace mdlc::sys
