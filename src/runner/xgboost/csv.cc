#include "runner/xgboost/csv.h"

#include <cstring>
#include <limits>

#include <fmt/format.h>

namespace mdlc::runner::xgboost {
namespace {

tl::unexpected<csv_error> wrong(size_t line, std::string_view why) {
  return tl::unexpected(csv_error{fmt::format("line {}: {}", line, why), {}});
}

base::result<void, csv_error> append_row(table& to, std::string_view line, char delimiter, size_t number) {
  const size_t before = to.values.size();
  size_t columns = 0;
  for (const char *at = line.data(), *end = line.data() + line.size();; ++at) {
    const auto* next = static_cast<const char*>(std::memchr(at, delimiter, static_cast<size_t>(end - at)));
    const std::string_view field{at, static_cast<size_t>((next ? next : end) - at)};
    float value = std::numeric_limits<float>::quiet_NaN();
    if (!trim(field).empty() && !parse_number(field, value)) {
      to.values.resize(before);
      const auto value = shown(trim(field), field_shown_max);
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

}  // namespace mdlc::runner::xgboost
