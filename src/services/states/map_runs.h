// Runs map runs: reads their items, begins their children in a bounded window, and ends them. map_run.h says in what
// steps; this drives them from where the row is, also after a restart.
//
// Each run has at most one task on the pool at a time; it sleeps until a child ends or somebody pokes it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/context.h"
#include "asl/distributed_map.h"
#include "services/states/byte_source.h"
#include "services/states/map_run.h"

namespace mdlc::services::states {

class service;
struct child_input;

// Children at once where MaxConcurrency is 0 or more than it. (AWS has 10,000; here they share one machine.)
inline constexpr int64_t children_at_once_max = 1000;
// Children begun in one commit: the writer's other users wait so long.
inline constexpr int64_t children_begun_at_once_max = 100;

class map_runs {
 public:
  explicit map_runs(service&);  // throws std::runtime_error where the spools' folder cannot be made
  ~map_runs();

  // Before executions are resumed, so that no end of a child is missed.
  void resume();
  void stop() { stopping_ = true; }

  // Its row is committed.
  void begun(const std::string& arn);
  // Something about its row changed: aborted, or its bounds.
  void poke(const std::string& arn);
  // Tells the parent again how it ended, if it has.
  void ask(const std::string& arn);
  // A child ended, durably. Any thread; short.
  void child_ended(const std::string& arn, bool succeeded, int64_t items);

 private:
  struct run;
  using run_ptr = std::shared_ptr<run>;

  static void count(store::reader&, run&);
  run_ptr take(const std::string& arn);
  void wake(const run_ptr&);
  void work(const run_ptr&);
  bool step(run&);  // false: there is nothing to do until somebody pokes
  void read(run&, const map_run_row&);
  bool go_on(run&, const map_run_row&);
  api::context context_of(const run&, const map_run_row&) const;
  api::answer<json::value> call(const run&, const map_run_row&, std::string_view operation, const json::value& input,
                                std::optional<blob::slice>* body);
  void begin_child(store::transaction&, const run&, const map_run_row&, child_input, base::time_point now);
  bool redrive(run&, const map_run_row&);
  void begin_children(run&, const map_run_row&, int64_t room);
  base::result<bool, asl::failure> next_child(run&, child_input&);
  bool stop_children(run&, const map_run_row&);
  void write(run&, const map_run_row&);
  void end(run&, const map_run_row&, std::string_view status, const std::optional<std::string>& output,
           const asl::failure&);
  void fail(run&, const asl::failure&);
  void answer(const map_run_row&);
  void open_spool(run&, const map_run_row&);

  service& service_;
  std::unique_ptr<blob::store> spools_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::map<std::string, run_ptr> runs_;
};

}  // namespace mdlc::services::states
