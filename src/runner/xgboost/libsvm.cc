#include "runner/xgboost/libsvm.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

namespace mdlc::runner::xgboost {
namespace {

constexpr std::string_view blanks = " \t\r";

// The next word of the line, which is taken off it; empty at its end.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const auto word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

// Digits and nothing else, in 64 bits.
bool parse_count(std::string_view text, uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

base::result<void> append_label(sparse_table& to, std::string_view word) {
  const auto colon = word.find(':');
  float label;
  if (!parse_number(word.substr(0, colon), label) || !std::isfinite(label))
    return base::fail(fmt::format("the label '{}' is not a finite number", shown(word, field_shown_max)));
  to.labels.push_back(label);
  if (colon == std::string_view::npos) return {};
  float weight;
  if (!parse_number(word.substr(colon + 1), weight) || !std::isfinite(weight) || weight < 0)
    return base::fail(fmt::format("the weight in '{}' is not a finite number from 0 on", shown(word, field_shown_max)));
  to.weights.push_back(weight);
  return {};
}

base::result<void> append_query_id(sparse_table& to, std::string_view word) {
  uint64_t id;
  if (!parse_count(word.substr(word.find(':') + 1), id) || id > UINT32_MAX)
    return base::fail(fmt::format("'{}' is not qid: and a number of 32 bits", shown(word, field_shown_max)));
  if (!to.query_ids.empty() && to.query_ids.back() > id)
    return base::fail(fmt::format("qid {} after {}: rows must be sorted by qid", id, to.query_ids.back()));
  to.query_ids.push_back(static_cast<uint32_t>(id));
  return {};
}

base::result<void> append_feature(sparse_table& to, std::string_view word) {
  const auto colon = word.find(':');
  uint64_t index;
  float value;
  if (colon == std::string_view::npos ||
      word.substr(0, colon).find_first_not_of("0123456789") != std::string_view::npos || colon == 0 ||
      !parse_number(word.substr(colon + 1), value))
    return base::fail(fmt::format("'{}' is not index:value", shown(word, field_shown_max)));
  if (!parse_count(word.substr(0, colon), index) || index >= columns_max)
    return base::fail(fmt::format("the index in '{}' is not below {}", shown(word, field_shown_max), columns_max));
  to.indices.push_back(static_cast<uint32_t>(index));
  to.values.push_back(value);
  return {};
}

// Rows are mostly sorted already, which is looked for first.
base::result<void> sort_row(sparse_table& t, size_t from) {
  const auto first = t.indices.begin() + static_cast<ptrdiff_t>(from);
  if (!std::is_sorted(first, t.indices.end())) {
    std::vector<std::pair<uint32_t, float>> entries;
    for (size_t i = from; i < t.indices.size(); ++i) entries.emplace_back(t.indices[i], t.values[i]);
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < entries.size(); ++i) std::tie(t.indices[from + i], t.values[from + i]) = entries[i];
  }
  if (const auto twice = std::adjacent_find(first, t.indices.end()); twice != t.indices.end())
    return base::fail(fmt::format("the index {} stands there twice", *twice));
  return {};
}

base::result<void> append_row(sparse_table& to, std::string_view line, libsvm_rows kind) {
  auto word = take_word(line);
  if (kind == libsvm_rows::labelled) {
    MDLC_CHECK(append_label(to, word));
    word = take_word(line);
    if (word.starts_with("qid:")) {
      MDLC_CHECK(append_query_id(to, word));
      word = take_word(line);
    }
  } else if (word.find(':') == std::string_view::npos) {
    float ignored;
    if (!parse_number(word, ignored))
      return base::fail(fmt::format("the label '{}' is not a number", shown(word, field_shown_max)));
    word = take_word(line);
  }
  const size_t from = to.indices.size();
  for (; !word.empty(); word = take_word(line)) MDLC_CHECK(append_feature(to, word));
  MDLC_CHECK(sort_row(to, from));
  if (to.indices.size() > from) to.features = std::max<size_t>(to.features, to.indices.back() + size_t{1});
  to.row_starts.push_back(to.indices.size());
  if (!to.weights.empty() && to.weights.size() != to.rows()) return base::fail("some rows have a weight and some none");
  if (!to.query_ids.empty() && to.query_ids.size() != to.rows())
    return base::fail("some rows have a qid and some none");
  if (!to.weights.empty() && !to.query_ids.empty())
    return base::fail("a weight beside a qid: weights are a query's there, not a row's");
  return {};
}

}  // namespace

base::result<void> append_libsvm(sparse_table& to, std::string_view text, libsvm_rows kind) {
  for (size_t number = 1; !text.empty(); ++number) {
    auto line = take_line(text);
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (const auto appended = append_row(to, line, kind); !appended)
      return base::fail(fmt::format("line {}: {}", number, appended.error().message));
  }
  return {};
}

}  // namespace mdlc::runner::xgboost
