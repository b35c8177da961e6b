// Code that a request brings, in itself or as an object of S3.
#pragma once

#include "services/lambda/code.h"
#include "services/lambda/service.h"

namespace mdlc::services::lambda {

struct code_source {
  const std::optional<std::string>& zip;
  const std::optional<std::string>& bucket;
  const std::optional<std::string>& key;
  const std::optional<std::string>& object_version;
};

// Kept and unpacked. Exactly one of zip and object must be there.
api::answer<code> take_code(service&, const api::context&, const code_source&);

// What a version says about its code.
void describe(const code&, model::FunctionConfiguration&);

}  // namespace mdlc::services::lambda
