#include "runner/algorithms/data.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "runner/records/data_files.h"
#include "runner/records/recordio.h"
#include "runner/xgboost/csv.h"

namespace mdlc::runner::algorithms {
namespace {

constexpr size_t shown_max = 80;
constexpr size_t csv_block_rows = 1000;  // in which SageMaker's reader counts

std::string name_of(const sys::path& file) { return xgboost::shown(file.native(), shown_max); }

// "line 12: …" is in rows 1-1000.
tl::unexpected<base::error> csv_fault(const sys::path& file, std::string_view why) {
  size_t line = 1;
  if (const auto at = why.find_first_of("0123456789"); at != std::string_view::npos)
    std::from_chars(why.data() + at, why.data() + why.size(), line);
  const auto block = (std::max<size_t>(line, 1) - 1) / csv_block_rows * csv_block_rows;
  return base::fail(fmt::format("Unable to parse csv: rows {}-{}, file {}: {}", block + 1, block + csv_block_rows,
                                name_of(file), why));
}

base::result<void> append_csv(data_set& to, const sys::path& file, size_t label_columns, bool wants_labels) {
  MDLC_TRY(auto mapped, records::mapped_file::open(file));
  xgboost::table t;
  const auto text = mapped.text();
  if (const auto read = xgboost::append_csv(t, text, ','); !read) return csv_fault(file, read.error().message);
  if (t.rows == 0) return {};
  if (t.columns <= label_columns)
    return csv_fault(file, fmt::format("line 1: {} columns, of which {} the label", t.columns, label_columns));
  const size_t features = t.columns - label_columns;
  if (to.rows && features != to.features)
    return csv_fault(file, fmt::format("line 1: {} features, where the files before have {}", features, to.features));
  to.features = features;
  for (size_t i = 0; i < t.rows; ++i) {
    const std::span<const float> row{t.values.data() + i * t.columns, t.columns};
    for (size_t c = wants_labels ? 0 : label_columns; c < t.columns; ++c)
      if (!std::isfinite(row[c]))
        return csv_fault(file, fmt::format("line {}: the {} is missing or not finite", xgboost::line_of_row(text, i),
                                           c < label_columns ? "label" : "value of a feature"));
    to.values.insert(to.values.end(), row.begin() + static_cast<ptrdiff_t>(label_columns), row.end());
    if (wants_labels) to.labels.push_back(row[0]);
  }
  to.rows += t.rows;
  return {};
}

class record_appender {
 public:
  record_appender(data_set& to, bool wants_labels, size_t cells_max)
      : to_(to), wants_labels_(wants_labels), cells_max_(cells_max) {}

  base::result<void> append(std::string_view bytes) {
    MDLC_CHECK(records::parse_record(bytes, one_));
    MDLC_TRY(const auto width, records::width_of(one_.features));
    if (width == 0) return base::fail("no features");
    if (to_.rows && width != to_.features)
      return base::fail(fmt::format("{} features, where the records before have {}", width, to_.features));
    to_.features = width;
    if (one_.features.values.size() != width && (sparse_cells_ += width) > cells_max_)
      return base::fail(fmt::format("sparse rows of more than {} values in all", cells_max_));
    MDLC_CHECK(append_label());
    const auto before = to_.values.size();
    to_.values.resize(before + width);
    const std::span<float> row{to_.values.data() + before, width};
    fill_row(one_.features, row);
    if (!std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); }))
      return base::fail("the value of a feature is not finite");
    ++to_.rows;
    return {};
  }

 private:
  base::result<void> append_label() {
    if (!wants_labels_) return {};
    if (one_.label.values.size() != 1)
      return base::fail(fmt::format("{} labels, where one is read", one_.label.values.size()));
    if (!std::isfinite(one_.label.values[0])) return base::fail("the label is not finite");
    to_.labels.push_back(one_.label.values[0]);
    return {};
  }

  data_set& to_;
  const bool wants_labels_;
  const size_t cells_max_;
  size_t sparse_cells_ = 0;
  records::record one_;
};

base::result<void> append_records(record_appender& to, const sys::path& file) {
  MDLC_TRY(auto mapped, records::mapped_file::open(file));
  records::recordio_reader reader{mapped.text()};
  std::string_view bytes;
  for (size_t number = 1;; ++number) {
    auto is_there = reader.next(bytes);
    if (is_there && !*is_there) return {};
    auto done = is_there ? to.append(bytes) : base::result<void>{tl::unexpected(is_there.error())};
    if (!done)
      return base::fail(
          fmt::format("Unable to read record {} of file {}: {}", number, name_of(file), done.error().message));
  }
}

}  // namespace

base::result<content> read_content_type(std::string_view content_type) {
  const auto end = content_type.find(';');
  std::string type{xgboost::trim(content_type.substr(0, end))};
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  if (type.empty() || type == "application/x-recordio-protobuf") return content{};
  if (type != "text/csv")
    return base::fail(
        fmt::format("No iterator has been registered for ContentType ('{}', '1.0')", xgboost::shown(type, shown_max)));
  content c{.format = row_format::csv};
  constexpr std::string_view label_size = "label_size=";
  if (const auto at = content_type.find(label_size); at != std::string_view::npos) {
    const auto value = xgboost::trim(content_type.substr(at + label_size.size()));
    if (value.empty() || (value[0] != '0' && value[0] != '1') || (value.size() > 1 && value[1] != ';'))
      return base::fail(
          fmt::format("label_size of the ContentType {} is neither 0 nor 1", xgboost::shown(content_type, shown_max)));
    c.label_columns = value[0] == '1' ? 1 : 0;
  }
  return c;
}

base::result<data_set> read_channel(const sys::path& folder, const content& c, bool wants_labels, size_t cells_max) {
  const auto channel = folder.filename().string();
  if (wants_labels && c.label_columns == 0)
    return base::fail(fmt::format("The data of channel '{}' has no label: label_size is 0", channel));
  data_set all;
  record_appender appender{all, wants_labels, cells_max};
  for (const auto& file : records::data_files(folder))
    MDLC_CHECK(c.format == row_format::csv ? append_csv(all, file, c.label_columns, wants_labels)
                                           : append_records(appender, file));
  if (all.rows == 0) return base::fail(fmt::format("No data in channel '{}'", channel));
  return all;
}

void fill_row(const records::tensor& t, std::span<float> row) {
  if (t.keys.empty() && !t.values.empty()) {
    std::copy(t.values.begin(), t.values.end(), row.begin());
    return;
  }
  std::fill(row.begin(), row.end(), 0.0f);
  for (size_t i = 0; i < t.keys.size(); ++i) row[t.keys[i]] = t.values[i];
}

}  // namespace mdlc::runner::algorithms
