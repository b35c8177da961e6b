// libsvm as SageMaker's XGBoost takes it: a label and index:value pairs a line, indices from 0, what is not named is
// missing. Spaces or tabs stand between them; what follows a # is a remark.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runner/xgboost/text.h"

namespace mdlc::runner::xgboost {

// Compressed rows: row i has the entries from row_starts[i] up to row_starts[i + 1], by ascending index.
struct sparse_table {
  std::vector<uint64_t> row_starts{0};
  std::vector<uint32_t> indices;  // below columns_max
  std::vector<float> values;
  size_t features = 0;  // the largest index and one
  // Labelled rows' only. Weights and query ids have all rows or none.
  std::vector<float> labels, weights;
  std::vector<uint32_t> query_ids;

  size_t rows() const { return row_starts.size() - 1; }
};

enum class libsvm_rows {
  labelled,  // label[:weight] [qid:n] index:value…, as for training
  unknown,   // [label] index:value…, as for inference: the label is not looked at
};

// Appends the rows of `text`, which holds whole lines (the last one need not end); blank lines are skipped. An error
// names the line, counted from 1: "line 2: 'x' is not index:value". A table that failed to be read is of no use.
base::result<void> append_libsvm(sparse_table& to, std::string_view text, libsvm_rows kind);

}  // namespace mdlc::runner::xgboost
