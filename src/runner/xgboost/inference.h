// What /invocations does: rows in, predictions out, in SageMaker's formats and words.
#pragma once

#include <string>
#include <string_view>

#include "runner/xgboost/library.h"

namespace mdlc::runner::xgboost {

struct inference_request {
  std::string_view content_type;  // CSV or libsvm; empty: text/csv
  std::string_view accept;        // empty or */*: text/csv
  std::string_view body;
  bool is_batch = false;  // SAGEMAKER_BATCH: one line a row
};

struct inference_answer {
  int status = 200;
  std::string content_type;
  std::string body;
};

// Thread-safe.
inference_answer infer(const booster&, const inference_request&);

// The model file's bytes as a booster, or a reason that a person understands.
base::result<booster> load_model(std::string_view bytes);

}  // namespace mdlc::runner::xgboost
