#include "sys/thread_pool.h"

namespace mdlc::sys {

thread_pool::thread_pool(size_t threads) : count_(threads) {
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

thread_pool::~thread_pool() { stop(); }

void thread_pool::post(std::function<void()> task) {
  {
    std::lock_guard lock{mutex_};
    if (stopping_) return;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void thread_pool::stop() {
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
    tasks_.clear();
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void thread_pool::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it captured ends outside the lock
    lock.lock();
  }
}

}  // namespace mdlc::sys
