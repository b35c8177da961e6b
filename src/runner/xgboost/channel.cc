#include "runner/xgboost/channel.h"

#include <cmath>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace mdlc::runner::xgboost {
namespace {

constexpr size_t shown_max = 80;

// A whole file mapped for reading.
class mapped_file {
 public:
  static base::result<mapped_file> open(const sys::path& file) {
    const sys::descriptor fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat about;
    if (!fd || fstat(fd.get(), &about) != 0)
      return base::fail(fmt::format("File '{}' cannot be read", file.filename().string()));
    mapped_file m;
    m.size_ = static_cast<size_t>(about.st_size);
    if (m.size_ == 0) return m;
    void* at = mmap(nullptr, m.size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (at == MAP_FAILED) return base::fail(fmt::format("File '{}' cannot be read", file.filename().string()));
    madvise(at, m.size_, MADV_SEQUENTIAL);
    m.at_ = static_cast<const char*>(at);
    return m;
  }
  mapped_file(mapped_file&& other) noexcept : at_(std::exchange(other.at_, nullptr)), size_(other.size_) {}
  ~mapped_file() {
    if (at_) munmap(const_cast<char*>(at_), size_);
  }
  std::string_view text() const { return {at_, at_ ? size_ : 0}; }

 private:
  mapped_file() = default;
  const char* at_ = nullptr;
  size_t size_ = 0;
};

std::vector<sys::path> files_below(const sys::path& folder) {
  std::vector<sys::path> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at{folder, error}, end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (!name.starts_with('.') && at->is_regular_file(error)) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

base::result<void> append_file(table& to, const sys::path& file, char& delimiter) {
  MDLC_TRY(auto mapped, mapped_file::open(file));
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

std::vector<float> take_column(const table& t, size_t column) {
  std::vector<float> out(t.rows);
  for (size_t i = 0; i < t.rows; ++i) out[i] = t.values[i * t.columns + column];
  return out;
}

}  // namespace

base::result<void> check_content_type(std::string_view type) {
  std::string word{type.substr(0, type.find(';'))};
  while (!word.empty() && word.back() == ' ') word.pop_back();
  for (auto& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (word == "text/csv" || word == "csv") return {};
  return base::fail(fmt::format("{} is not an accepted ContentType: csv, text/csv.",
                                word.empty() ? "text/libsvm (the default)" : word));
}

base::result<data_set> read_channel(const sys::path& folder, bool with_weights, std::optional<size_t> features) {
  table all;
  char delimiter = ',';
  for (const auto& file : files_below(folder)) MDLC_CHECK(append_file(all, file, delimiter));
  if (all.rows == 0) return base::fail(fmt::format("No data in channel '{}'", folder.filename().string()));
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

}  // namespace mdlc::runner::xgboost
