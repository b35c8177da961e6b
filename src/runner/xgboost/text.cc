#include "runner/xgboost/text.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "base/utf8.h"

namespace mdlc::runner::xgboost {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

bool parse_number(std::string_view field, float& out) {
  field = trim(field);
  if (field.starts_with('+')) field.remove_prefix(1);
  double value;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (end != field.data() + field.size()) return false;
  if (error == std::errc::result_out_of_range) {
    // Too large or too small for a double: what strtod makes of it, infinity or zero.
    out = static_cast<float>(std::strtod(std::string{field}.c_str(), nullptr));
    return true;
  }
  if (error != std::errc{}) return false;
  out = static_cast<float>(value);
  return true;
}

std::string shown(std::string_view bytes, size_t bytes_max) {
  bytes = bytes.substr(0, bytes_max);
  // A byte order mark is a character, and cannot be seen.
  const bool is_text = base::to_utf8(bytes) == bytes && bytes.find("\xef\xbb\xbf") == std::string_view::npos;
  std::string out;
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_text))
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out;
}

}  // namespace mdlc::runner::xgboost
