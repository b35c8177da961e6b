#include "sys/timers.h"

namespace mdlc::sys {

timers::timers(env& e) : env_(e), thread_([this] { run(); }) {}

timers::~timers() { stop(); }

timers::id timers::at(base::time_point due, std::function<void()> callback) {
  std::lock_guard lock{mutex_};
  id made = next_++;
  due_.emplace(std::pair{due, made}, std::move(callback));
  when_.emplace(made, due);
  wake_.notify_one();
  return made;
}

bool timers::cancel(id which) {
  std::lock_guard lock{mutex_};
  auto found = when_.find(which);
  if (found == when_.end()) return false;
  due_.erase({found->second, which});
  when_.erase(found);
  return true;
}

void timers::stop() {
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
    due_.clear();
    when_.clear();
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void timers::run() {
  // The wall clock may jump; a bounded sleep notices within a second.
  constexpr std::chrono::milliseconds longest_sleep{1000};
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (due_.empty()) {
      wake_.wait(lock);
      continue;
    }
    auto first = due_.begin();
    auto left = first->first.first - env_.now();
    if (left.count() > 0) {
      wake_.wait_for(lock, std::min(left, longest_sleep));
      continue;
    }
    auto callback = std::move(first->second);
    when_.erase(first->first.second);
    due_.erase(first);
    lock.unlock();
    callback();
    callback = nullptr;
    lock.lock();
  }
}

}  // namespace mdlc::sys
