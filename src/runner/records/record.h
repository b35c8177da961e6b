// The protobuf message in which SageMaker's own algorithms take and give rows: `Record` of the package aialgs.data, two
// maps from names to tensors. Read and written by hand: it is five small messages, a generator and a library for them
// would be another dependency of the build and of the binary, and strange bytes stay bounded by what is written here.
//
//   Record { map<string, Value> features = 1, label = 2; string uid = 3, metadata = 4, configuration = 5 }
//   Value { oneof { Float32Tensor = 2; Float64Tensor = 3; Int32Tensor = 7; Bytes = 9 } }
//   …Tensor { repeated values = 1; repeated uint64 keys = 2, shape = 3 }
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mdlc::runner::records {

// The most values, keys or dimensions of a tensor that are read.
inline constexpr size_t tensor_values_max = 1'000'000;

// Dense where there are no keys; otherwise keys[i] is the place of values[i].
struct tensor {
  std::vector<float> values;  // of all three kinds; a float64 is rounded
  std::vector<uint64_t> keys;
  std::vector<uint64_t> shape;
};

struct record {
  tensor features;
  tensor label;  // no values where there is none
};

// The tensors named "values", or the only one of its map. Replaces what `into` holds, whose memory is used again.
base::result<void> parse_record(std::string_view bytes, record& into);

// The width of a row: of a sparse tensor its last dimension, which must be there. Checks that keys are below it.
base::result<size_t> width_of(const tensor&);

// Adds to a Record that is being written a label with that name: a dense Float32Tensor.
void append_label(std::string& to, std::string_view name, std::span<const float> values);
// The same of features, named "values".
void append_features(std::string& to, std::span<const float> values);

}  // namespace mdlc::runner::records
