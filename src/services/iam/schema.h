#pragma once

#include <span>

#include "store/database.h"

namespace mdlc::services::iam {

std::span<const store::migration> schema();

}  // namespace mdlc::services::iam
