#include "expr/jsonata/lexer.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "expr/jsonata/number.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr std::string_view blanks = " \t\n\r\v";
// What ends a name.
constexpr std::string_view punctuation = ".[]{}(),@#;:?+-*/%|=<>^&!~";
constexpr std::string_view pairs[] = {"..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The code unit that \u names; nothing without four digits. (Fewer at the very end are read, as the reference does.)
std::optional<char32_t> hex(std::string_view digits) {
  uint32_t out = 0;
  auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
  if (digits.empty() || failed != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

}  // namespace

uint32_t lexer::units(size_t byte) {
  if (byte < counted_bytes_) counted_bytes_ = counted_units_ = 0;
  counted_units_ += static_cast<uint32_t>(utf::units(source_.substr(counted_bytes_, byte - counted_bytes_)));
  counted_bytes_ = byte;
  return counted_units_;
}

bool lexer::skip_blanks(fault& f) {
  while (true) {
    while (at_ < source_.size() && blanks.find(source_[at_]) != std::string_view::npos) ++at_;
    if (peek() != '/' || peek(1) != '*') return true;
    size_t close = source_.find("*/", at_ + 2);
    if (close == std::string_view::npos) {
      f = {.code = "S0106", .position = units(at_)};
      return false;
    }
    at_ = close + 2;
  }
}

base::result<token, fault> lexer::next(bool after_operand) {
  fault f;
  if (!skip_blanks(f)) return tl::unexpected(std::move(f));
  if (at_ >= source_.size()) return made(token::kind::end, {});
  char c = peek();
  if (c == '/' && !after_operand) return pattern();
  for (auto pair : pairs)
    if (source_.substr(at_, 2) == pair) {
      at_ += 2;
      return made(token::kind::op, pair);
    }
  if (punctuation.find(c) != std::string_view::npos) {
    ++at_;
    return made(token::kind::op, source_.substr(at_ - 1, 1));
  }
  if (c == '"' || c == '\'') return quoted(c);
  if (is_digit(c)) return number();
  if (c == '`') {
    size_t close = source_.find('`', at_ + 1);
    if (close == std::string_view::npos) return wrong("S0105", source_.size());
    auto name = source_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    return made(token::kind::name, name);
  }
  return word();
}

base::result<token, fault> lexer::quoted(char quote) {
  ++at_;
  std::string out;
  auto unit = [&](char32_t u) {
    // The second half of a pair makes one code point of both.
    size_t n = out.size();
    std::string half;
    utf::append(half, u);
    if (n >= 3 && half.size() == 3 && utf::joins(out, half)) {
      char pair[4];
      utf::join(std::string_view{out}.substr(n - 3), half, pair);
      out.resize(n - 3);
      out.append(pair, 4);
    } else {
      out += half;
    }
  };
  while (at_ < source_.size()) {
    char c = source_[at_];
    if (c == quote) {
      ++at_;
      return made(token::kind::text, program_.text.keep(out));
    }
    if (c != '\\') {
      out += c;
      ++at_;
      continue;
    }
    ++at_;
    c = peek();
    constexpr std::string_view named = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (size_t i = named.find(c); c && i != std::string_view::npos) {
      out += meant[i];
      ++at_;
    } else if (c == 'u') {
      auto u = hex(source_.substr(at_ + 1, 4));
      if (!u) return wrong("S0104", at_);
      unit(*u);
      at_ = std::min(at_ + 5, source_.size());
    } else {
      return wrong("S0103", at_, std::string{source_.substr(at_, at_ < source_.size() ? utf::width(c) : 0)});
    }
  }
  return wrong("S0101", source_.size());
}

base::result<token, fault> lexer::number() {
  size_t begin = at_;
  if (source_[at_++] != '0')
    while (is_digit(peek())) ++at_;
  if (peek() == '.' && is_digit(peek(1))) {
    ++at_;
    while (is_digit(peek())) ++at_;
  }
  if (peek() == 'e' || peek() == 'E') {
    size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (is_digit(peek(1 + sign))) {
      at_ += 1 + sign;
      while (is_digit(peek())) ++at_;
    }
  }
  auto text = source_.substr(begin, at_ - begin);
  double d = parse_double(text);
  if (!std::isfinite(d)) return wrong("S0102", begin, std::string{text});
  token out = made(token::kind::number, text);
  out.constant = jsonata::number(d);
  return out;
}

base::result<token, fault> lexer::pattern() {
  size_t begin = ++at_;
  int depth = 0;
  for (; at_ < source_.size(); ++at_) {
    char c = source_[at_];
    bool escaped = at_ > begin && source_[at_ - 1] == '\\';
    if (c == '/' && depth == 0) {
      size_t slashes = 0;
      while (at_ - slashes > begin && source_[at_ - slashes - 1] == '\\') ++slashes;
      if (slashes % 2 == 0) break;
    }
    if (!escaped && (c == '(' || c == '[' || c == '{')) ++depth;
    if (!escaped && (c == ')' || c == ']' || c == '}')) --depth;
  }
  if (at_ >= source_.size()) return wrong("S0302", at_);
  auto text = source_.substr(begin, at_ - begin);
  if (text.empty()) return wrong("S0301", at_);
  ++at_;
  regex::flags flags;
  for (; peek() == 'i' || peek() == 'm'; ++at_) (peek() == 'i' ? flags.ignore_case : flags.multiline) = true;
  auto compiled = regex::compile(text, flags);
  if (!compiled) {
    fault f{.code = "S0303", .position = units(at_)};
    f.message = compiled.error().message;
    return tl::unexpected(std::move(f));
  }
  token out = made(token::kind::regex, text);
  out.pattern = *std::move(compiled);
  return out;
}

token lexer::word() {
  size_t begin = at_;
  while (at_ < source_.size() && blanks.find(source_[at_]) == std::string_view::npos &&
         punctuation.find(source_[at_]) == std::string_view::npos)
    ++at_;
  auto name = source_.substr(begin, at_ - begin);
  if (name.front() == '$') return made(token::kind::variable, name.substr(1));
  if (name == "or" || name == "in" || name == "and") return made(token::kind::op, name);
  token out = made(token::kind::name, name);
  if (name == "true" || name == "false" || name == "null") {
    out.what = token::kind::constant;
    out.constant = name == "null" ? null_value() : boolean(name == "true");
  }
  return out;
}

}  // namespace mdlc::expr::jsonata
