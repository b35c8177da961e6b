// The tables of Step Functions.
#pragma once

#include <span>

#include "store/database.h"

namespace mdlc::services::states {

std::span<const store::migration> schema();

}  // namespace mdlc::services::states
