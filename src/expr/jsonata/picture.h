// Picture strings: how integers and dates are written (XPath's functions, as JSONata has them).
// Private to this library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expr/jsonata/ast.h"

namespace mdlc::expr::jsonata {

enum class letter_case { lower, upper, title };

// 1  001  #,##0  A  i  Ww  1;o …
struct integer_picture {
  enum class kind { decimal, letters, roman, words, sequence };
  struct separator {
    size_t position;  // digits to its right
    char32_t sign;
  };
  kind what = kind::decimal;
  letter_case letters = letter_case::lower;
  bool ordinal = false;
  char32_t zero = U'0';
  size_t mandatory = 0, optional = 0;
  bool regular = false;  // the one separator is repeated every `position` digits
  std::vector<separator> separators{};
  std::string token{};                  // of a sequence, which is not supported
  std::optional<size_t> parse_width{};  // digits to read, where another number follows at once

  static base::result<integer_picture, fault> parse(std::string_view);
};

// The text of an integer. REQUIRES a finite one, and for roman numerals one below roman_limit.
inline constexpr double roman_limit = 1e7;
base::result<std::string, fault> format_integer(double, const integer_picture&);
// The integer that a text stands for; NaN where it stands for none.
base::result<double, fault> parse_integer(std::string_view, const integer_picture&);
// What texts of that picture match.
base::result<std::string, fault> integer_pattern(const integer_picture&);

// [Y0001]-[M01]-[D01] …
struct date_picture {
  struct part {
    char32_t component = 0;  // 0: a literal
    std::string literal{};
    std::string presentation{};
    char second = 0;
    std::optional<letter_case> names{};
    bool has_width = false;
    std::optional<size_t> min{}, max{};
    std::optional<integer_picture> integer{};
    std::optional<size_t> year_digits{};
  };
  std::vector<part> parts{};

  static base::result<date_picture, fault> parse(std::string_view);
};

// Milliseconds since 1970 → text. `offset_minutes`: of the time zone shown.
base::result<std::string, fault> format_date(double millis, const date_picture&, int offset_minutes);
// Text → milliseconds; nothing where it does not match. What the text leaves out ahead of what it gives is now's.
base::result<std::optional<double>, fault> parse_date(std::string_view text, const date_picture&, double now_millis);
// ISO 8601 with all that may be left out; nothing where it is none.
std::optional<double> parse_iso_date(std::string_view);

// Largest magnitude of a time, as JavaScript has it.
inline constexpr double max_millis = 8.64e15;

}  // namespace mdlc::expr::jsonata
