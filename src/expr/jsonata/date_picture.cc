// A date's picture, and dates written by it.
#include <chrono>
#include <cmath>

#include "expr/jsonata/civil.h"
#include "expr/jsonata/number.h"
#include "expr/jsonata/picture.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr std::string_view with_integers = "YMDdFWwXxHhmsf";

// What a component shows where its marker says no more.
std::string_view usual(char32_t component) {
  switch (component) {
    case 'Y':
    case 'M':
    case 'D':
    case 'd':
    case 'W':
    case 'w':
    case 'X':
    case 'x':
    case 'H':
    case 'h':
    case 'f':
      return "1";
    case 'F':
    case 'P':
    case 'C':
    case 'E':
      return "n";
    case 'm':
    case 's':
      return "01";
    case 'Z':
    case 'z':
      return "01:01";
    default:
      return {};
  }
}

// The leading digits; nothing where there are none.
std::optional<size_t> width_of(std::string_view text) {
  size_t out = 0, i = 0;
  for (; i < text.size() && i < 6 && text[i] >= '0' && text[i] <= '9'; ++i)
    out = out * 10 + static_cast<size_t>(text[i] - '0');
  if (i == 0) return std::nullopt;
  return out;
}

void add_literal(date_picture& to, std::string_view text) {
  if (text.empty()) return;
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text.substr(i, 2) == "]]") ++i;
  }
  to.parts.push_back({.literal = std::move(out)});
}

base::result<date_picture::part, fault> parse_marker(std::string_view text) {
  std::string marker;
  for (char c : text)
    if (std::string_view{" \t\n\r\v\f"}.find(c) == std::string_view::npos) marker += c;
  date_picture::part out;
  size_t at = 0;
  if (!marker.empty()) out.component = utf::next(marker, at);
  std::string_view rest = std::string_view{marker}.substr(at);
  size_t comma = rest.rfind(',');
  if (comma != std::string_view::npos) {
    auto width = rest.substr(comma + 1);
    size_t dash = width.find('-');
    out.has_width = true;
    out.min = width_of(width.substr(0, dash));
    if (dash != std::string_view::npos) out.max = width_of(width.substr(dash + 1));
    rest = rest.substr(0, comma);
  }
  out.presentation = rest;
  if (rest.size() > 1 && std::string_view{"atco"}.find(rest.back()) != std::string_view::npos) {
    out.second = rest.back();
    out.presentation.pop_back();
  }
  if (rest.empty()) out.presentation = usual(out.component);
  if (out.presentation.empty()) {
    std::string component;
    if (out.component) utf::append(component, out.component);
    return tl::unexpected(fault{.code = "D3132", .value = json_text(component)});
  }
  return out;
}

base::result<void, fault> add_integer(date_picture::part& p, const std::string& picture) {
  MDLC_TRY(auto integer, integer_picture::parse(picture));
  if (p.min && integer.mandatory < *p.min) integer.mandatory = *p.min;
  if (p.component == 'Y') {
    if (p.has_width && p.max) {
      p.year_digits = p.max;
      integer.mandatory = *p.max;
    } else if (integer.mandatory + integer.optional >= 2) {
      p.year_digits = integer.mandatory + integer.optional;
    }
  }
  p.integer = std::move(integer);
  return {};
}

base::result<void, fault> add_marker(date_picture& to, std::string_view text) {
  MDLC_TRY(auto p, parse_marker(text));
  if (p.presentation[0] == 'n') p.names = letter_case::lower;
  if (p.presentation[0] == 'N') p.names = p.presentation.substr(1, 1) == "n" ? letter_case::title : letter_case::upper;
  if (!p.names && p.component < 128 && with_integers.find(static_cast<char>(p.component)) != std::string_view::npos) {
    MDLC_CHECK(add_integer(p, p.second ? p.presentation + ";" + p.second : p.presentation));
    // Two numbers with nothing between: to read the first one its width must be known.
    if (!to.parts.empty() && to.parts.back().integer)
      to.parts.back().integer->parse_width = to.parts.back().integer->mandatory;
  }
  if (p.component == 'Z' || p.component == 'z') {
    MDLC_TRY(p.integer, integer_picture::parse(p.presentation));
  }
  to.parts.push_back(std::move(p));
  return {};
}

std::string cased(std::string_view s, letter_case c) {
  std::string out{s};
  for (char& ch : out) {
    if (c == letter_case::upper && ch >= 'a' && ch <= 'z') ch = static_cast<char>(ch - 32);
    if (c == letter_case::lower && ch >= 'A' && ch <= 'Z') ch = static_cast<char>(ch + 32);
  }
  return out;
}

base::result<std::string, fault> zone_text(const date_picture::part& p, int offset_minutes) {
  int hours = offset_minutes / 60, minutes = offset_minutes % 60;
  int both = hours * 100 + minutes;
  if (both == 0 && p.second == 't') return "Z";
  std::string out;
  if (p.integer->regular) {
    MDLC_TRY(out, format_integer(both, *p.integer));
  } else if (p.integer->mandatory == 1 || p.integer->mandatory == 2) {
    MDLC_TRY(out, format_integer(hours, *p.integer));
    if (hours == 0 && minutes < 0) out = "-" + out;
    if (minutes) out += fmt::format(":{:02}", std::abs(minutes));
  } else if (p.integer->mandatory == 3 || p.integer->mandatory == 4) {
    MDLC_TRY(out, format_integer(both, *p.integer));
  } else {
    return tl::unexpected(fault{.code = "D3134"});
  }
  if (both >= 0) out = "+" + out;
  return p.component == 'z' ? "GMT" + out : out;
}

base::result<std::string, fault> component_text(const date_picture::part& p, double millis, int offset_minutes) {
  if (p.component == 'Z' || p.component == 'z') return zone_text(p, offset_minutes);
  if (p.component == 'C' || p.component == 'E') return "ISO";
  double value = component_of(millis, static_cast<char>(p.component));
  if (p.component == 'P')
    return cased(value ? "pm" : "am", p.names == letter_case::upper ? letter_case::upper : letter_case::lower);
  if (p.names && p.component != 'f') {
    std::string_view name = p.component == 'M' || p.component == 'x' ? month_names[static_cast<size_t>(value) - 1]
                            : p.component == 'F'                     ? day_names[static_cast<size_t>(value) - 1]
                                                                     : std::string_view{};
    if (name.empty()) {
      std::string component;
      utf::append(component, p.component);
      return tl::unexpected(fault{.code = "D3133", .value = json_text(component)});
    }
    auto out = cased(name, *p.names);
    return p.max && *p.max < out.size() ? out.substr(0, *p.max) : out;
  }
  if (p.component == 'Y' && p.year_digits) value = std::fmod(value, std::pow(10, static_cast<double>(*p.year_digits)));
  static const integer_picture plain;
  return format_integer(value, p.integer ? *p.integer : plain);
}

}  // namespace

base::result<date_picture, fault> date_picture::parse(std::string_view text) {
  date_picture out;
  size_t start = 0, at = 0;
  while (at < text.size()) {
    if (text[at] != '[') {
      ++at;
      continue;
    }
    add_literal(out, text.substr(start, at - start));
    if (text.substr(at, 2) == "[[") {
      out.parts.push_back({.literal = "["});
      start = at += 2;
      continue;
    }
    size_t close = text.find(']', at);
    if (close == std::string_view::npos) return tl::unexpected(fault{.code = "D3135"});
    MDLC_CHECK(add_marker(out, text.substr(at + 1, close - at - 1)));
    start = at = close + 1;
  }
  add_literal(out, text.substr(start));
  return out;
}

base::result<std::string, fault> format_date(double millis, const date_picture& p, int offset_minutes) {
  std::string out;
  double there = millis + offset_minutes * 60'000.0;
  for (const auto& part : p.parts) {
    if (!part.component) {
      out += part.literal;
      continue;
    }
    MDLC_TRY(auto text, component_text(part, there, offset_minutes));
    out += text;
  }
  return out;
}

}  // namespace mdlc::expr::jsonata
