#include "expr/jsonata/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include <fmt/format.h>

#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

// d = 0.DIGITS × 10^point.
struct decimal {
  std::string digits;
  int point;
};

decimal shortest(double d) {
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific).ptr;
  std::string_view text{buffer, end};
  size_t e = text.find('e');
  decimal out;
  for (char c : text.substr(0, e))
    if (c != '.') out.digits += c;
  auto exponent = text.substr(e + 1);
  if (exponent.front() == '+') exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), out.point);
  ++out.point;
  return out;
}

std::string laid_out(const decimal& d) {
  int n = static_cast<int>(d.digits.size());
  if (n <= d.point && d.point <= 21) return d.digits + std::string(static_cast<size_t>(d.point - n), '0');
  if (0 < d.point && d.point <= 21) {
    auto k = static_cast<size_t>(d.point);
    return d.digits.substr(0, k) + "." + d.digits.substr(k);
  }
  if (-6 < d.point && d.point <= 0) return "0." + std::string(static_cast<size_t>(-d.point), '0') + d.digits;
  int e = d.point - 1;
  return d.digits.substr(0, 1) + (n > 1 ? "." + d.digits.substr(1) : "") + "e" + (e < 0 ? "-" : "+") +
         std::to_string(std::abs(e));
}

void append(std::string& out, const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      out += "null";
      break;
    case json::kind::bool_:
      out += v.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_: {
      double d = json::to_double(v);
      if (v.is_int64())
        out += std::to_string(v.get_int64());
      else
        out += std::isfinite(d) ? to_text(d) : "null";
      break;
    }
    case json::kind::string:
      append_json_string(out, json::view(v.get_string()));
      break;
    case json::kind::array: {
      out += '[';
      for (size_t i = 0; i < v.get_array().size(); ++i) {
        if (i) out += ',';
        append(out, v.get_array()[i]);
      }
      out += ']';
      break;
    }
    case json::kind::object: {
      out += '{';
      bool first = true;
      for (const auto& [name, member] : v.get_object()) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, {name.data(), name.size()});
        out += ':';
        append(out, member);
      }
      out += '}';
      break;
    }
  }
}

}  // namespace

std::string to_text(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "Infinity" : "-Infinity";
  if (d == 0) return "0";
  if (d == std::floor(d) && std::abs(d) < 1e15) return fmt::format_int(static_cast<int64_t>(d)).str();
  return d < 0 ? "-" + laid_out(shortest(-d)) : laid_out(shortest(d));
}

std::string to_text(double d, int base) {
  if (base == 10 || !std::isfinite(d)) return to_text(d);
  // Integers alone come here.
  bool negative = d < 0;
  d = std::abs(d);
  std::string out;
  do {
    out += "0123456789abcdefghijklmnopqrstuvwxyz"[static_cast<int>(std::fmod(d, base))];
    d = std::floor(d / base);
  } while (d > 0);
  if (negative) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

double to_15_digits(double d) {
  if (d == 0 || !std::isfinite(d)) return d;
  // 31 digits tell whether the rest is above, below or exactly half; halves go up, where printf would go to even.
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.30e", std::abs(d));
  std::string digits;
  digits += buffer[0];
  digits.append(buffer + 2, 14);
  int exponent = std::atoi(buffer + 33) - 14;
  int64_t head = std::stoll(digits) + (buffer[16] >= '5' ? 1 : 0);
  auto text = fmt::format("{}e{}", head, exponent);
  double out = parse_double(text);
  return d < 0 ? -out : out;
}

std::string to_fixed(double d, int places) {
  if (std::abs(d) >= 1e21) return to_text(d);
  return fmt::format("{:.{}f}", d, places);
}

double parse_double(std::string_view text) {
  double out = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (end != text.data() + text.size() || text.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (failed == std::errc::result_out_of_range) {
    // Too large or too small: strtod tells which.
    return std::strtod(std::string(text).c_str(), nullptr);
  }
  return failed == std::errc{} ? out : std::numeric_limits<double>::quiet_NaN();
}

namespace {

// d × 10^by by way of its decimal text, which does not add an error of its own.
double shifted(double d, int by) {
  auto text = to_text(d);
  size_t e = text.find('e');
  int exponent = by;
  if (e != std::string::npos) {
    exponent += std::atoi(text.c_str() + e + 1);
    text.resize(e);
  }
  return parse_double(fmt::format("{}e{}", text, exponent));
}

}  // namespace

double round_half_even(double d, int precision) {
  if (!std::isfinite(d)) return d;
  if (precision) d = shifted(d, precision);
  double out = std::floor(d + 0.5);
  if (std::abs(d) >= 4503599627370496.0) out = d;
  if (d == 0.49999999999999994) out = 0;
  if (std::abs(out - d) == 0.5 && std::abs(std::fmod(out, 2)) == 1) out -= 1;
  if (precision) out = shifted(out, -precision);
  return out == 0 ? 0 : out;
}

std::string to_json_text(const json::value& v) {
  std::string out;
  append(out, v);
  return out;
}

void append_json_string(std::string& out, std::string_view s) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (size_t i = 0; i < s.size(); ++i) {
    auto c = static_cast<unsigned char>(s[i]);
    const char* shorthand = c == '"'    ? "\\\""
                            : c == '\\' ? "\\\\"
                            : c == '\b' ? "\\b"
                            : c == '\f' ? "\\f"
                            : c == '\n' ? "\\n"
                            : c == '\r' ? "\\r"
                            : c == '\t' ? "\\t"
                                        : nullptr;
    if (shorthand) {
      out += shorthand;
    } else if (c < 0x20) {
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    } else if (c == 0xED && i + 2 < s.size() && static_cast<unsigned char>(s[i + 1]) >= 0xA0) {
      // Half of a pair, alone: JavaScript writes its number.
      char32_t half = utf::next(s, i);
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(half));
      --i;
    } else {
      out += static_cast<char>(c);
    }
  }
  out += '"';
}

}  // namespace mdlc::expr::jsonata
