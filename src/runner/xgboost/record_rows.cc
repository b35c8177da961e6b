#include "runner/xgboost/record_rows.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "runner/records/record.h"
#include "runner/records/recordio.h"

namespace mdlc::runner::xgboost {
namespace {

static_assert(records::tensor_values_max <= columns_max);

base::result<void> append_record(sparse_table& to, const records::record& r, bool is_labelled) {
  const auto& f = r.features;
  MDLC_TRY(const auto width, records::width_of(f));
  if (is_labelled) {
    if (r.label.values.size() != 1)
      return base::fail(fmt::format("{} labels, where one is read", r.label.values.size()));
    if (!std::isfinite(r.label.values[0])) return base::fail("Label contains NaN, infinity or a value too large");
    to.labels.push_back(r.label.values[0]);
  }
  std::vector<std::pair<uint32_t, float>> entries(f.values.size());
  for (size_t i = 0; i < entries.size(); ++i)
    entries[i] = {static_cast<uint32_t>(f.keys.empty() ? i : f.keys[i]), f.values[i]};
  if (!f.keys.empty())
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i && entries[i].first == entries[i - 1].first)
      return base::fail(fmt::format("the key {} stands there twice", entries[i].first));
    to.indices.push_back(entries[i].first);
    to.values.push_back(entries[i].second);
  }
  to.features = std::max(to.features, width);
  to.row_starts.push_back(to.indices.size());
  return {};
}

}  // namespace

base::result<void> append_records(sparse_table& to, std::string_view bytes, bool is_labelled) {
  auto reader = is_labelled ? records::recordio_reader{bytes} : records::recordio_reader::of_request(bytes);
  records::record one;
  for (size_t number = 1;; ++number) {
    std::string_view message;
    const auto done = [&]() -> base::result<bool> {
      MDLC_TRY(const bool is_there, reader.next(message));
      if (!is_there) return false;
      MDLC_CHECK(records::parse_record(message, one));
      MDLC_CHECK(append_record(to, one, is_labelled));
      return true;
    }();
    if (!done) return base::fail(fmt::format("record {}: {}", number, done.error().message));
    if (!*done) return {};
  }
}

}  // namespace mdlc::runner::xgboost
