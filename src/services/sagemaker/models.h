// Models: an image, an archive and an environment under a name.
#pragma once

#include <optional>

#include "base/arn.h"
#include "json/value.h"
#include "store/database.h"

namespace mdlc::services::sagemaker {

std::string model_arn(const base::scope&, std::string_view name);

// CreateModel's request, in normal form.
std::optional<json::object> find_model(store::reader&, const base::scope&, std::string_view name);

}  // namespace mdlc::services::sagemaker
