// Scalars between text (headers, query strings, XML, forms) and the normal form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json/value.h"
#include "wire/shape.h"

namespace mdlc::wire {

// The value that `text` is for a member of that kind; nothing where it is none ("x" for an integer).
// `otherwise`: the time format where neither the member nor its shape names one.
std::optional<json::value> read_scalar(const shape&, time_format, std::string_view text);
// A value of the normal form as text.
std::string print_scalar(const shape&, time_format, const json::value&);

// The member's format, or its shape's, or `otherwise`.
time_format format_of(const member&, time_format otherwise);

// A point in time in the normal form: seconds since 1970, whole where they are whole.
json::value seconds_of(int64_t ms);
std::optional<int64_t> ms_of(const json::value& seconds);

}  // namespace mdlc::wire
