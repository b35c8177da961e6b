#include "asl/expression.h"

#include "asl/intrinsic.h"

namespace mdlc::asl {
namespace {

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
bool goes_on(char c) { return starts_name(c) || std::isdigit(static_cast<unsigned char>(c)); }

// Where evaluation of a `$$` path begins, and how many of its steps that has taken.
struct start {
  const json::value* from;
  size_t skip;
};

}  // namespace

base::result<std::shared_ptr<const path_expression>> path_expression::parse(std::string_view text) {
  if (text.empty() || text[0] != '$') return base::fail("A path must begin with '$'");
  std::string_view rest = text;
  std::string variable, without_variable;
  auto from = root::input;
  if (text.starts_with("$$")) {
    from = root::context;
    rest = text.substr(1);
  } else if (text.size() > 1 && starts_name(text[1])) {
    size_t end = 1;
    while (end < text.size() && goes_on(text[end])) ++end;
    from = root::variable;
    variable = text.substr(1, end - 1);
    rest = without_variable = "$" + std::string{text.substr(end)};
  }
  MDLC_TRY(auto path, expr::jsonpath::path::parse(rest));
  return std::shared_ptr<const path_expression>(
      new path_expression(std::string{text}, from, std::move(variable), std::move(path)));
}

base::result<found, trouble> path_expression::evaluate(const scope& s) const {
  auto follow = [&](const json::value& from, size_t skip) -> base::result<found, trouble> {
    auto hit = path_.evaluate(from, skip);
    if (hit) return std::move(*hit);
    return tl::unexpected(trouble{trouble::kind::missing, std::move(hit.error().message),
                                  hit.error().why == expr::jsonpath::miss::reason::index_out_of_range});
  };
  if (root_ == root::input) return follow(s.input.tree(), 0);
  if (root_ == root::variable) {
    document held = s.variable(variable_);
    if (!held) return tl::unexpected(trouble{trouble::kind::missing, "No variable is named " + variable_});
    return follow(held.tree(), 0);
  }
  const auto *first = path_.name_at(0), *second = path_.name_at(1), *third = path_.name_at(2);
  if (first && second && *first == "Execution" && *second == "Input" && s.context.input)
    return follow(s.context.input.tree(), 2);
  if (first && second && third && *first == "Map" && *second == "Item" && *third == "Value" && s.context.item)
    return follow(s.context.item.tree(), 3);
  bool light = first && (*first == "Execution" || *first == "Map"
                             ? second && (*first != "Map" || third)
                             : *first == "State" || *first == "StateMachine" || *first == "Task");
  auto whole = s.context.build(!light);
  MDLC_TRY(auto hit, follow(whole, 0));
  return found::made(json::value(hit.get()));
}

void path_expression::variables(std::set<std::string>& out) const {
  if (root_ == root::variable) out.insert(variable_);
}

base::result<std::shared_ptr<const expression>> parse_expression(std::string_view text) {
  if (text.starts_with("$")) return path_expression::parse(text);
  return parse_intrinsic(text);
}

}  // namespace mdlc::asl
