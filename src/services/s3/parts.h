// The parts that a multipart upload left in its object.
#pragma once

#include <optional>

#include "services/s3/conditions.h"

namespace mdlc::services::s3 {

inline constexpr int64_t max_part_number = 10'000;

api::answer<void> check_part_number(int64_t number);
// Where a part lies in its object. An object that was put in one piece is its own part 1. None where that is empty.
// Refuses InvalidPartNumber (416).
api::answer<std::optional<range>> part_range(const object&, int64_t number);

}  // namespace mdlc::services::s3
