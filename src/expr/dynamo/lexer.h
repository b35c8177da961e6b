// The words of an expression. Names are [A-Za-z][A-Za-z0-9_]*, placeholders "#…" and ":…", indexes digits.
#pragma once

#include <string_view>
#include <vector>

namespace mdlc::expr::dynamo {

enum class token_kind { name, name_placeholder, value_placeholder, digits, symbol, end };

struct token {
  token_kind kind;
  std::string_view text;  // of the expression; "<EOF>" at the end
  size_t begin, end;      // offsets in the expression
};

// Never fails: what is in no word (a stray character) is a symbol, which no rule of the grammar takes. Ends with `end`.
// The views last as long as the text.
std::vector<token> split(std::string_view text);

}  // namespace mdlc::expr::dynamo
