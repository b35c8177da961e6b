// What the parsers of conditions, updates and projections share: words, paths, function calls, and errors in DynamoDB's
// order: a syntax error is told at once, what is wrong with the meaning when the whole text is read, the gravest first.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "expr/dynamo/error.h"
#include "expr/dynamo/lexer.h"
#include "expr/dynamo/node.h"
#include "expr/dynamo/placeholders.h"

namespace mdlc::expr::dynamo {

inline constexpr size_t max_expression_bytes = 4096;
inline constexpr int max_operators = 300;  // and functions
inline constexpr size_t max_in_operands = 100;
// Parentheses and functions in one another; it bounds the recursion. More of them than operators may be are too many
// operators or superfluous parentheses in any case.
inline constexpr int max_depth = max_operators;
inline constexpr int64_t max_list_index = 2147483647;

class parser {
 public:
  // `kind` is the request's parameter: "ConditionExpression".
  parser(std::string_view kind, std::string_view text, placeholders&);

 protected:
  answer<void> check_text() const;  // size; before anything else
  answer<void> finish() const;      // the gravest diagnosis; after everything else

  const token& peek(size_t ahead = 0) const;
  void advance() { ++at_; }
  bool at_end() const { return peek().kind == token_kind::end; }
  bool at_symbol(std::string_view) const;
  bool at_keyword(std::string_view upper_case) const;
  bool take_symbol(std::string_view);
  bool take_keyword(std::string_view upper_case);
  answer<void> expect_symbol(std::string_view);
  tl::unexpected<error> syntax_error() const;  // at the next token
  tl::unexpected<error> invalid(std::string_view words) const;

  // By gravity.
  enum class stage { parentheses, function_name, reserved, name, value, function_use, count, operand, limit };
  void diagnose(stage, std::string words);
  void count_operator();

  answer<path> read_path();
  answer<node> read_value();
  bool at_call() const;  // a name and "("
  // A function's call; `read_argument` reads each of its arguments.
  template <class F>
  answer<node> read_call(F&& read_argument);
  // Around what stands in parentheses.
  answer<void> enter_parentheses();
  void leave_parentheses(bool was_in_parentheses);

  void wrong_operand(op, std::string_view type);
  void check_call(const node&);
  // Literal operands must be of one of the types (" S N B ").
  void check_types(op, const node& operand, std::string_view allowed);

  virtual bool is_allowed(op function) const = 0;
  virtual std::string_view here() const = 0;  // "a condition expression"
  ~parser() = default;

 private:
  op begin_call();
  tl::unexpected<error> too_deep() const;
  void check_count(op function, size_t count);
  void check_attribute_type(const node&);

  std::string kind_;
  std::string_view text_;
  placeholders& placeholders_;
  std::vector<token> tokens_;
  size_t at_ = 0;
  int operators_ = 0;
  int depth_ = 0;
  std::array<std::string, 9> diagnoses_{};
};

template <class F>
answer<node> parser::read_call(F&& read_argument) {
  if (++depth_ > max_depth) return too_deep();
  node call{begin_call()};
  do {
    MDLC_TRY(auto argument, read_argument());
    call.args.push_back(std::move(argument));
  } while (take_symbol(","));
  MDLC_CHECK(expect_symbol(")"));
  --depth_;
  check_call(call);
  return call;
}

}  // namespace mdlc::expr::dynamo
