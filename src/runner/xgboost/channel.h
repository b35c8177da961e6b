// A channel's files as a labelled matrix.
#pragma once

#include <optional>

#include "runner/xgboost/library.h"
#include "sys/files.h"

namespace mdlc::runner::xgboost {

struct data_set {
  matrix data;
  size_t rows = 0;
  size_t features = 0;
};

// CSV is what we read. The words for anything else are SageMaker's.
base::result<void> check_content_type(std::string_view);

// All files below `folder` in order of their names, hidden ones left out: label first, then, `with_weights`, the row's
// weight, then the features. With `features` known (from the train channel), a table without the weight column is taken
// too. Errors are words for the customer.
base::result<data_set> read_channel(const sys::path& folder, bool with_weights, std::optional<size_t> features);

}  // namespace mdlc::runner::xgboost
