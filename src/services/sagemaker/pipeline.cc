#include "services/sagemaker/pipeline.h"

namespace mdlc::services::sagemaker {

http::headers pipeline_request::headers(size_t at, size_t count, std::string_view body_type) const {
  http::headers out;
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) out.add(name, std::string{value});
  };
  add("Content-Type", body_type);
  if (at + 1 == count) add("Accept", accept);
  add("X-Amzn-SageMaker-Custom-Attributes", custom_attributes);
  add("X-Amzn-SageMaker-Inference-Id", inference_id);
  return out;
}

}  // namespace mdlc::services::sagemaker
