// CSV as XGBoost takes it: numbers only, no header, the same columns in each row. Fast, since it is most of the work.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mdlc::runner::xgboost {

inline constexpr size_t columns_max = 1'000'000;

// Row-major. An empty field is a missing value, and so is the word nan.
struct table {
  std::vector<float> values;
  size_t rows = 0;
  size_t columns = 0;  // 0 until the first row
};

// One of , ; tab | or space: whichever comes first in that order in the text's first line.
char find_delimiter(std::string_view text);

// Appends the rows of `text`, which holds whole lines (the last one need not end); blank lines are skipped. An error
// names the line, counted from `first_line`, and the value.
base::result<void> append_csv(table& to, std::string_view text, char delimiter, size_t first_line = 1);

}  // namespace mdlc::runner::xgboost
