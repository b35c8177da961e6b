#include "runner/xgboost/csv.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/utf8.h"

namespace mdlc::runner::xgboost {
namespace {

constexpr size_t shown_max = 40;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// The first line, without its end, which is taken off `text`.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// As numpy reads a field: to double precision, then rounded to the float that XGBoost works with.
bool parse_number(std::string_view field, float& out) {
  field = trim(field);
  if (field.empty()) {
    out = std::numeric_limits<float>::quiet_NaN();
    return true;
  }
  if (field.front() == '+') field.remove_prefix(1);
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

tl::unexpected<csv_error> wrong(size_t line, std::string_view why) {
  return tl::unexpected(csv_error{fmt::format("line {}: {}", line, why), {}});
}

base::result<void, csv_error> append_row(table& to, std::string_view line, char delimiter, size_t number) {
  const size_t before = to.values.size();
  size_t columns = 0;
  for (const char *at = line.data(), *end = line.data() + line.size();; ++at) {
    const auto* next = static_cast<const char*>(std::memchr(at, delimiter, static_cast<size_t>(end - at)));
    const std::string_view field{at, static_cast<size_t>((next ? next : end) - at)};
    float value;
    if (!parse_number(field, value)) {
      to.values.resize(before);
      const auto value = shown(trim(field), shown_max);
      return tl::unexpected(csv_error{fmt::format("line {}: '{}' is not a number", number, value), value});
    }
    to.values.push_back(value);
    if (++columns > columns_max) return wrong(number, fmt::format("more than {} columns", columns_max));
    if (!next) break;
    at = next;
  }
  if (to.columns == 0) to.columns = columns;
  if (columns != to.columns) {
    to.values.resize(before);
    return wrong(number, fmt::format("{} columns, where the lines before have {}", columns, to.columns));
  }
  ++to.rows;
  return {};
}

}  // namespace

char find_delimiter(std::string_view text) {
  const auto line = text.substr(0, text.find('\n'));
  for (char c : {',', ';', '\t', '|', ' '})
    if (trim(line).find(c) != std::string_view::npos) return c;
  return ',';
}

base::result<void, csv_error> append_csv(table& to, std::string_view text, char delimiter) {
  for (size_t number = 1; !text.empty(); ++number) {
    const auto line = take_line(text);
    if (!trim(line).empty()) MDLC_CHECK(append_row(to, line, delimiter, number));
  }
  return {};
}

size_t line_of_row(std::string_view text, size_t row) {
  size_t number = 0;
  for (size_t rows = 0; rows <= row && !text.empty(); ++number)
    if (!trim(take_line(text)).empty()) ++rows;
  return number;
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
