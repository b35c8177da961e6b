// The image table: what runs for an image's URI.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/program.h"

namespace mdlc::services::sagemaker {

struct image {
  std::vector<std::string> train;  // argv of the image's entry point with `train`
  std::vector<std::string> serve;
  std::vector<runner::bind> binds;  // beside /opt/ml
  std::vector<std::pair<std::string, std::string>> environment;
  // A built-in algorithm brings its own metrics, and its exit code tells whose fault a failure is.
  bool is_builtin = false;
};

// An error is the customer's: which image it is and what to do.
base::result<image> find_image(std::string_view uri);

}  // namespace mdlc::services::sagemaker
