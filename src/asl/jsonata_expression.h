// A JSONata expression of a definition: `{% $states.input.x + $y %}`.
//
// It sees $states (input, context, and where there is one result or errorOutput) and the workflow's variables, and
// JSONata's functions with Step Functions' own beside them. There is no `$`, and no $eval.
#pragma once

#include "asl/expression.h"
#include "expr/jsonata/jsonata.h"

namespace mdlc::asl {

// Of one evaluation. A workflow's values are at most 256 KiB; what an expression makes on the way may be more.
inline constexpr expr::jsonata::limits query_limits{.steps = 5'000'000, .memory_bytes = 64 * 1024 * 1024};

class jsonata_expression : public expression {
 public:
  // Whether a string is an expression: it begins with `{%` and ends with `%}`.
  static bool is_one(std::string_view);
  // REQUIRES: is_one(text).
  static base::result<std::shared_ptr<const expression>, expr::jsonata::error> parse(std::string_view text);

  base::result<found, trouble> evaluate(const scope&) const override;
  // Without its {% and %}, as messages show it.
  const std::string& text() const override { return text_; }
  void variables(std::set<std::string>&) const override;

 private:
  jsonata_expression(std::string text, expr::jsonata::expression e) : text_(std::move(text)), query_(std::move(e)) {}
  json::value states(const scope&) const;

  std::string text_;
  expr::jsonata::expression query_;
};

// "returned an unexpected result type. Expected 'array', but was 'number' for value: 1"
std::string unexpected_type(std::string_view expected, const json::value&);

}  // namespace mdlc::asl
