// SageMaker's hyperparameters of XGBoost: what there is, in which range, and SageMaker's words for what is wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace mdlc::runner::xgboost {

struct hyperparameters {
  int num_round = 0;
  std::optional<int> early_stopping_rounds;
  bool csv_weights = false;
  std::vector<std::string> eval_metrics;  // as given; may be empty
  // For libxgboost, in the order given, without those above.
  std::vector<std::pair<std::string, std::string>> library;
};

// `given` is hyperparameters.json: each value a string. An error's words are SageMaker's.
base::result<hyperparameters> check_hyperparameters(const json::object& given);

// Whether more is better, as early stopping has to know; thresholds as in "error@0.4" count for nothing.
bool is_maximized(std::string_view metric);

}  // namespace mdlc::runner::xgboost
