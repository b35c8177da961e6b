// RecordIO of protobuf records (runner/records) as rows: what a sparse record has no key for is missing.
#pragma once

#include <string_view>

#include "runner/xgboost/libsvm.h"

namespace mdlc::runner::xgboost {

// Appends the records of `bytes`. With `is_labelled` each has a label, which is one finite number; otherwise labels are
// passed over, and `bytes` are a request's (recordio_reader::of_request). An error names the record, counted from 1. A
// table that failed to be read is of no use.
base::result<void> append_records(sparse_table& to, std::string_view bytes, bool is_labelled);

}  // namespace mdlc::runner::xgboost
