// Text → tokens. Private to this library.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "expr/jsonata/ast.h"

namespace mdlc::expr::jsonata {

struct token {
  enum class kind { end, op, name, variable, text, number, constant, regex };
  kind what = kind::end;
  std::string_view text{};  // operators and names: in the source; text: with its escapes resolved
  val constant{};           // numbers and constants
  std::shared_ptr<const regex> pattern{};
  uint32_t at = 0;  // where the token ends, in UTF-16 units
};

class lexer {
 public:
  explicit lexer(program& p) : program_(p), source_(p.source) {}

  // `after_operand`: a '/' divides; otherwise it begins a regular expression.
  base::result<token, fault> next(bool after_operand);
  uint32_t end() { return units(source_.size()); }

 private:
  bool skip_blanks(fault&);
  base::result<token, fault> quoted(char quote);
  base::result<token, fault> number();
  base::result<token, fault> pattern();
  token word();
  char peek(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  uint32_t units(size_t byte);
  token made(token::kind what, std::string_view text) {
    return {.what = what, .text = text, .constant = {}, .pattern = {}, .at = units(at_)};
  }
  tl::unexpected<fault> wrong(const char* code, size_t byte, std::string token = {}) {
    bool has = !token.empty();
    return tl::unexpected(fault{.code = code, .position = units(byte), .token = std::move(token), .has_token = has});
  }

  program& program_;
  std::string_view source_;
  size_t at_ = 0;
  // How far units have been counted.
  size_t counted_bytes_ = 0;
  uint32_t counted_units_ = 0;
};

}  // namespace mdlc::expr::jsonata
