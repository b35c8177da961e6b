// Fn::Sub's text: "${Name}", "${Resource.Attribute}", "${!literal}".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/error.h"

namespace mdlc::services::cloudformation {

// The variables in the order they stand, without the literal ones. Both refuse a name that cannot be one.
api::answer<std::vector<std::string>> substitution_variables(std::string_view text);

// The text with each variable replaced by what `value_of` gives.
api::answer<std::string> substitute(std::string_view text,
                                    const std::function<api::answer<std::string>(const std::string&)>& value_of);

}  // namespace mdlc::services::cloudformation
