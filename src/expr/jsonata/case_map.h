// Upper and lower case of all of Unicode, as JavaScript's toUpperCase and toLowerCase. Private to this library.
#pragma once

#include <string>
#include <string_view>

namespace mdlc::expr::jsonata {

std::string lower_case(std::string_view);
std::string upper_case(std::string_view);

}  // namespace mdlc::expr::jsonata
