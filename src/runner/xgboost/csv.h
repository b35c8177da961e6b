// CSV as XGBoost takes it: numbers only, no header, the same columns in each row. Fast, since it is most of the work.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runner/xgboost/text.h"

namespace mdlc::runner::xgboost {

// Row-major. An empty field is a missing value, and so is the word nan.
struct table {
  std::vector<float> values;
  size_t rows = 0;
  size_t columns = 0;  // 0 until the first row
};

// One of , ; tab | or space: whichever comes first in that order in the text's first line.
char find_delimiter(std::string_view text);

struct csv_error {
  std::string message;  // names the line, counted from 1, and the value: "line 2: 'x' is not a number"
  std::string value;    // as the message shows it; empty where it is not one value that is wrong
};

// Appends the rows of `text`, which holds whole lines (the last one need not end); blank lines are skipped.
base::result<void, csv_error> append_csv(table& to, std::string_view text, char delimiter);

// The line, counted from 1, of the text's row of that number, counted from 0.
size_t line_of_row(std::string_view text, size_t row);

}  // namespace mdlc::runner::xgboost
