// What the readers of CSV and of libsvm share: lines, fields and numbers, and how a message shows them.
#pragma once

#include <string>
#include <string_view>

namespace mdlc::runner::xgboost {

// The most features that a row may have, or columns of CSV.
inline constexpr size_t columns_max = 1'000'000;
// The most of a field that a message shows.
inline constexpr size_t field_shown_max = 40;

// Without the spaces, tabs and carriage returns around it.
std::string_view trim(std::string_view text);

// The first line, without its end, which is taken off `text`.
std::string_view take_line(std::string_view& text);

// As numpy reads a field: to double precision, then rounded to the float that XGBoost works with. inf and nan are
// numbers; nothing is none.
bool parse_number(std::string_view field, float& out);

// The start of it as a message can show it: what is no character, or none that can be seen, as \x00.
std::string shown(std::string_view bytes, size_t bytes_max);

}  // namespace mdlc::runner::xgboost
