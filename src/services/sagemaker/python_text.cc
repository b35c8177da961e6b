#include "services/sagemaker/python_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <map>

namespace mdlc::services::sagemaker {
namespace {

// repr(float): the shortest digits that give the number back; an exponent below 1e-4 and from 1e16.
std::string number_text(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  const double size = std::fabs(d);
  const bool has_exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), d,
                                 has_exponent ? std::chars_format::scientific : std::chars_format::fixed);
  std::string text{buffer.data(), end.ptr};
  if (!has_exponent && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string quoted(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out{quote};
  for (const char c : text) {
    if (c == '\\' || c == quote) out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  return out + quote;
}

// `text` is JSON in UTF-8; code units beyond ASCII become \uXXXX.
std::string in_ascii(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      out += text[i++];
      continue;
    }
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint32_t point = lead & (0xff >> (length + 1));
    for (size_t k = 1; k < length && i + k < text.size(); ++k)
      point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
    i += length;
    if (point < 0x10000) {
      out += fmt::format("\\u{:04x}", point);
    } else {
      point -= 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff));
    }
  }
  return out;
}

// What differs between the two ways of printing.
struct style {
  std::string_view none, yes, no, comma, colon;
  std::string (*string)(std::string_view);
};
const style as_repr{"None", "True", "False", ", ", ": ", quoted};
const style as_json{"null", "true", "false",
                    ",",    ":",    [](std::string_view s) { return in_ascii(json::print(json::value(s))); }};

std::string print(const json::value& v, const style& s) {
  if (v.is_null()) return std::string{s.none};
  if (v.is_bool()) return std::string{v.get_bool() ? s.yes : s.no};
  if (v.is_double()) return number_text(v.get_double());
  if (v.is_string()) return s.string(json::view(v.get_string()));
  std::string out;
  const auto add = [&](std::string_view piece) {
    if (!out.empty()) out += s.comma;
    out += piece;
  };
  if (v.is_array()) {
    for (const auto& item : v.get_array()) add(print(item, s));
    return fmt::format("[{}]", out);
  }
  if (!v.is_object()) return json::print(v);
  const bool is_sorted = &s == &as_json;
  std::map<std::string_view, const json::value*> sorted;
  for (const auto& [name, value] : v.get_object())
    if (is_sorted)
      sorted.emplace(std::string_view{name.data(), name.size()}, &value);
    else
      add(fmt::format("{}{}{}", s.string(name), s.colon, print(value, s)));
  for (const auto& [name, value] : sorted) add(fmt::format("{}{}{}", s.string(name), s.colon, print(*value, s)));
  return fmt::format("{{{}}}", out);
}

}  // namespace

std::string python_str(const json::value& v) {
  return v.is_string() ? std::string{json::view(v.get_string())} : print(v, as_repr);
}

std::string python_json(const json::value& v) { return print(v, as_json); }

}  // namespace mdlc::services::sagemaker
