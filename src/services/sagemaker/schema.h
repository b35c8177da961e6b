// The tables of SageMaker.
#pragma once

#include <span>

#include "store/database.h"

namespace mdlc::services::sagemaker {

std::span<const store::migration> tables();

}  // namespace mdlc::services::sagemaker
