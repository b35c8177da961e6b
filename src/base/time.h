// Points in time, to the millisecond, as AWS keeps them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mdlc::base {

using time_point = std::chrono::sys_time<std::chrono::milliseconds>;

// Milliseconds since 1970-01-01T00:00:00Z; how times are stored in the database.
inline int64_t to_ms(time_point t) { return t.time_since_epoch().count(); }
inline time_point from_ms(int64_t ms) { return time_point{std::chrono::milliseconds{ms}}; }

// 2013-07-01T12:30:00.000Z
std::string to_iso8601(time_point);
// 2013-07-01T12:30:00Z; the fraction is dropped.
std::string to_iso8601_seconds(time_point);
// Mon, 01 Jul 2013 12:30:00 GMT
std::string to_http_date(time_point);

// RFC 3339: date, 'T', time with any fraction (kept to the millisecond), 'Z' or an offset.
result<time_point> from_iso8601(std::string_view);
result<time_point> from_http_date(std::string_view);

}  // namespace mdlc::base
