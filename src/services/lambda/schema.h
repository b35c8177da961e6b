// The service's tables.
#pragma once

#include <span>

#include "store/database.h"

namespace mdlc::services::lambda {

extern const std::span<const store::migration> migrations;

}  // namespace mdlc::services::lambda
