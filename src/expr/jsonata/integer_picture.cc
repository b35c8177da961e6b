#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "expr/jsonata/number.h"
#include "expr/jsonata/picture.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

// The zeros of the decimal digits that Unicode has (in its first plane).
constexpr char32_t zeros[] = {0x30,   0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6,
                              0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0,
                              0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
                              0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

constexpr std::array<std::string_view, 20> small{
    "Zero", "One",    "Two",    "Three",    "Four",     "Five",    "Six",     "Seven",     "Eight",    "Nine",
    "Ten",  "Eleven", "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"};
constexpr std::array<std::string_view, 20> small_ordinals{
    "Zeroth",     "First",     "Second",    "Third",       "Fourth",     "Fifth",     "Sixth",
    "Seventh",    "Eighth",    "Ninth",     "Tenth",       "Eleventh",   "Twelfth",   "Thirteenth",
    "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth"};
constexpr std::array<std::string_view, 8> tens{"Twenty", "Thirty",  "Forty",  "Fifty",
                                               "Sixty",  "Seventy", "Eighty", "Ninety"};
constexpr std::array<std::string_view, 4> thousands{"Thousand", "Million", "Billion", "Trillion"};

std::string lowered(std::string_view s) {
  std::string out{s};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}
std::string raised(std::string_view s) {
  std::string out{s};
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

// `after`: something stands before, to which it is joined.
std::string in_words(double n, bool after, bool ordinal) {
  if (n < 20) {
    auto i = static_cast<size_t>(n);
    return (after ? " and " : "") + std::string{ordinal ? small_ordinals[i] : small[i]};
  }
  if (n < 100) {
    std::string word{tens[static_cast<size_t>(n / 10) - 2]};
    double rest = std::fmod(n, 10);
    if (rest > 0)
      word += "-" + in_words(rest, false, ordinal);
    else if (ordinal)
      word.replace(word.size() - 1, 1, "ieth");
    return (after ? " and " : "") + word;
  }
  double unit = 100;
  std::string name = "Hundred";
  if (n >= 1000) {
    size_t power = std::min<size_t>(static_cast<size_t>(std::log10(n) / 3), thousands.size());
    unit = std::pow(10, 3.0 * static_cast<double>(power));
    name = thousands[power - 1];
  }
  double count = std::floor(n / unit), rest = n - count * unit;
  std::string out = (after ? ", " : "") + in_words(count, false, false) + " " + name;
  if (rest > 0) return out + in_words(rest, true, ordinal);
  return ordinal ? out + "th" : out;
}

const std::unordered_map<std::string, double>& values_of_words() {
  static const auto all = [] {
    std::unordered_map<std::string, double> out;
    for (size_t i = 0; i < small.size(); ++i) {
      out[lowered(small[i])] = static_cast<double>(i);
      out[lowered(small_ordinals[i])] = static_cast<double>(i);
    }
    for (size_t i = 0; i < tens.size(); ++i) {
      auto word = lowered(tens[i]);
      out[word] = static_cast<double>(i + 2) * 10;
      out[word.substr(0, word.size() - 1) + "ieth"] = out[word];
    }
    out["hundred"] = out["hundredth"] = 100;
    for (size_t i = 0; i < thousands.size(); ++i) {
      auto word = lowered(thousands[i]);
      out[word] = out[word + "th"] = std::pow(10, static_cast<double>(i + 1) * 3);
    }
    return out;
  }();
  return all;
}

// Words stand between ", ", " and ", a blank or a hyphen: the width of what does here, or 0.
size_t word_break(std::string_view here) {
  if (here.starts_with(", ")) return 2;
  if (here.starts_with(" and ")) return 5;
  return std::string_view{" -\t\n\\"}.find(here[0]) != std::string_view::npos ? 1 : 0;
}

double from_words(std::string_view text) {
  std::vector<double> segments{0};
  std::string all = lowered(text);
  std::string_view rest = all;
  while (true) {
    size_t end = 0, width = 0;
    while (end < rest.size() && !(width = word_break(rest.substr(end)))) ++end;
    auto found = values_of_words().find(std::string{rest.substr(0, end)});
    if (found == values_of_words().end()) return std::nan("");
    double value = found->second;
    if (value < 100) {
      double top = segments.back();
      segments.pop_back();
      if (top >= 1000) {
        segments.push_back(top);
        top = 0;
      }
      segments.push_back(top + value);
    } else {
      segments.back() *= value;
    }
    if (!width) break;
    rest.remove_prefix(end + width);
  }
  return std::accumulate(segments.begin(), segments.end(), 0.0);
}

std::string in_roman(double n) {
  constexpr std::pair<int, std::string_view> numerals[] = {
      {1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"},
      {40, "xl"},  {10, "x"},   {9, "ix"},  {5, "v"},    {4, "iv"},  {1, "i"}};
  std::string out;
  for (auto [value, text] : numerals)
    for (; n >= value; n -= value) out += text;
  return out;
}

double from_roman(std::string_view text) {
  double out = 0, largest = 1;
  for (size_t i = text.size(); i-- > 0;) {
    constexpr std::string_view signs = "IVXLCDM";
    constexpr double values[] = {1, 5, 10, 50, 100, 500, 1000};
    size_t at = signs.find(text[i]);
    if (at == std::string_view::npos) return std::nan("");
    if (values[at] < largest) {
      out -= values[at];
    } else {
      largest = values[at];
      out += values[at];
    }
  }
  return out;
}

std::string in_letters(double n, char first) {
  std::string out;
  for (; n > 0; n = std::floor((n - 1) / 26)) out += static_cast<char>(first + static_cast<int>(std::fmod(n - 1, 26)));
  std::reverse(out.begin(), out.end());
  return out;
}

double from_letters(std::string_view text, char first) {
  double out = 0;
  for (char c : text) out = out * 26 + (c - first + 1);
  return out;
}

// The distance at which the one separator comes again and again, or 0.
size_t regular_distance(const std::vector<integer_picture::separator>& all) {
  size_t factor = 0;
  for (const auto& s : all) {
    if (s.sign != all[0].sign) return 0;
    factor = std::gcd(factor, s.position);
  }
  for (size_t i = 1; i <= all.size(); ++i)
    if (std::none_of(all.begin(), all.end(), [&](const auto& s) { return s.position == i * factor; })) return 0;
  return factor;
}

std::string to_utf8(const std::u32string& s) {
  std::string out;
  for (char32_t c : s) utf::append(out, c);
  return out;
}

std::string in_digits(double n, const integer_picture& p) {
  std::u32string digits;
  for (char c : to_text(n)) digits += static_cast<char32_t>(c);
  if (digits.size() < p.mandatory) digits.insert(0, p.mandatory - digits.size(), U'0');
  for (char32_t& c : digits) c = c - U'0' + p.zero;
  if (p.regular) {
    size_t every = p.separators[0].position;
    for (size_t at = digits.size(); at > every;) {
      at -= every;
      digits.insert(at, 1, p.separators[0].sign);
    }
  } else {
    // From the right to the left, so that what is inserted does not move what comes.
    size_t size = digits.size();
    for (const auto& s : p.separators)
      if (s.position < size) digits.insert(size - s.position, 1, s.sign);
  }
  if (!p.ordinal) return to_utf8(digits);
  char32_t last = digits.back();
  bool teen = digits.size() > 1 && digits[digits.size() - 2] == U'1';
  const char* suffix = teen ? "th" : last == U'1' ? "st" : last == U'2' ? "nd" : last == U'3' ? "rd" : "th";
  return to_utf8(digits) + suffix;
}

double from_digits(std::string_view text, const integer_picture& p) {
  if (p.ordinal) text = text.substr(0, text.size() < 2 ? 0 : text.size() - 2);
  std::string digits;
  for (size_t i = 0; i < text.size();) {
    char32_t c = utf::next(text, i);
    bool separates = p.regular ? c == U',' : false;
    for (const auto& s : p.separators) separates = separates || c == s.sign;
    if (separates) continue;
    if (p.zero != U'0') c = c - p.zero + U'0';
    utf::append(digits, c);
  }
  size_t begin = !digits.empty() && (digits[0] == '-' || digits[0] == '+') ? 1 : 0;
  size_t end = std::min(digits.find_first_not_of("0123456789", begin), digits.size());
  if (end == begin) return std::nan("");
  double out = parse_double(std::string_view{digits}.substr(begin, end - begin));
  return digits[0] == '-' ? -out : out;
}

fault unsupported(const integer_picture& p) { return {.code = "D3130", .value = json_text(p.token)}; }

}  // namespace

base::result<integer_picture, fault> integer_picture::parse(std::string_view text) {
  integer_picture out;
  size_t semicolon = text.rfind(';');
  if (semicolon != std::string_view::npos) {
    out.ordinal = text.substr(semicolon + 1).starts_with('o');
    text = text.substr(0, semicolon);
  }
  if (text == "A" || text == "I" || text == "W") out.letters = letter_case::upper;
  if (text == "Ww") out.letters = letter_case::title;
  if (text == "A" || text == "a") out.what = kind::letters;
  if (text == "I" || text == "i") out.what = kind::roman;
  if (text == "W" || text == "w" || text == "Ww") out.what = kind::words;
  if (out.what != kind::decimal) return out;

  std::u32string signs;
  for (size_t i = 0; i < text.size();) signs += utf::next(text, i);
  std::reverse(signs.begin(), signs.end());
  bool any = false;
  size_t position = 0;
  for (char32_t c : signs) {
    auto zero = std::find_if(std::begin(zeros), std::end(zeros), [&](char32_t z) { return c >= z && c <= z + 9; });
    if (zero != std::end(zeros)) {
      if (any && out.zero != *zero) return tl::unexpected(fault{.code = "D3131"});
      out.zero = *zero;
      any = true;
      ++out.mandatory;
      ++position;
    } else if (c == U'#') {
      ++out.optional;
      ++position;
    } else {
      out.separators.push_back({position, c});
    }
  }
  if (!any) {
    out.what = kind::sequence;
    out.token = text;
    out.separators.clear();
    return out;
  }
  if (size_t every = out.separators.empty() ? 0 : regular_distance(out.separators)) {
    out.regular = true;
    out.separators = {{every, out.separators[0].sign}};
  }
  return out;
}

base::result<std::string, fault> format_integer(double n, const integer_picture& p) {
  bool negative = n < 0;
  n = std::abs(n);
  std::string out;
  switch (p.what) {
    case integer_picture::kind::letters:
      out = in_letters(n, p.letters == letter_case::upper ? 'A' : 'a');
      break;
    case integer_picture::kind::roman:
      out = in_roman(n);
      if (p.letters == letter_case::upper) out = raised(out);
      break;
    case integer_picture::kind::words:
      out = in_words(n, false, p.ordinal);
      if (p.letters == letter_case::upper) out = raised(out);
      if (p.letters == letter_case::lower) out = lowered(out);
      break;
    case integer_picture::kind::decimal:
      out = in_digits(n, p);
      break;
    case integer_picture::kind::sequence:
      return tl::unexpected(unsupported(p));
  }
  return negative ? "-" + out : out;
}

base::result<double, fault> parse_integer(std::string_view text, const integer_picture& p) {
  bool upper = p.letters == letter_case::upper;
  switch (p.what) {
    case integer_picture::kind::letters:
      return from_letters(text, upper ? 'A' : 'a');
    case integer_picture::kind::roman:
      return from_roman(upper ? std::string{text} : raised(text));
    case integer_picture::kind::words:
      return from_words(text);
    case integer_picture::kind::decimal:
      return from_digits(text, p);
    default:
      return tl::unexpected(unsupported(p));
  }
}

base::result<std::string, fault> integer_pattern(const integer_picture& p) {
  bool upper = p.letters == letter_case::upper;
  switch (p.what) {
    case integer_picture::kind::letters:
      return upper ? "[A-Z]+" : "[a-z]+";
    case integer_picture::kind::roman:
      return upper ? "[MDCLXVI]+" : "[mdclxvi]+";
    case integer_picture::kind::words: {
      std::string out = "(?:";
      for (const auto& [word, value] : values_of_words()) out += word + "|";
      return out + "and|[-, ])+";
    }
    case integer_picture::kind::decimal: {
      std::string out = "[0-9]";
      out += p.parse_width ? "{" + std::to_string(*p.parse_width) + "}" : "+";
      return p.ordinal ? out + "(?:th|st|nd|rd)" : out;
    }
    default:
      return tl::unexpected(unsupported(p));
  }
}

}  // namespace mdlc::expr::jsonata
