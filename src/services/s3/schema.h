// The tables of S3.
#pragma once

#include <span>

#include "store/database.h"

namespace mdlc::services::s3 {

std::span<const store::migration> tables();

}  // namespace mdlc::services::s3
