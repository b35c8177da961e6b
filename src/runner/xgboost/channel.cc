#include "runner/xgboost/channel.h"

#include <cmath>

#include <fmt/format.h>

#include "runner/records/data_files.h"
#include "runner/xgboost/record_rows.h"

namespace mdlc::runner::xgboost {
namespace {

constexpr size_t shown_max = 80;

base::result<void> append_file(table& to, const sys::path& file, char& delimiter) {
  MDLC_TRY(auto mapped, records::mapped_file::open(file));
  const auto text = mapped.text();
  if (to.rows == 0) delimiter = find_delimiter(text);
  const size_t rows_before = to.rows;
  const auto name = shown(file.filename().native(), shown_max);
  if (const auto appended = append_csv(to, text, delimiter); !appended) {
    const auto& [message, value] = appended.error();
    // A first line of words is nearly always a header.
    if (to.rows == rows_before && !value.empty())
      return base::fail(fmt::format(
          "Non-numeric value '{}' found in the header line '{}...' of file '{}'. CSV format require no header line in "
          "it. If header line is already removed, XGBoost does not accept non-numeric value in the data.",
          value, shown(text.substr(0, text.find('\n')), shown_max), name));
    return base::fail(fmt::format("File '{}', {}", name, message));
  }
  for (size_t row = rows_before; row < to.rows; ++row)
    if (!std::isfinite(to.values[row * to.columns]))
      return base::fail(fmt::format("Label contains NaN, infinity or a value too large: file '{}', line {}", name,
                                    line_of_row(text, row - rows_before)));
  return {};
}

tl::unexpected<base::error> no_data(const sys::path& folder) {
  return base::fail(fmt::format("No data in channel '{}'", folder.filename().string()));
}

std::vector<float> take_column(const table& t, size_t column) {
  std::vector<float> out(t.rows);
  for (size_t i = 0; i < t.rows; ++i) out[i] = t.values[i * t.columns + column];
  return out;
}

base::result<data_set> read_csv(const sys::path& folder, bool with_weights, std::optional<size_t> features) {
  table all;
  char delimiter = ',';
  for (const auto& file : records::data_files(folder)) MDLC_CHECK(append_file(all, file, delimiter));
  if (all.rows == 0) return no_data(folder);
  if (features && all.columns == *features + 1) with_weights = false;
  const size_t first_feature = with_weights ? 2 : 1;
  if (all.columns <= first_feature)
    return base::fail(fmt::format("The data of channel '{}' has {} columns: a label{} and no features",
                                  folder.filename().string(), all.columns, with_weights ? ", a weight" : ""));
  const auto labels = take_column(all, 0);
  MDLC_TRY(auto data, matrix::make(all, first_feature));
  MDLC_CHECK(data.set_labels(labels));
  if (with_weights) MDLC_CHECK(data.set_weights(take_column(all, 1)));
  return data_set{std::move(data), all.rows, all.columns - first_feature};
}

// libsvm or records.
base::result<data_set> read_sparse(const sys::path& folder, data_format format, std::optional<size_t> features) {
  sparse_table all;
  const bool is_libsvm = format == data_format::libsvm;
  for (const auto& file : records::data_files(folder)) {
    MDLC_TRY(auto mapped, records::mapped_file::open(file));
    const auto read =
        is_libsvm ? append_libsvm(all, mapped.text(), libsvm_rows::labelled) : append_records(all, mapped.text(), true);
    if (!read)
      return base::fail(fmt::format("Failed to load {} data with exception:\nFile '{}', {}",
                                    is_libsvm ? "libsvm" : "recordio-protobuf",
                                    shown(file.filename().native(), shown_max), read.error().message));
  }
  if (all.rows() == 0) return no_data(folder);
  if (all.features == 0)
    return base::fail(fmt::format("The data of channel '{}' has labels and no features", folder.filename().string()));
  const auto width = std::max(all.features, features.value_or(0));
  MDLC_TRY(auto data, matrix::make(all, width));
  MDLC_CHECK(data.set_labels(all.labels));
  if (!all.weights.empty()) MDLC_CHECK(data.set_weights(all.weights));
  if (!all.query_ids.empty()) MDLC_CHECK(data.set_query_ids(all.query_ids));
  return data_set{std::move(data), all.rows(), width};
}

}  // namespace

base::result<data_format> find_format(std::string_view content_type) {
  std::string word{trim(content_type.substr(0, content_type.find(';')))};
  for (auto& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (word == "text/csv" || word == "csv") return data_format::csv;
  if (word == "text/libsvm" || word == "text/x-libsvm" || word == "libsvm") return data_format::libsvm;
  if (word == "application/x-recordio-protobuf" || word == "recordio-protobuf") return data_format::records;
  return base::fail(fmt::format("{} is not an accepted ContentType: {}.", word, accepted_types));
}

base::result<data_set> read_channel(const sys::path& folder, data_format format, bool with_weights,
                                    std::optional<size_t> features) {
  return format == data_format::csv ? read_csv(folder, with_weights, features) : read_sparse(folder, format, features);
}

}  // namespace mdlc::runner::xgboost
