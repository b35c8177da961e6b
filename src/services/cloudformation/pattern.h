// Parameters' AllowedPattern: the whole value must match. RE2 (no catastrophic patterns) stays behind this header.
#pragma once

#include <string_view>

namespace mdlc::services::cloudformation {

// False where the pattern itself is none that RE2 reads.
bool matches_whole(std::string_view pattern, std::string_view text);

}  // namespace mdlc::services::cloudformation
