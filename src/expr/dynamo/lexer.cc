#include "expr/dynamo/lexer.h"

#include <algorithm>

namespace mdlc::expr::dynamo {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

template <class Predicate>
size_t skip(std::string_view text, size_t at, Predicate is) {
  while (at < text.size() && is(text[at])) ++at;
  return at;
}

// The whole of a UTF-8 sequence, so that messages stay valid UTF-8.
size_t end_of_symbol(std::string_view text, size_t at) {
  const auto two = text.substr(at, 2);
  if (two == "<>" || two == "<=" || two == ">=") return at + 2;
  return skip(text, at + 1, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
}

}  // namespace

std::vector<token> split(std::string_view text) {
  std::vector<token> out;
  for (size_t at = skip(text, 0, is_space); at < text.size(); at = skip(text, at, is_space)) {
    const size_t begin = at;
    auto kind = token_kind::symbol;
    if (is_letter(text[at])) {
      kind = token_kind::name;
      at = skip(text, at, is_word);
    } else if (is_digit(text[at])) {
      kind = token_kind::digits;
      at = skip(text, at, is_digit);
    } else if ((text[at] == '#' || text[at] == ':') && at + 1 < text.size() && is_word(text[at + 1])) {
      kind = text[at] == '#' ? token_kind::name_placeholder : token_kind::value_placeholder;
      at = skip(text, at + 1, is_word);
    } else {
      at = end_of_symbol(text, at);
    }
    out.push_back({kind, text.substr(begin, at - begin), begin, at});
  }
  out.push_back({token_kind::end, "<EOF>", text.size(), text.size()});
  return out;
}

}  // namespace mdlc::expr::dynamo
