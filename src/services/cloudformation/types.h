// The tables of resource types, a file a service.
#pragma once

#include <span>

#include "services/cloudformation/resource_type.h"

namespace mdlc::services::cloudformation {

std::span<const resource_type> s3_types();
std::span<const resource_type> dynamodb_types();
std::span<const resource_type> iam_types();
std::span<const resource_type> lambda_types();
std::span<const resource_type> states_types();
std::span<const resource_type> sagemaker_types();
std::span<const resource_type> logs_types();
std::span<const resource_type> cloudformation_types();

}  // namespace mdlc::services::cloudformation
