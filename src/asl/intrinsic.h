// The 18 intrinsic functions, States.Array to States.UUID.
#pragma once

#include <memory>
#include <string_view>

#include "asl/expression.h"

namespace mdlc::asl {

// Nesting of calls that is read at most (AWS allows ten).
inline constexpr int max_intrinsic_depth = 10;
// AWS's bounds on what functions make.
inline constexpr int64_t max_range_items = 1000;
inline constexpr size_t max_hash_bytes = 10'000;
inline constexpr size_t max_base64_bytes = 10'000;

base::result<std::shared_ptr<const expression>> parse_intrinsic(std::string_view text);

}  // namespace mdlc::asl
