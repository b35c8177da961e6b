// A running training job of a tuning job, seen by its objective: with TrainingJobEarlyStoppingType Auto it is stopped
// where it does worse than the training jobs before it did by then.
#pragma once

#include <memory>
#include <string>

#include "services/sagemaker/metrics.h"

namespace mdlc::services::sagemaker {

class run;

// So many training jobs must have completed before one is compared with them.
inline constexpr size_t early_stopping_jobs_min = 3;

// One thread; does nothing for a training job that no tuning job began.
class objective_watch {
 public:
  explicit objective_watch(run&);
  // Reads what the program printed since, and asks it to stop if it will not be the best.
  void look();
  // The objective's values up to now, to the log's end.
  json::array all();

 private:
  bool read();

  run& run_;
  std::string tuning_;  // its name; empty without one
  std::unique_ptr<metric_reader> metrics_;
  metric_log log_;
  bool is_asked_ = false;
};

// Whether the last of `values` is worse than the median of the others' averages over as many values. Others that have
// fewer do not count.
bool does_worse(const std::vector<double>& values, const std::vector<std::vector<double>>& others, bool maximizes);

}  // namespace mdlc::services::sagemaker
