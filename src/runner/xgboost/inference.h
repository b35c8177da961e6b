// What /invocations does: rows in, predictions out, in SageMaker's formats and words.
#pragma once

#include <string>
#include <string_view>

#include "runner/serving/model_server.h"
#include "runner/xgboost/library.h"

namespace mdlc::runner::xgboost {

using serving::inference_answer;
using serving::inference_request;

// The content type: CSV, libsvm or records, text/csv where there is none. Accept: text/csv where it is empty or */*,
// with one line a row in a batch transform. Thread-safe.
inference_answer infer(const booster&, const inference_request&);

// The model file's bytes as a booster, or a reason that a person understands.
base::result<booster> load_model(std::string_view bytes);

}  // namespace mdlc::runner::xgboost
