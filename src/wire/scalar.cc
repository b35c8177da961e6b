#include "wire/scalar.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/time.h"

namespace mdlc::wire {
namespace {

// Seconds whose milliseconds fit 64 bits with room for arithmetic; beyond, no calendar prints them anyway.
constexpr double max_seconds = 1e12;

template <class T>
std::optional<T> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T out{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return out;
}

std::optional<json::value> read_time(time_format format, std::string_view text) {
  auto time = format == time_format::http_date ? base::from_http_date(text) : base::from_iso8601(text);
  // SDKs are not of one mind; whatever says a time clearly is taken.
  if (!time && format != time_format::http_date) time = base::from_http_date(text);
  if (time) return seconds_of(base::to_ms(*time));
  if (auto seconds = number<double>(text); seconds && std::abs(*seconds) < max_seconds)
    return seconds_of(std::llround(*seconds * 1000));
  if (auto date = base::from_iso8601(std::string{text} + "T00:00:00Z")) return seconds_of(base::to_ms(*date));
  return std::nullopt;
}

}  // namespace

time_format format_of(const member& m, time_format otherwise) {
  if (m.format != time_format::unset) return m.format;
  return m.target->format != time_format::unset ? m.target->format : otherwise;
}

json::value seconds_of(int64_t ms) {
  if (ms % 1000 == 0) return json::value(ms / 1000);
  return json::value(static_cast<double>(ms) / 1000);
}

std::optional<int64_t> ms_of(const json::value& seconds) {
  if (seconds.is_int64() && std::abs(static_cast<double>(seconds.get_int64())) < max_seconds)
    return seconds.get_int64() * 1000;
  double s = json::to_double(seconds);
  if (!(std::abs(s) < max_seconds)) return std::nullopt;
  return std::llround(s * 1000);
}

std::optional<json::value> read_scalar(const shape& s, time_format format, std::string_view text) {
  switch (s.type) {
    case kind::boolean:
      if (text == "true" || text == "True" || text == "TRUE" || text == "1") return json::value(true);
      if (text == "false" || text == "False" || text == "FALSE" || text == "0") return json::value(false);
      return std::nullopt;
    case kind::integer:
    case kind::long_integer:
      if (auto n = number<int64_t>(text)) return json::value(*n);
      return std::nullopt;
    case kind::float_:
    case kind::double_:
      if (auto n = number<double>(text)) return json::value(*n);
      return std::nullopt;
    case kind::timestamp:
      return read_time(format, text);
    default:
      return json::value(text);
  }
}

std::string print_scalar(const shape& s, time_format format, const json::value& v) {
  if (s.type == kind::timestamp) {
    auto ms = ms_of(v);
    if (!ms) return {};
    auto time = base::from_ms(*ms);
    if (format == time_format::http_date) return base::to_http_date(time);
    if (format == time_format::epoch_seconds) return json::print(v);
    return base::to_iso8601(time);
  }
  if (v.is_string()) return std::string{json::view(v.get_string())};
  return json::print(v);
}

}  // namespace mdlc::wire
