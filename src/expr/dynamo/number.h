// DynamoDB's numbers: decimals of up to 38 significant digits, of magnitude 1E-130 to 9.99…E+125, exact.
//
// Our own rather than Boost.Multiprecision's cpp_dec_float: that one computes with more digits than it was asked for
// and rounds in silence, where DynamoDB refuses; and what is needed is parsing, printing, order, plus and minus, no
// more.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "expr/dynamo/error.h"

namespace mdlc::expr::dynamo {

inline constexpr int max_significant_digits = 38;
inline constexpr int max_number_exponent = 125;  // of the first digit
inline constexpr int min_number_exponent = -130;

class number {
 public:
  number() = default;  // 0

  // [+-] digits [. digits] [e [+-] digits]; a digit at least on one side of the point.
  static answer<number> parse(std::string_view text);
  static number from_integer(int64_t);

  // As DynamoDB prints: never an exponent, no superfluous zeros, zero without a sign.
  std::string str() const;

  // Bytes whose order (as of memcmp, a prefix being less) is the numbers' order.
  std::string order_key() const;

  friend answer<number> add(const number&, const number&);
  friend answer<number> subtract(const number&, const number&);
  friend std::strong_ordering operator<=>(const number&, const number&);
  friend bool operator==(const number&, const number&) = default;

 private:
  static answer<number> make(bool negative, std::string digits, int64_t exponent);
  static std::strong_ordering compare_magnitude(const number&, const number&);
  static answer<number> sum_of(const number&, const number&);

  bool negative_ = false;
  int exponent_ = 0;    // the first digit counts 10^exponent_
  std::string digits_;  // '0' to '9', neither beginning nor ending with '0'; empty is zero
};

}  // namespace mdlc::expr::dynamo
