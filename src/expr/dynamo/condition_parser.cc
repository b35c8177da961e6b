#include "expr/dynamo/attribute.h"
#include "expr/dynamo/condition.h"
#include "expr/dynamo/parser.h"

namespace mdlc::expr::dynamo {
namespace {

// condition  = and { OR and }
// and        = not { AND not }
// not        = NOT not | comparison
// comparison = term [ comparator term | BETWEEN term AND term | IN "(" term { "," term } ")" ]
// term       = path | value | function "(" term { "," term } ")" | "(" condition ")"
// where a term in parentheses may be an operand as well as a condition: which it is shows by what follows.
class condition_parser final : parser {
 public:
  using parser::parser;

  answer<node> run() {
    MDLC_CHECK(check_text());
    MDLC_TRY(auto root, read_or());
    MDLC_CHECK(require_boolean(root));
    if (!at_end()) return syntax_error();
    MDLC_CHECK(finish());
    return root;
  }

 private:
  bool is_allowed(op function) const override { return function < op::plus; }
  std::string_view here() const override { return "a condition expression"; }

  answer<node> read_or() {
    return read_chain(op::or_, [this] { return read_and(); });
  }
  answer<node> read_and() {
    return read_chain(op::and_, [this] { return read_not(); });
  }

  template <class F>
  answer<node> read_chain(op what, F read_link) {
    MDLC_TRY(auto first, read_link());
    if (!at_keyword(spelling(what))) return first;
    node chain{what};
    MDLC_CHECK(require_boolean(first));
    chain.args.push_back(std::move(first));
    while (take_keyword(spelling(what))) {
      count_operator();
      MDLC_TRY(auto link, read_link());
      MDLC_CHECK(require_boolean(link));
      chain.args.push_back(std::move(link));
    }
    return chain;
  }

  answer<node> read_not() {
    int negations = 0;
    for (; take_keyword("NOT"); ++negations) count_operator();
    MDLC_TRY(auto out, read_comparison());
    if (negations == 0) return out;
    MDLC_CHECK(require_boolean(out));
    if (negations % 2 == 0) return out;
    node negated{op::not_};
    negated.args.push_back(std::move(out));
    return negated;
  }

  answer<node> read_comparison() {
    MDLC_TRY(auto left, read_term());
    for (op what : {op::eq, op::ne, op::lt, op::le, op::gt, op::ge})
      if (at_symbol(spelling(what))) return read_comparator(what, std::move(left));
    if (at_keyword("BETWEEN")) return read_between(std::move(left));
    if (at_keyword("IN")) return read_in(std::move(left));
    return left;
  }

  answer<node> read_operator(op what, node left) {
    MDLC_CHECK(require_operand(left));
    advance();
    count_operator();
    node out{what};
    out.args.push_back(std::move(left));
    return out;
  }

  answer<node> read_comparator(op what, node left) {
    MDLC_TRY(auto out, read_operator(what, std::move(left)));
    MDLC_CHECK(read_operand_into(out));
    if (what != op::eq && what != op::ne)
      for (const auto& arg : out.args) check_types(what, arg, " S N B ");
    check_distinct_operands(out);
    return out;
  }

  answer<node> read_between(node left) {
    MDLC_TRY(auto out, read_operator(op::between, std::move(left)));
    MDLC_CHECK(read_operand_into(out));
    if (!take_keyword("AND")) return syntax_error();
    MDLC_CHECK(read_operand_into(out));
    for (const auto& arg : out.args) check_types(op::between, arg, " S N B ");
    check_bounds(out.args[1], out.args[2]);
    check_distinct_operands(out);
    return out;
  }

  answer<node> read_in(node left) {
    MDLC_TRY(auto out, read_operator(op::in, std::move(left)));
    MDLC_CHECK(expect_symbol("("));
    do {
      MDLC_CHECK(read_operand_into(out));
    } while (take_symbol(","));
    MDLC_CHECK(expect_symbol(")"));
    if (out.args.size() - 1 > max_in_operands)
      diagnose(stage::limit, fmt::format("The IN operator is provided with too many operands; number of operands: {}",
                                         out.args.size() - 1));
    check_distinct_operands(out);
    return out;
  }

  answer<node> read_operand() {
    MDLC_TRY(auto operand, read_term());
    MDLC_CHECK(require_operand(operand));
    return operand;
  }

  answer<void> read_operand_into(node& out) {
    MDLC_TRY(auto operand, read_operand());
    out.args.push_back(std::move(operand));
    return {};
  }

  answer<node> read_term() {
    if (at_symbol("(")) {
      MDLC_CHECK(enter_parentheses());
      MDLC_TRY(auto inner, read_or());
      MDLC_CHECK(expect_symbol(")"));
      leave_parentheses(inner.in_parentheses);
      inner.in_parentheses = true;
      return inner;
    }
    if (peek().kind == token_kind::value_placeholder) return read_value();
    for (std::string_view keyword : {"AND", "OR", "NOT", "BETWEEN", "IN"})
      if (at_keyword(keyword)) return syntax_error();
    if (at_call()) {
      MDLC_TRY(auto call, read_call([this] { return read_operand(); }));
      if (call.what == op::begins_with || call.what == op::contains) check_distinct_operands(call);
      return call;
    }
    node out{op::path};
    MDLC_TRY(out.where, read_path());
    return out;
  }

  answer<void> require_boolean(const node& n) {
    if (is_boolean(n.what)) return {};
    if (!is_function(n.what)) return syntax_error();
    misused(n);
    return {};
  }

  answer<void> require_operand(const node& n) {
    if (!is_boolean(n.what)) return {};
    if (!is_function(n.what)) return syntax_error();
    misused(n);
    return {};
  }

  void misused(const node& n) {
    diagnose(stage::function_use, fmt::format("The function is not allowed to be used this way in an expression; "
                                              "function: {}",
                                              spelling(n.what)));
  }

  void check_distinct_operands(const node& n) {
    const auto& first = n.args[0];
    if (first.what != op::path) return;
    for (size_t i = 1; i < n.args.size(); ++i)
      if (n.args[i].what == op::path && n.args[i].where == first.where)
        diagnose(stage::operand, fmt::format("The first operand must be distinct from the remaining operands for this "
                                             "operator or function; operator: {}, first operand: {}",
                                             spelling(n.what), print(first.where)));
  }

  void check_bounds(const node& low, const node& high) {
    if (low.what != op::value || high.what != op::value) return;
    const auto order = compare(low.value, high.value);
    if (order && *order <= 0) return;
    const auto words =
        order ? "upper bound to be greater than or equal to lower bound" : "same data type for lower and upper bounds";
    const auto show = [](const json::value& v) {
      const auto& content = content_of(v);
      return fmt::format("AttributeValue: {{{}:{}}}", type_of(v),
                         content.is_string() ? std::string(json::view(content.as_string())) : json::print(content));
    };
    diagnose(stage::operand, fmt::format("The BETWEEN operator requires {}; lower bound operand: {}, upper bound "
                                         "operand: {}",
                                         words, show(low.value), show(high.value)));
  }
};

}  // namespace

answer<condition> condition::parse(std::string_view kind, std::string_view text, placeholders& placeholders) {
  MDLC_TRY(auto root, condition_parser(kind, text, placeholders).run());
  return condition(std::move(root));
}

}  // namespace mdlc::expr::dynamo
