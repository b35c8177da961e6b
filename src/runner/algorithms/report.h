// What training programs of built-in algorithms have in common: the log's lines in the form in which SageMaker's metric
// definitions look for them, and how a failure is told.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/value.h"
#include "runner/algorithms/data.h"
#include "sys/files.h"

namespace mdlc::runner::algorithms {

void say(std::string_view line);
// "#quality_metric: host=algo-1, epoch=3, train mse_objective <loss>=0.5"; without `epoch` where it is below zero.
void say_metric(int epoch, std::string_view channel, std::string_view name, bool is_score, double value);
void say_progress(size_t done, size_t of);

// The file below `root`/model that holds the model, named as SageMaker's algorithms name theirs. Its content is ours:
// JSON, as the algorithm's header says, where theirs is MXNet's.
inline constexpr const char* model_file = "model_algo-1";

class job {
 public:
  static base::result<job> read(const sys::path& root);
  const json::object& hyperparameters() const { return hyperparameters_; }
  bool has_channel(std::string_view name) const { return channels_.contains(name); }
  // With `features`, the channel must have that many.
  base::result<data_set> read_data(std::string_view channel, bool wants_labels, size_t features) const;

 private:
  sys::path root_;
  json::object hyperparameters_, channels_;
};

// What `train` came to: the model's file, or words for the customer.
using trained = base::result<json::object>;

// Runs it and returns the program's exit code (runner/xgboost/builtin.h).
int run_training(const sys::path& root, const std::function<trained(const job&)>& train);

// Whether the job is to end soon: it was asked to stop. What there is by then becomes the model.
bool stop_asked();

}  // namespace mdlc::runner::algorithms
