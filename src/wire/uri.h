// Percent-encoding as Signature V4 and the REST protocols use it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mdlc::wire {

// RFC 3986's unreserved characters stay; '/' too if `keep_slash`. Upper-case hexadecimal.
std::string percent_encode(std::string_view, bool keep_slash = false);
// What is no valid escape stays as it is. '+' means a space in queries and forms, itself in paths.
std::string percent_decode(std::string_view, bool plus_is_space = false);

using parameters = std::vector<std::pair<std::string, std::string>>;
// a=1&b&c=x%20y, decoded, in its order; a name without '=' has an empty value.
parameters parse_query(std::string_view);

// The value of the first parameter of that name, or null.
const std::string* find_parameter(const parameters&, std::string_view name);

}  // namespace mdlc::wire
