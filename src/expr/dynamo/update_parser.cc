#include "expr/dynamo/attribute.h"
#include "expr/dynamo/parser.h"
#include "expr/dynamo/update.h"

namespace mdlc::expr::dynamo {
namespace {

using action = update::action;
using verb = action::verb;

constexpr std::array<std::pair<std::string_view, verb>, 4> sections{
    {{"SET", verb::set}, {"REMOVE", verb::remove}, {"ADD", verb::add}, {"DELETE", verb::delete_}}};

// update  = section { section }, each at most once
// section = SET path "=" sum {, …} | REMOVE path {, …} | ADD path value {, …} | DELETE path value {, …}
// sum     = term [ ("+" | "-") term ]
// term    = path | value | function "(" term { "," term } ")" | "(" sum ")"
class update_parser final : parser {
 public:
  using parser::parser;

  answer<std::vector<action>> run() {
    MDLC_CHECK(check_text());
    std::set<verb> seen;
    do {
      const auto section = std::find_if(sections.begin(), sections.end(), [&](auto& s) { return at_keyword(s.first); });
      if (section == sections.end()) return syntax_error();
      if (!seen.insert(section->second).second)
        diagnose(stage::parentheses,
                 fmt::format("The \"{}\" section can only be used once in an update expression;", section->first));
      advance();
      do {
        MDLC_CHECK(read_action(section->second));
      } while (take_symbol(","));
    } while (!at_end());
    MDLC_CHECK(finish());
    MDLC_CHECK(check_paths());
    return std::move(actions_);
  }

 private:
  bool is_allowed(op function) const override { return function >= op::plus; }
  std::string_view here() const override { return "an update expression"; }

  answer<void> read_action(verb what) {
    action out{what, {}, {}};
    MDLC_TRY(out.where, read_path());
    if (what == verb::set) {
      MDLC_CHECK(expect_symbol("="));
      count_operator();
      MDLC_TRY(out.operand, read_sum());
    } else if (what != verb::remove) {
      MDLC_TRY(out.operand, read_value());
      check_set_operand(what, out.operand);
    }
    actions_.push_back(std::move(out));
    return {};
  }

  void check_set_operand(verb what, const node& operand) {
    const auto type = type_of(operand.value);
    if (is_set(type) || (what == verb::add && type == "N")) return;
    const std::string_view name = what == verb::add ? "ADD" : "DELETE";
    diagnose(stage::operand, fmt::format("Incorrect operand type for operator or function; operator: {}, operand type: "
                                         "{}, typeSet: ALLOWED_FOR_{}_OPERAND",
                                         name, long_type_name(type), name));
  }

  answer<node> read_sum() {
    MDLC_TRY(auto left, read_term());
    if (!at_symbol("+") && !at_symbol("-")) return left;
    node sum{at_symbol("+") ? op::plus : op::minus};
    advance();
    count_operator();
    sum.args.push_back(std::move(left));
    MDLC_TRY(auto right, read_term());
    sum.args.push_back(std::move(right));
    for (const auto& arg : sum.args)
      if (arg.what == op::value && type_of(arg.value) != "N")
        diagnose(stage::operand, fmt::format("Incorrect operand type for operator or function; operator or function: "
                                             "{}, operand type: {}",
                                             spelling(sum.what), type_of(arg.value)));
    return sum;
  }

  answer<node> read_term() {
    if (at_symbol("(")) {
      MDLC_CHECK(enter_parentheses());
      MDLC_TRY(auto inner, read_sum());
      MDLC_CHECK(expect_symbol(")"));
      leave_parentheses(inner.in_parentheses);
      inner.in_parentheses = true;
      return inner;
    }
    if (peek().kind == token_kind::value_placeholder) return read_value();
    if (at_call()) return read_call([this] { return read_term(); });
    node out{op::path};
    MDLC_TRY(out.where, read_path());
    return out;
  }

  answer<void> check_paths() const {
    std::vector<path> paths;
    for (const auto& a : actions_) paths.push_back(a.where);
    if (const auto ok = check_distinct(paths); !ok) return invalid(ok.error().message);
    return {};
  }

  std::vector<action> actions_;
};

}  // namespace

answer<update> update::parse(std::string_view text, placeholders& placeholders) {
  MDLC_TRY(auto actions, update_parser("UpdateExpression", text, placeholders).run());
  // Sets first, and among a list's elements the lower ones first: what lies beyond the end is appended in that order.
  // Removals last and backwards, so that none moves what another means.
  std::stable_sort(actions.begin(), actions.end(), [](const action& a, const action& b) {
    const auto rank = [](const action& x) { return x.what == verb::remove ? 2 : x.what != verb::set; };
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a.what == verb::remove ? b.where < a.where : a.where < b.where;
  });
  return update(std::move(actions));
}

}  // namespace mdlc::expr::dynamo
