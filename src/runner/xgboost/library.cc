#include "runner/xgboost/library.h"

#include <fmt/format.h>
#include <xgboost/c_api.h>

namespace mdlc::runner::xgboost {
namespace {

// Of "[00:00:00] /path/of/the/library.cu:123: what is wrong" the end: the rest helps nobody.
std::string_view without_place(std::string_view text) {
  const auto colon = text.find(": ");
  if (!text.starts_with('[') || colon == std::string_view::npos) return text;
  const auto place = text.substr(0, colon);
  const auto number = place.substr(place.rfind(':') + 1);
  const bool is_place = !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
  return is_place ? text.substr(colon + 2) : text;
}

tl::unexpected<base::error> failed() {
  std::string_view text{XGBGetLastError()};
  text = without_place(text.substr(0, text.find("\nStack trace")));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return base::fail(std::string{text});
}

// The array interface of numpy, in which libxgboost takes dense matrices.
std::string describe(const table& t, size_t first_column) {
  return fmt::format(R"({{"data":[{},true],"shape":[{},{}],"strides":[{},{}],"typestr":"<f4","version":3}})",
                     reinterpret_cast<uintptr_t>(t.values.data() + first_column), t.rows, t.columns - first_column,
                     t.columns * sizeof(float), sizeof(float));
}

// The same of one dimension. libxgboost wants an address even where there is nothing.
template <class T>
std::string describe(const std::vector<T>& items, std::string_view type) {
  static constexpr T nothing{};
  return fmt::format(R"({{"data":[{},true],"shape":[{}],"typestr":"{}","version":3}})",
                     reinterpret_cast<uintptr_t>(items.empty() ? &nothing : items.data()), items.size(), type);
}

struct sparse_description {
  explicit sparse_description(const sparse_table& t)
      : row_starts(describe(t.row_starts, "<u8")),
        indices(describe(t.indices, "<u4")),
        values(describe(t.values, "<f4")) {}
  std::string row_starts, indices, values;
};

// Without a cache_id, which it does not look at, the library refuses to predict in place.
std::string prediction_config(prediction_kind kind) {
  return fmt::format(
      R"({{"type":{},"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":true,"missing":NaN,)"
      R"("cache_id":0}})",
      kind == prediction_kind::margin ? 1 : 0);
}

predictions taken(const float* values, const bst_ulong* shape, bst_ulong dimensions) {
  const size_t width = dimensions > 1 ? shape[1] : 1;
  return {{values, values + shape[0] * width}, shape[0], width};
}

}  // namespace

std::string library_version() {
  int major = 0, minor = 0, patch = 0;
  XGBoostVersion(&major, &minor, &patch);
  return fmt::format("{}.{}.{}", major, minor, patch);
}

void on_library_message(void (*print)(const char*)) { XGBRegisterLogCallback(print); }

void matrix::free_handle::operator()(void* handle) const { XGDMatrixFree(handle); }

base::result<matrix> matrix::make(const table& t, size_t first_column) {
  void* handle = nullptr;
  if (XGDMatrixCreateFromDense(describe(t, first_column).c_str(), R"({"missing":NaN})", &handle) != 0) return failed();
  return matrix{handle};
}

base::result<matrix> matrix::make(const sparse_table& t, size_t features) {
  const sparse_description d{t};
  void* handle = nullptr;
  if (XGDMatrixCreateFromCSR(d.row_starts.c_str(), d.indices.c_str(), d.values.c_str(), features, R"({"missing":NaN})",
                             &handle) != 0)
    return failed();
  return matrix{handle};
}

base::result<void> matrix::set_labels(std::span<const float> labels) {
  if (XGDMatrixSetFloatInfo(handle(), "label", labels.data(), labels.size()) != 0) return failed();
  return {};
}

base::result<void> matrix::set_weights(std::span<const float> weights) {
  if (XGDMatrixSetFloatInfo(handle(), "weight", weights.data(), weights.size()) != 0) return failed();
  return {};
}

base::result<void> matrix::set_query_ids(std::span<const uint32_t> ids) {
  if (XGDMatrixSetUIntInfo(handle(), "qid", ids.data(), ids.size()) != 0) return failed();
  return {};
}

void booster::free_handle::operator()(void* handle) const { XGBoosterFree(handle); }

base::result<booster> booster::make(std::span<const matrix* const> cached) {
  std::vector<DMatrixHandle> handles;
  for (const auto* m : cached) handles.push_back(m->handle());
  void* handle = nullptr;
  if (XGBoosterCreate(handles.data(), handles.size(), &handle) != 0) return failed();
  return booster{handle};
}

base::result<booster> booster::load(std::string_view bytes) {
  MDLC_TRY(auto made, make({}));
  if (XGBoosterLoadModelFromBuffer(made.handle_.get(), bytes.data(), bytes.size()) != 0) return failed();
  return made;
}

base::result<void> booster::set(const std::string& name, const std::string& value) {
  if (XGBoosterSetParam(handle_.get(), name.c_str(), value.c_str()) != 0) return failed();
  return {};
}

base::result<void> booster::update(int round, const matrix& m) {
  if (XGBoosterUpdateOneIter(handle_.get(), round, m.handle()) != 0) return failed();
  return {};
}

base::result<std::string> booster::evaluate(int round, std::span<const matrix* const> matrices,
                                            std::span<const char* const> names) {
  std::vector<DMatrixHandle> handles;
  for (const auto* m : matrices) handles.push_back(m->handle());
  std::vector<const char*> words(names.begin(), names.end());
  const char* text = nullptr;
  if (XGBoosterEvalOneIter(handle_.get(), round, handles.data(), words.data(), handles.size(), &text) != 0)
    return failed();
  return std::string{text};
}

base::result<void> booster::set_attribute(const std::string& name, const std::string& value) {
  if (XGBoosterSetAttr(handle_.get(), name.c_str(), value.c_str()) != 0) return failed();
  return {};
}

base::result<booster> booster::first_rounds(int count) const {
  void* handle = nullptr;
  if (XGBoosterSlice(handle_.get(), 0, count, 1, &handle) != 0) return failed();
  return booster{handle};
}

base::result<std::string> booster::save(std::string_view format) const {
  bst_ulong size = 0;
  const char* bytes = nullptr;
  if (XGBoosterSaveModelToBuffer(handle_.get(), fmt::format(R"({{"format":"{}"}})", format).c_str(), &size, &bytes) !=
      0)
    return failed();
  return std::string{bytes, size};
}

base::result<size_t> booster::features() const {
  bst_ulong count = 0;
  if (XGBoosterGetNumFeature(handle_.get(), &count) != 0) return failed();
  return static_cast<size_t>(count);
}

base::result<std::string> booster::configuration() const {
  bst_ulong size = 0;
  const char* text = nullptr;
  if (XGBoosterSaveJsonConfig(handle_.get(), &size, &text) != 0) return failed();
  return std::string{text, size};
}

base::result<predictions> booster::predict(const table& t, prediction_kind kind) const {
  const auto config = prediction_config(kind);
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  if (XGBoosterPredictFromDense(handle_.get(), describe(t, 0).c_str(), config.c_str(), nullptr, &shape, &dimensions,
                                &values) == 0)
    return taken(values, shape, dimensions);
  MDLC_TRY(auto m, matrix::make(t));
  return predict_matrix(m, config);
}

base::result<predictions> booster::predict(const sparse_table& t) const {
  MDLC_TRY(const auto columns, features());
  const auto config = prediction_config(prediction_kind::value);
  const sparse_description d{t};
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  if (XGBoosterPredictFromCSR(handle_.get(), d.row_starts.c_str(), d.indices.c_str(), d.values.c_str(), columns,
                              config.c_str(), nullptr, &shape, &dimensions, &values) == 0)
    return taken(values, shape, dimensions);
  MDLC_TRY(auto m, matrix::make(t, columns));
  return predict_matrix(m, config);
}

// The linear booster does not predict in place; for it the rows become a matrix first.
base::result<predictions> booster::predict_matrix(const matrix& m, const std::string& config) const {
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  if (XGBoosterPredictFromDMatrix(handle_.get(), m.handle(), config.c_str(), &shape, &dimensions, &values) != 0)
    return failed();
  return taken(values, shape, dimensions);
}

}  // namespace mdlc::runner::xgboost
