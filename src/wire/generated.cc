#include "wire/generated.h"

#include <cmath>

#include "base/bytes.h"

namespace mdlc::wire::generated {

namespace {

// The largest and smallest double within int64_t; what is beyond is taken as them.
constexpr double highest = 9223372036854774784.0, lowest = -9223372036854775808.0;

int64_t to_integer(double d) {
  if (std::isnan(d)) return 0;
  return static_cast<int64_t>(std::clamp(d, lowest, highest));
}

}  // namespace

json::value write_bytes(std::string_view v) { return json::value(base::to_base64(v)); }

json::value write_time(base::time_point t) {
  const int64_t ms = base::to_ms(t);
  if (ms % 1000 == 0) return ms / 1000;
  return static_cast<double>(ms) / 1000;
}

void read_text(const json::value& j, std::string& v) {
  if (const json::string* s = j.if_string()) v = json::view(*s);
}

void read_bytes(const json::value& j, std::string& v) {
  const json::string* s = j.if_string();
  if (!s) return;
  if (auto decoded = base::from_base64(json::view(*s))) v = *std::move(decoded);
}

void read_time(const json::value& j, base::time_point& v) {
  if (const json::string* s = j.if_string()) {
    if (auto t = base::from_iso8601(json::view(*s))) v = *t;
  } else if (json::is_number(j)) {
    v = base::from_ms(to_integer(std::round(json::to_double(j) * 1000)));
  }
}

void read_boolean(const json::value& j, bool& v) {
  if (const bool* b = j.if_bool()) v = *b;
}

void read_integer(const json::value& j, int64_t& v) {
  if (const int64_t* i = j.if_int64())
    v = *i;
  else if (json::is_number(j))
    v = to_integer(json::to_double(j));
}

void read_number(const json::value& j, double& v) {
  if (json::is_number(j)) v = json::to_double(j);
}

}  // namespace mdlc::wire::generated
