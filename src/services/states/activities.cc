#include "services/states/activities.h"

#include <algorithm>

namespace mdlc::services::states {

void activities::add(const std::string& arn, activity_task t) {
  worker call;
  {
    std::lock_guard lock{mutex_};
    auto& waiting = workers_[arn];
    if (waiting.empty()) {
      tasks_[arn].push_back(std::move(t));
      return;
    }
    timers_.cancel(waiting.front().timer);
    call = std::move(waiting.front().call);
    waiting.pop_front();
  }
  call(std::move(t));
}

void activities::remove(const std::string& uid, const engine::command_id& id) {
  std::lock_guard lock{mutex_};
  for (auto& [arn, tasks] : tasks_)
    std::erase_if(tasks, [&](const activity_task& t) { return t.uid == uid && t.id == id; });
}

void activities::take(const std::string& arn, worker call) {
  activity_task next;
  {
    std::lock_guard lock{mutex_};
    auto& tasks = tasks_[arn];
    if (tasks.empty()) {
      auto number = next_++;
      auto timer = timers_.at(env_.now() + poll_time, [this, arn, number] { give_up(arn, number); });
      workers_[arn].push_back({number, std::move(call), timer});
      return;
    }
    next = std::move(tasks.front());
    tasks.pop_front();
  }
  call(std::move(next));
}

void activities::give_up(const std::string& arn, uint64_t number) {
  worker call;
  {
    std::lock_guard lock{mutex_};
    auto& waiting = workers_[arn];
    auto found = std::find_if(waiting.begin(), waiting.end(), [&](const auto& w) { return w.number == number; });
    if (found == waiting.end()) return;
    call = std::move(found->call);
    waiting.erase(found);
  }
  call({});
}

void activities::release_all() {
  std::map<std::string, std::deque<waiting_worker>> all;
  {
    std::lock_guard lock{mutex_};
    all.swap(workers_);
  }
  for (auto& [arn, waiting] : all) {
    for (auto& w : waiting) {
      timers_.cancel(w.timer);
      w.call({});
    }
  }
}

}  // namespace mdlc::services::states
