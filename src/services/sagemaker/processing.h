// Where a processing job's inputs and outputs lie, as its request says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json/value.h"
#include "sys/files.h"

namespace mdlc::services::sagemaker {

inline constexpr std::string_view processing_root = "/opt/ml/processing";

// A LocalPath below /opt/ml: "processing/input" of "/opt/ml/processing/input/". Nothing if it is not below
// processing_root or has a "..".
std::optional<sys::path> below_ml(std::string_view local_path);

struct processing_input {
  std::string name;
  sys::path folder;    // below /opt/ml
  json::value source;  // {S3DataType, S3Uri}
  bool is_gzipped = false;
};

struct processing_output {
  std::string name;
  sys::path folder;
  std::string uri;
  bool is_continuous = false;
};

// Those that we are to bring and fetch: what is AppManaged is the program's own business. An error is the customer's:
// what is not served here.
base::result<std::vector<processing_input>> inputs_of(const json::value& request);
base::result<std::vector<processing_output>> outputs_of(const json::value& request);

}  // namespace mdlc::services::sagemaker
