// Hyperparameter tuning jobs: a row of its own that has training jobs made, a few at a time, until enough were tried.
//
// What is tried next is decided and the training jobs' rows are written in one commit, so that each is made once. The
// tuning job looks again when one of its training jobs ended, when it is stopped, when its time is over, and at a
// start; it holds no thread.
#pragma once

#include "services/sagemaker/job.h"
#include "services/sagemaker/tuning_search.h"
#include "sys/thread_pool.h"

namespace mdlc::services::sagemaker {

class service;

inline constexpr int64_t tuning_jobs_max = 750;  // training jobs of one tuning job
inline constexpr int64_t tuning_parallel_max = 100;
// So many training jobs that failed, and none that succeeded, fail the tuning job.
inline constexpr size_t tuning_failures_max = 5;
inline constexpr std::string_view tuning_metric_parameter = "_tuning_objective_metric";

// "-001-0a1b2c3d", after the tuning job's name in a training job's.
inline constexpr size_t training_name_suffix = 13;

struct trial {
  std::string name;  // of the training job
  point at;
  json::object values;  // TunedHyperParameters
};

struct tuning {
  base::scope scope;
  std::string name;
  std::string status;  // InProgress, Completed, Failed, Stopping, Stopped
  int64_t created_ms = 0, modified_ms = 0;
  std::optional<int64_t> ended_ms;
  json::object request;  // in normal form
  uint64_t seed = 0;
  std::vector<trial> trials;
  std::vector<observation> inherited;  // from the tuning jobs that it starts warm with
  std::string failure_reason;
  // Enough is known: nothing more is begun, and what runs is stopped. Once true it stays so, whatever the stopped ones
  // still say.
  bool is_closing = false;
  std::optional<int64_t> converged_ms;

  std::string arn() const;
  bool is_open() const { return status == "InProgress" || status == "Stopping"; }
  const json::value& config() const { return request.at("HyperParameterTuningJobConfig"); }
  std::string objective() const;  // the metric's name
  bool maximizes() const;
  tuning_strategy strategy() const;
  std::vector<tuned_range> ranges() const;
  // When MaxRuntimeInSeconds is over.
  std::optional<int64_t> due_ms() const;
};

std::optional<tuning> find_tuning(store::reader&, const base::scope&, std::string_view name);
std::vector<tuning> open_tunings(store::reader&);
void insert(store::transaction&, const tuning&);
void update(store::transaction&, const tuning&);

// A training job of it, as it is now, with what it says of the objective.
struct tried {
  const trial* of;
  job training;
  std::optional<double> objective;  // of one that ended
  bool has_ended() const { return training.at == phase::ended; }
  bool has_failed() const { return has_ended() && !objective; }
};
// In the order in which they were begun.
std::vector<tried> read_trials(store::reader&, const tuning&);
// The one with the best objective, or null.
const tried* best_of(const tuning&, const std::vector<tried>&);
// How many ended since the best one did, in the order in which they were begun.
size_t not_improving(const tuning&, const std::vector<tried>&);

// Members of HyperParameterTrainingJobSummary, HyperParameterTuningJobSummary, the Describe answer, in normal form.
json::object summary_of(const tuning&, const tried&);
json::object summary_of(const tuning&, const std::vector<tried>&);
json::object describe(const tuning&, const std::vector<tried>&);

// Of those of the tuning job itself and of the ones that it starts warm with, where all try the same.
std::optional<json::object> overall_best(store::reader&, const tuning&, const std::vector<tried>&);

// What `parent` has seen, as points of the ranges of `t`; of those whose values lie in them.
std::vector<observation> seen_by(const tuning& parent, const std::vector<tried>&, const tuning& t);

// In a commit: the bus hears of the change once it is durable.
void tell_after(service&, store::transaction&, const tuning&);

class tuner {
 public:
  explicit tuner(service&);
  // Looks soon whether there is something to do for it. Thread-safe.
  void look(base::scope, std::string name);
  // Looks when the job's time is over, if it is bounded.
  void look_when_due(const tuning&);
  // Takes up those that a restart interrupted.
  void resume();
  void stop() { thread_.stop(); }

 private:
  void advance(const base::scope&, const std::string& name);

  service& service_;
  sys::thread_pool thread_{1};
};

}  // namespace mdlc::services::sagemaker
