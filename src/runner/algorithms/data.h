// A channel's rows in memory, for algorithms that want numbers in every place: text/csv, and
// application/x-recordio-protobuf, which a channel without a content type is. Sparse rows become dense.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runner/records/record.h"
#include "sys/files.h"

namespace mdlc::runner::algorithms {

struct data_set {
  std::vector<float> values;  // row-major, all finite
  std::vector<float> labels;  // one a row, finite; empty where none are wanted
  size_t rows = 0;
  size_t features = 0;

  std::span<const float> row(size_t i) const { return {values.data() + i * features, features}; }
};

// What sparse rows may become: 1 GiB of floats. Dense ones are as large as their file.
inline constexpr size_t sparse_cells_max = 1u << 28;

enum class row_format { csv, recordio };

struct content {
  row_format format = row_format::recordio;
  size_t label_columns = 1;  // of CSV: "text/csv;label_size=0"
};

// Of a channel's content type. Errors here and below are words for the customer.
base::result<content> read_content_type(std::string_view content_type);

// All files of the channel's folder. Without `wants_labels` a label is passed over.
base::result<data_set> read_channel(const sys::path& folder, const content&, bool wants_labels,
                                    size_t cells_max = sparse_cells_max);

// Fills the row, as wide as the tensor (see records::width_of), from a tensor whose width was checked.
void fill_row(const records::tensor&, std::span<float> row);

}  // namespace mdlc::runner::algorithms
