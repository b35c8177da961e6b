#include "services/sagemaker/queue.h"

#include "base/log.h"
#include "services/sagemaker/run.h"
#include "services/sagemaker/service.h"

namespace mdlc::services::sagemaker {

control::guard::~guard() {
  if (!control_) return;
  std::lock_guard lock{control_->mutex_};
  control_->wake_ = {};
}

control::guard control::on_wake(std::function<void()> wake) {
  std::lock_guard lock{mutex_};
  wake_ = std::move(wake);
  if (wants_attention()) wake_();
  return guard{*this};
}

void control::ask_to_stop() {
  stop_asked_ = true;
  std::lock_guard lock{mutex_};
  if (wake_) wake_();
}

void control::shut_down() {
  shutting_down_ = true;
  std::lock_guard lock{mutex_};
  if (wake_) wake_();
}

queue::queue(service& s) : service_(s), threads_(std::max(1u, std::thread::hardware_concurrency())) {}

void queue::submit(const job_key& key) {
  {
    std::lock_guard lock{mutex_};
    ++waiting_;
  }
  threads_.post([this, key] { carry(key); });
}

bool queue::is_full() {
  std::lock_guard lock{mutex_};
  return running_.size() + waiting_ >= threads_.threads();
}

void queue::carry(const job_key& key) {
  auto steering = std::make_shared<control>();
  {
    std::lock_guard lock{mutex_};
    --waiting_;
    if (stopping_) return;
    running_[key] = steering;
  }
  carry_guarded(key, *steering);
  std::lock_guard lock{mutex_};
  running_.erase(key);
}

void queue::carry_guarded(const job_key& key, control& steering) {
  try {
    run_job(service_, key, steering);
  } catch (const std::exception& e) {
    // The row says where it was; the next start takes it up there.
    base::log::error("sagemaker: the job {} is left as it is: {}", key.arn(), e.what());
  }
}

void queue::ask_to_stop(const job_key& key) {
  std::shared_ptr<control> steering;
  {
    std::lock_guard lock{mutex_};
    if (auto found = running_.find(key); found != running_.end()) steering = found->second;
  }
  if (steering) steering->ask_to_stop();
}

void queue::stop() {
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
    for (auto& [key, steering] : running_) steering->shut_down();
  }
  threads_.stop();
}

}  // namespace mdlc::services::sagemaker
