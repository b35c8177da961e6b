// One TestState that is under way: a state without a mock really runs, its task called as an execution would call it.
// No thread waits: the answer comes from wherever the state ends.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "asl/lone_state.h"
#include "services/states/service.h"

namespace mdlc::services::states {

class tested_state : public std::enable_shared_from_this<tested_state> {
 public:
  // AWS: whatever has not ended by then has timed out.
  static constexpr std::chrono::minutes time_limit{5};

  using ended = std::function<void(const asl::lone_state&)>;

  // `role` is whom tasks are called as.
  tested_state(service&, base::scope, std::string role, std::unique_ptr<asl::lone_state>, ended);

  // Goes on until it ends; `ended` is called once, maybe before this returns.
  void run();

 private:
  void call(const asl::task_command&);
  void answered(const asl::task_command&, const api::answer<json::value>&, const std::string& request_id);
  void set_timers();
  // Changes the state under the lock, and tells when that ends it.
  void change(const std::function<void(asl::lone_state&, base::time_point now, uint64_t seed)>&);

  service& service_;
  const base::scope scope_;
  const std::string role_;
  std::mutex mutex_;
  const std::unique_ptr<asl::lone_state> state_;
  ended ended_;
  std::vector<sys::timers::id> timers_;
};

uint64_t fresh_seed(sys::env&);

}  // namespace mdlc::services::states
