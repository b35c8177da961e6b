// $formatNumber: a number by a picture such as #,##0.00;(#,##0.00), after XPath's format-number.
// Private to this library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/jsonata/ast.h"

namespace mdlc::expr::jsonata {

class number_format {
 public:
  // A property by its name (decimal-separator …). Unknown ones are ignored. False where the value cannot be one.
  bool set(std::string_view name, std::string_view value);
  base::result<std::string, fault> format(double, std::string_view picture) const;

 private:
  // A picture, or one of its two halves, taken apart.
  struct half {
    std::u32string prefix, suffix, active, mantissa, integer, fraction, exponent, whole;
    bool has_exponent = false;
    std::vector<size_t> integer_groups, fraction_groups;  // digits to the right, to the left
    size_t regular = 0;
    size_t least_integer = 0, scale = 0, least_fraction = 0, most_fraction = 0, least_exponent = 0;
  };

  bool is_digit(char32_t c) const { return c >= zero_ && c < zero_ + 10; }
  bool is_active(char32_t c) const;
  size_t digits(std::u32string_view, bool optional_too) const;
  half split(std::u32string_view picture) const;
  const char* problem(const half&) const;
  void analyse(half&) const;
  std::u32string digits_of(double, size_t places) const;
  std::u32string grouped(std::u32string, const half&) const;

  char32_t decimal_ = U'.', grouping_ = U',', exponent_ = U'e', percent_ = U'%', per_mille_ = U'\u2030', zero_ = U'0',
           digit_ = U'#', pattern_ = U';';
  std::u32string minus_ = U"-", infinity_ = U"Infinity", nan_ = U"NaN";
};

}  // namespace mdlc::expr::jsonata
