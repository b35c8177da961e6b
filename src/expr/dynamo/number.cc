#include "expr/dynamo/number.h"

namespace mdlc::expr::dynamo {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Exponents beyond this are out of range whatever the digits are, so no more of them need be kept.
constexpr int64_t exponent_cap = 1'000'000'000;

tl::unexpected<error> not_a_number(std::string_view text) {
  if (text.empty()) return refuse("The parameter cannot be converted to a numeric value");
  return refuse(fmt::format("The parameter cannot be converted to a numeric value: {}", text));
}

// Digits from `at` on; moves `at` behind them.
std::string_view take_digits(std::string_view text, size_t& at) {
  const size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return text.substr(begin, at - begin);
}

// a + b, or a - b where a >= b; both of the same length, most significant first. A carry makes one digit more.
std::string add_digits(const std::string& a, const std::string& b) {
  std::string out(a.size() + 1, '0');
  int carry = 0;
  for (size_t i = a.size(); i-- > 0;) {
    const int sum = (a[i] - '0') + (b[i] - '0') + carry;
    out[i + 1] = static_cast<char>('0' + sum % 10);
    carry = sum / 10;
  }
  out[0] = static_cast<char>('0' + carry);
  return out;
}

std::string subtract_digits(const std::string& a, const std::string& b) {
  std::string out(a.size() + 1, '0');
  int borrow = 0;
  for (size_t i = a.size(); i-- > 0;) {
    int difference = (a[i] - '0') - (b[i] - '0') - borrow;
    borrow = difference < 0;
    if (borrow) difference += 10;
    out[i + 1] = static_cast<char>('0' + difference);
  }
  return out;
}

}  // namespace

answer<number> number::make(bool negative, std::string digits, int64_t exponent) {
  const size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return number{};
  exponent -= static_cast<int64_t>(first);
  digits.erase(digits.find_last_not_of('0') + 1);
  digits.erase(0, first);
  if (digits.size() > max_significant_digits)
    return refuse("Attempting to store more than 38 significant digits in a Number");
  if (exponent > max_number_exponent)
    return refuse("Number overflow. Attempting to store a number with magnitude larger than supported range");
  if (exponent < min_number_exponent)
    return refuse("Number underflow. Attempting to store a number with magnitude smaller than supported range");
  number out;
  out.negative_ = negative;
  out.exponent_ = static_cast<int>(exponent);
  out.digits_ = std::move(digits);
  return out;
}

answer<number> number::parse(std::string_view text) {
  size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++at;
  const auto whole = take_digits(text, at);
  std::string_view fraction;
  if (at < text.size() && text[at] == '.') fraction = take_digits(text, ++at);
  if (whole.empty() && fraction.empty()) return not_a_number(text);
  int64_t exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool down = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const auto digits = take_digits(text, at);
    if (digits.empty()) return not_a_number(text);
    for (char c : digits) exponent = std::min(exponent * 10 + (c - '0'), exponent_cap);
    if (down) exponent = -exponent;
  }
  if (at != text.size()) return not_a_number(text);
  return make(negative, std::string(whole) + std::string(fraction), exponent + static_cast<int64_t>(whole.size()) - 1);
}

number number::from_integer(int64_t i) { return *parse(std::to_string(i)); }

std::string number::str() const {
  if (digits_.empty()) return "0";
  std::string out = negative_ ? "-" : "";
  const int count = static_cast<int>(digits_.size());
  if (exponent_ < 0) {
    out += "0." + std::string(static_cast<size_t>(-exponent_ - 1), '0') + digits_;
  } else if (count <= exponent_ + 1) {
    out += digits_ + std::string(static_cast<size_t>(exponent_ + 1 - count), '0');
  } else {
    const auto whole = static_cast<size_t>(exponent_) + 1;
    out += digits_.substr(0, whole) + "." + digits_.substr(whole);
  }
  return out;
}

std::string number::order_key() const {
  // A byte for the sign, one for the exponent, then two digits a byte, none of them 0. A negative number's bytes are
  // complemented and ended by the greatest byte, so that of two which begin alike the longer one is the smaller.
  constexpr char below = 0x01, zero = 0x02, above = 0x03;
  if (digits_.empty()) return std::string(1, zero);
  std::string magnitude(1, static_cast<char>(exponent_ - min_number_exponent));
  for (size_t i = 0; i < digits_.size(); i += 2) {
    const int tens = digits_[i] - '0', ones = i + 1 < digits_.size() ? digits_[i + 1] - '0' : 0;
    magnitude += static_cast<char>(tens * 10 + ones + 1);
  }
  if (!negative_) return above + magnitude;
  for (char& c : magnitude) c = static_cast<char>(~c);
  return below + magnitude + '\xff';
}

std::strong_ordering number::compare_magnitude(const number& a, const number& b) {
  if (a.digits_.empty() || b.digits_.empty()) return !a.digits_.empty() <=> !b.digits_.empty();
  if (a.exponent_ != b.exponent_) return a.exponent_ <=> b.exponent_;
  return a.digits_ <=> b.digits_;
}

std::strong_ordering operator<=>(const number& a, const number& b) {
  if (a.negative_ != b.negative_) return b.negative_ <=> a.negative_;
  return a.negative_ ? number::compare_magnitude(b, a) : number::compare_magnitude(a, b);
}

answer<number> number::sum_of(const number& a, const number& b) {
  if (a.digits_.empty()) return b;
  if (b.digits_.empty()) return a;
  // Both as digits from the higher first place down to the lower last place: 255 and some places at most.
  const int top = std::max(a.exponent_, b.exponent_);
  const int bottom =
      std::min(a.exponent_ - static_cast<int>(a.digits_.size()), b.exponent_ - static_cast<int>(b.digits_.size())) + 1;
  const auto spread = [&](const number& n) {
    std::string out(static_cast<size_t>(top - bottom + 1), '0');
    out.replace(static_cast<size_t>(top - n.exponent_), n.digits_.size(), n.digits_);
    return out;
  };
  if (a.negative_ == b.negative_) return make(a.negative_, add_digits(spread(a), spread(b)), top + 1);
  const bool a_is_greater = compare_magnitude(a, b) > 0;
  const number& greater = a_is_greater ? a : b;
  const number& less = a_is_greater ? b : a;
  return make(greater.negative_, subtract_digits(spread(greater), spread(less)), top + 1);
}

answer<number> add(const number& a, const number& b) { return number::sum_of(a, b); }

answer<number> subtract(const number& a, const number& b) {
  number minus_b = b;
  if (!minus_b.digits_.empty()) minus_b.negative_ = !minus_b.negative_;
  return number::sum_of(a, minus_b);
}

}  // namespace mdlc::expr::dynamo
