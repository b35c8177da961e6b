// Which jobs run now: a bounded number, the others wait in order. One thread carries one job from its first phase to
// its last, so that jobs that wait for their programs hold no thread that a request needs.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "services/sagemaker/job.h"
#include "sys/thread_pool.h"

namespace mdlc::services::sagemaker {

class service;

// How the thread that carries a job hears that something else is wanted. Thread-safe.
class control {
 public:
  bool stop_asked() const { return stop_asked_; }        // by StopTrainingJob and its like
  bool shutting_down() const { return shutting_down_; }  // leave everything as it is
  bool wants_attention() const { return stop_asked_ || shutting_down_; }

  // `wake` is called from other threads, at once if there is reason to, until the returned guard is dropped.
  class guard {
   public:
    explicit guard(control& c) : control_(&c) {}
    guard(guard&& other) noexcept : control_(std::exchange(other.control_, nullptr)) {}
    ~guard();

   private:
    control* control_;
  };
  [[nodiscard]] guard on_wake(std::function<void()> wake);

  void ask_to_stop();
  void shut_down();

 private:
  std::atomic<bool> stop_asked_{false}, shutting_down_{false};
  std::mutex mutex_;
  std::function<void()> wake_;
};

class queue {
 public:
  // As many jobs at once as the machine has cores.
  explicit queue(service&);
  ~queue() { stop(); }

  void submit(const job_key&);
  // Nothing if it does not run.
  void ask_to_stop(const job_key&);
  // Lets go of all jobs: their programs run on.
  void stop();
  // Whether a job submitted now would have to wait.
  bool is_full();

 private:
  void carry(const job_key&);
  void carry_guarded(const job_key&, control&);

  service& service_;
  std::mutex mutex_;
  std::map<job_key, std::shared_ptr<control>> running_;
  size_t waiting_ = 0;
  bool stopping_ = false;
  sys::thread_pool threads_;
};

}  // namespace mdlc::services::sagemaker
