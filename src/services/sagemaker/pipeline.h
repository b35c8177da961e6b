// How a request goes through a model's containers in turn, whoever sends it: each one's answer is the next one's body,
// under the type that the answer had.
#pragma once

#include <string>

#include "http/message.h"

namespace mdlc::services::sagemaker {

struct pipeline_request {
  std::string content_type;  // of the first body; all four may be empty
  std::string accept;        // of the last answer
  std::string custom_attributes;
  std::string inference_id;

  // For container `at` of `count`, whose body has that type.
  http::headers headers(size_t at, size_t count, std::string_view body_type) const;
};

// Of a container's answer: go on with it.
inline bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace mdlc::services::sagemaker
