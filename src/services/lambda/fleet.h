// All workers: warm ones kept and used again, new ones started where all are busy, calls queued beyond that.
//
// No thread waits for a function: calls and answers meet here and go on by callbacks.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "api/host.h"
#include "services/lambda/code.h"
#include "services/lambda/runtime_api.h"
#include "services/lambda/watcher.h"
#include "services/lambda/worker.h"

namespace mdlc::services::lambda {

struct fleet_limits {
  size_t workers = 64;                      // of all functions
  size_t workers_a_function = 32;           // of one version
  size_t starting = 16;                     // at the same time
  size_t queued = 1000;                     // invocations that wait, of all functions
  size_t queued_bytes = size_t{256} << 20;  // their payloads
  int64_t idle_ms = 5 * 60'000;             // after which a worker ends
  int64_t age_ms = 24 * 3'600'000;          // after which one is not used again: its credentials end some day
  int64_t start_ms = 10'000;                // from a worker's spawn to its first `next`, beside the function's timeout
};

class fleet : public runtime_api {
 public:
  fleet(api::host&, code_store&, log_writer&, fleet_limits = {});
  ~fleet() override;  // as stop()

  // Hands it to a worker, now or later. Refusals (TooManyRequestsException, …) come through `done` too.
  void submit(invocation);

  // No more is run of that function's present versions; what runs is let end.
  void retire(const base::scope&, std::string_view name);

  // Ends all workers. What was open is refused with ServiceException.
  void stop();

  const fleet_limits& limits() const { return limits_; }
  // Whether a worker uses this code.
  bool uses(const std::string& sha256);
  struct counts {
    size_t workers = 0, idle = 0, queued = 0;
  };
  counts count();

  // Of runtime_api; `worker_id` says who asks.
  void next(const std::string& worker_id, std::shared_ptr<http::exchange>) override;
  bool answer(const std::string& worker_id, std::string_view request_id, std::string payload, bool is_error) override;
  void init_error(const std::string& worker_id, std::string payload) override;

 private:
  using worker_ptr = std::shared_ptr<worker>;
  // Of one version at one revision.
  struct group {
    std::shared_ptr<const version> what;
    std::deque<invocation> queue;
    std::vector<worker_ptr> idle;  // the last one used last
    size_t workers = 0;            // started and starting
    size_t starting = 0;
    bool is_retired = false;
  };
  using group_key = std::tuple<base::scope, std::string, int64_t, std::string>;
  static group_key key_of(const version& v) { return {v.scope, v.name, v.number, v.revision}; }
  // What is to be done once the mutex is released.
  using afterwards = std::vector<std::function<void()>>;

  // These want the mutex held.
  std::optional<api::error> admit(const invocation&);
  group& group_of(const std::shared_ptr<const version>&);
  void hand_over(const worker_ptr&, invocation, afterwards&);
  void start_more(afterwards&);
  void start_more(group&, afterwards&);
  void make_worker(group&, afterwards&);
  bool evict();
  void end_worker(const worker_ptr&, worker::cause);
  void started(const worker_ptr&);
  void end_deadline(const worker_ptr&);
  void forget(const worker_ptr&);
  void release(const invocation&);
  std::optional<invocation> take_first(group&);
  std::optional<invocation> take_back(const worker_ptr&);
  void arm_sweep();

  // These take it.
  void start(const worker_ptr&);
  void failed_to_start(const worker_ptr&, api::error why);
  void ended(const worker_ptr&);
  void deadline(const worker_ptr&, const std::string& request_id);
  void sweep();

  // These do without.
  struct launched {
    std::unique_ptr<http::server> listener;
    runner::process process;
  };
  api::answer<launched> launch(const worker_ptr&);
  void watch(const worker_ptr&);
  void conclude(const worker_ptr&, invocation, const runner::process::end&, bool was_starting);
  void finish(const worker_ptr&, invocation, outcome, std::string_view status);

  api::host& host_;
  code_store& codes_;
  log_writer& logs_;
  const fleet_limits limits_;

  std::mutex mutex_;
  std::map<group_key, group> groups_;
  std::map<std::string, worker_ptr> workers_;
  std::map<std::pair<base::scope, std::string>, int64_t> in_flight_;  // by function, queued ones too
  size_t starting_ = 0, queued_ = 0, queued_bytes_ = 0;
  bool sweep_armed_ = false, stopping_ = false;
  lambda::watcher watcher_;
};

}  // namespace mdlc::services::lambda
