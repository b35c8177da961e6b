#include "expr/jsonata/format_number.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "expr/jsonata/number.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr size_t max_places = 100;  // JavaScript's toFixed

std::u32string wide(std::string_view s) {
  std::u32string out;
  for (size_t i = 0; i < s.size();) out += utf::next(s, i);
  return out;
}

std::string narrow(std::u32string_view s) {
  std::string out;
  for (char32_t c : s) utf::append(out, c);
  return out;
}

bool twice(std::u32string_view s, char32_t c) { return s.find(c) != s.rfind(c); }
bool has(std::u32string_view s, char32_t c) { return s.find(c) != std::u32string_view::npos; }

}  // namespace

bool number_format::set(std::string_view name, std::string_view value) {
  auto text = wide(value);
  if (name == "minus-sign") minus_ = text;
  if (name == "infinity") infinity_ = text;
  if (name == "NaN") nan_ = text;
  struct {
    std::string_view name;
    char32_t* sign;
  } signs[] = {{"decimal-separator", &decimal_},
               {"grouping-separator", &grouping_},
               {"exponent-separator", &exponent_},
               {"percent", &percent_},
               {"per-mille", &per_mille_},
               {"zero-digit", &zero_},
               {"digit", &digit_},
               {"pattern-separator", &pattern_}};
  for (auto& s : signs) {
    if (s.name != name) continue;
    if (text.empty()) return false;
    *s.sign = text[0];
  }
  return true;
}

bool number_format::is_active(char32_t c) const {
  return is_digit(c) || c == decimal_ || c == exponent_ || c == grouping_ || c == digit_ || c == pattern_;
}

size_t number_format::digits(std::u32string_view s, bool optional_too) const {
  return static_cast<size_t>(
      std::count_if(s.begin(), s.end(), [&](char32_t c) { return is_digit(c) || (optional_too && c == digit_); }));
}

number_format::half number_format::split(std::u32string_view picture) const {
  half h;
  h.whole = picture;
  auto bounds = [&](char32_t c) { return is_active(c) && c != exponent_; };
  auto begin = std::find_if(picture.begin(), picture.end(), bounds);
  auto end = std::find_if(picture.rbegin(), picture.rend(), bounds).base();
  if (begin == picture.end()) {
    h.active = picture;
  } else {
    h.prefix.assign(picture.begin(), begin);
    h.suffix.assign(end, picture.end());
    h.active.assign(begin, end);
  }
  size_t exponent = h.active.find(exponent_);
  // An exponent without digits ends the active part, and is refused.
  h.has_exponent = exponent != std::u32string::npos || h.suffix.starts_with(exponent_);
  h.mantissa = h.active.substr(0, exponent);
  if (exponent != std::u32string::npos) h.exponent = h.active.substr(exponent + 1);
  size_t point = h.mantissa.find(decimal_);
  h.integer = h.mantissa.substr(0, point);
  if (point != std::u32string::npos) h.fraction = h.mantissa.substr(point + 1);
  return h;
}

// What XPath does not allow; of several the one that its list has last.
const char* number_format::problem(const half& h) const {
  const char* out = nullptr;
  size_t point = h.whole.find(decimal_);
  if (twice(h.whole, decimal_)) out = "D3081";
  if (twice(h.whole, percent_)) out = "D3082";
  if (twice(h.whole, per_mille_)) out = "D3083";
  if (has(h.whole, percent_) && has(h.whole, per_mille_)) out = "D3084";
  if (!digits(h.mantissa, true)) out = "D3085";
  if (!std::all_of(h.active.begin(), h.active.end(), [&](char32_t c) { return is_active(c); })) out = "D3086";
  if (point != std::u32string::npos) {
    if ((point > 0 && h.whole[point - 1] == grouping_) || h.whole.substr(point + 1, 1) == std::u32string{grouping_})
      out = "D3087";
  } else if (!h.integer.empty() && h.integer.back() == grouping_) {
    out = "D3088";
  }
  if (h.whole.find(std::u32string(2, grouping_)) != std::u32string::npos) out = "D3089";
  size_t optional = h.integer.find(digit_);
  if (optional != std::u32string::npos && digits(h.integer.substr(0, optional), false)) out = "D3090";
  optional = h.fraction.rfind(digit_);
  if (optional != std::u32string::npos && digits(h.fraction.substr(optional), false)) out = "D3091";
  if (h.has_exponent && !h.exponent.empty() && (has(h.whole, percent_) || has(h.whole, per_mille_))) out = "D3092";
  if (h.has_exponent && (h.exponent.empty() || digits(h.exponent, false) != h.exponent.size())) out = "D3093";
  return out;
}

void number_format::analyse(half& h) const {
  for (size_t i = 0; i < h.integer.size(); ++i)
    if (h.integer[i] == grouping_) h.integer_groups.push_back(digits(std::u32string_view{h.integer}.substr(i), true));
  for (size_t i = 0; i < h.fraction.size(); ++i)
    if (h.fraction[i] == grouping_)
      h.fraction_groups.push_back(digits(std::u32string_view{h.fraction}.substr(0, i), true));
  size_t factor =
      std::accumulate(h.integer_groups.begin(), h.integer_groups.end(), size_t{0}, std::gcd<size_t, size_t>);
  bool regular = !h.integer_groups.empty();
  for (size_t i = 1; i <= h.integer_groups.size(); ++i)
    regular =
        regular && std::find(h.integer_groups.begin(), h.integer_groups.end(), i * factor) != h.integer_groups.end();
  h.regular = regular ? factor : 0;
  h.least_integer = h.scale = digits(h.integer, false);
  h.least_fraction = digits(h.fraction, false);
  h.most_fraction = digits(h.fraction, true);
  if (h.least_integer == 0 && h.most_fraction == 0) {
    if (h.has_exponent)
      h.least_fraction = h.most_fraction = 1;
    else
      h.least_integer = 1;
  }
  if (h.has_exponent && h.least_integer == 0 && has(h.integer, digit_)) h.least_integer = 1;
  if (h.least_integer == 0 && h.least_fraction == 0) h.least_fraction = 1;
  if (h.has_exponent) h.least_exponent = digits(h.exponent, false);
}

std::u32string number_format::digits_of(double d, size_t places) const {
  std::u32string out = wide(to_fixed(std::abs(d), static_cast<int>(std::min(places, max_places))));
  for (char32_t& c : out)
    if (c >= U'0' && c <= U'9') c = c - U'0' + zero_;
  return out;
}

std::u32string number_format::grouped(std::u32string s, const half& h) const {
  size_t point = s.find(decimal_);
  // The fraction first: what is put into the integer part moves it.
  size_t inserted = 0;
  for (size_t left : h.fraction_groups)
    if (point + 1 + left + inserted < s.size()) s.insert(point + 1 + left + inserted++, 1, grouping_);
  if (h.regular) {
    for (size_t right = h.regular; right < point; right += h.regular) s.insert(point - right, 1, grouping_);
  } else {
    // From the right to the left.
    for (auto right = h.integer_groups.rbegin(); right != h.integer_groups.rend(); ++right)
      if (*right < point) s.insert(point - *right, 1, grouping_);
  }
  return s;
}

base::result<std::string, fault> number_format::format(double d, std::string_view picture) const {
  auto all = wide(picture);
  std::vector<half> halves;
  for (size_t from = 0; from != std::u32string::npos;) {
    size_t to = all.find(pattern_, from);
    halves.push_back(split(std::u32string_view{all}.substr(from, to == std::u32string::npos ? to : to - from)));
    from = to == std::u32string::npos ? to : to + 1;
    if (halves.size() > 2) return tl::unexpected(fault{.code = "D3080"});
  }
  for (const half& h : halves)
    if (auto* code = problem(h)) return tl::unexpected(fault{.code = code});
  for (half& h : halves) analyse(h);
  if (halves.size() == 1) {
    halves.push_back(halves[0]);
    halves[1].prefix = minus_ + halves[1].prefix;
  }
  if (std::isnan(d)) return narrow(nan_);
  const half& h = d >= 0 ? halves[0] : halves[1];
  if (std::isinf(d)) return narrow(h.prefix + infinity_ + h.suffix);
  double mantissa = has(h.whole, percent_) ? d * 100 : has(h.whole, per_mille_) ? d * 1000 : d;
  double exponent = 0;
  if (h.least_exponent && mantissa != 0 && std::isfinite(mantissa)) {
    double most = std::pow(10, static_cast<double>(h.scale)), least = std::pow(10, static_cast<double>(h.scale) - 1);
    for (; std::abs(mantissa) < least && exponent > -400; --exponent) mantissa *= 10;
    for (; std::abs(mantissa) > most && exponent < 400; ++exponent) mantissa /= 10;
  }
  auto text =
      digits_of(round_half_even(mantissa, static_cast<int>(std::min(h.most_fraction, max_places))), h.most_fraction);
  size_t point = text.find(U'.');
  if (point == std::u32string::npos)
    text += decimal_;
  else
    text[point] = decimal_;
  text.erase(0, std::min(text.find_first_not_of(zero_), text.size()));
  text.erase(text.find_last_not_of(zero_) + 1);
  point = text.find(decimal_);
  if (point < h.least_integer) text.insert(0, h.least_integer - point, zero_);
  point = text.find(decimal_);
  size_t places = text.size() - point - 1;
  if (places < h.least_fraction) text.append(h.least_fraction - places, zero_);
  text = grouped(std::move(text), h);
  if (!has(h.whole, decimal_) || text.back() == decimal_) text.pop_back();
  if (h.least_exponent) {
    auto digits = digits_of(exponent, 0);
    if (digits.size() < h.least_exponent) digits.insert(0, h.least_exponent - digits.size(), zero_);
    text += exponent_ + (exponent < 0 ? minus_ : U"") + digits;
  }
  return narrow(h.prefix + text + h.suffix);
}

}  // namespace mdlc::expr::jsonata
