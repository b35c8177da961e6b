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

enum class data_format { csv, libsvm, records };

inline constexpr std::string_view accepted_types =
    "csv, libsvm, recordio-protobuf, text/csv, text/libsvm, text/x-libsvm, application/x-recordio-protobuf";

// Of a content type, its parameters left aside. The words for one that is not read are SageMaker's.
base::result<data_format> find_format(std::string_view content_type);

// All files below `folder` in order of their names, those left out that are no data (records/data_files.h). CSV: label
// first, then, `with_weights`, the row's weight, then the features. With `features` known (from the train channel), a
// table without the weight column is taken too, and libsvm rows and records that use fewer features become rows with
// that many. Errors are words for the customer.
base::result<data_set> read_channel(const sys::path& folder, data_format, bool with_weights,
                                    std::optional<size_t> features);

}  // namespace mdlc::runner::xgboost
