// Numbers as Python prints them, which is what SageMaker's XGBoost container answers with.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace mdlc::runner::xgboost {

// Appends repr(value): the shortest digits that read back the same, with a point or an exponent.
inline void append_python(std::string& to, double value) {
  if (std::isnan(value)) {
    to += "nan";
    return;
  }
  if (std::isinf(value)) {
    to += value < 0 ? "-inf" : "inf";
    return;
  }
  char digits[64];
  const double size = std::fabs(value);
  const bool with_exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto end = std::to_chars(digits, digits + sizeof digits, value,
                                 with_exponent ? std::chars_format::scientific : std::chars_format::fixed);
  const std::string_view text{digits, end.ptr};
  to += text;
  if (!with_exponent && text.find('.') == std::string_view::npos) to += ".0";
}

}  // namespace mdlc::runner::xgboost
