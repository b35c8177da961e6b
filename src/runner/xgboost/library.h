// libxgboost's C API as values: matrices and boosters that free themselves, failures as results. The one place that
// includes it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runner/xgboost/csv.h"
#include "runner/xgboost/libsvm.h"

namespace mdlc::runner::xgboost {

std::string library_version();  // "1.7.4"

// What libxgboost itself prints goes to `print`, a line at a time.
void on_library_message(void (*print)(const char* line));

// A matrix with labels. Movable.
class matrix {
 public:
  // Of the table's columns from `first_column` on; the table may be dropped afterwards.
  static base::result<matrix> make(const table&, size_t first_column = 0);
  // Of all its rows, with `features` columns, at least the table's own number.
  static base::result<matrix> make(const sparse_table&, size_t features);
  base::result<void> set_labels(std::span<const float>);
  base::result<void> set_weights(std::span<const float>);
  base::result<void> set_query_ids(std::span<const uint32_t>);  // ascending
  void* handle() const { return handle_.get(); }

 private:
  struct free_handle {
    void operator()(void*) const;
  };
  explicit matrix(void* handle) : handle_(handle) {}
  std::unique_ptr<void, free_handle> handle_;
};

struct predictions {
  std::vector<float> values;  // row-major
  size_t rows = 0;
  size_t width = 1;  // more for a probability per class
};

enum class prediction_kind { value, margin };

// A model. `predict` is thread-safe once training and loading are over; nothing else is.
class booster {
 public:
  static base::result<booster> make(std::span<const matrix* const> cached);
  static base::result<booster> load(std::string_view bytes);  // any of libxgboost's own formats

  base::result<void> set(const std::string& name, const std::string& value);
  base::result<void> update(int round, const matrix&);
  // "[round]\ttrain-rmse:0.123\tvalidation-rmse:0.456"
  base::result<std::string> evaluate(int round, std::span<const matrix* const>, std::span<const char* const> names);
  base::result<void> set_attribute(const std::string& name, const std::string& value);
  // Its first rounds only.
  base::result<booster> first_rounds(int count) const;
  base::result<std::string> save(std::string_view format) const;  // "ubj", "json"

  base::result<size_t> features() const;
  // {"learner": …}: libxgboost's own description of all parameters.
  base::result<std::string> configuration() const;
  // Of rows with features() columns.
  base::result<predictions> predict(const table&, prediction_kind = prediction_kind::value) const;
  // Of rows with at most that many.
  base::result<predictions> predict(const sparse_table&) const;

 private:
  struct free_handle {
    void operator()(void*) const;
  };
  explicit booster(void* handle) : handle_(handle) {}
  base::result<predictions> predict_matrix(const matrix&, const std::string& config) const;
  std::unique_ptr<void, free_handle> handle_;
};

}  // namespace mdlc::runner::xgboost
