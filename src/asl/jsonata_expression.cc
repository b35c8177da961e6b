#include "asl/jsonata_expression.h"

#include "expr/jsonata/aws.h"

namespace mdlc::asl {
namespace {

namespace jsonata = expr::jsonata;

constexpr std::string_view opening = "{%", closing = "%}", states_name = "states";

std::string_view trim(std::string_view s) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = s.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(space) - first + 1);
}

}  // namespace

bool jsonata_expression::is_one(std::string_view text) {
  return text.size() >= opening.size() + closing.size() && text.starts_with(opening) && text.ends_with(closing);
}

base::result<std::shared_ptr<const expression>, jsonata::error> jsonata_expression::parse(std::string_view text) {
  const auto inner = trim(text.substr(opening.size(), text.size() - opening.size() - closing.size()));
  MDLC_TRY(auto query, jsonata::expression::parse(inner));
  return std::shared_ptr<const expression>(new jsonata_expression(std::string{inner}, std::move(query)));
}

// $states, with those of its members that the expression names.
json::value jsonata_expression::states(const scope& s) const {
  bool all = false;
  std::set<std::string_view> named;
  for (const auto& r : query_.references()) {
    if (r.name != states_name) continue;
    if (r.path.empty()) all = true;
    if (!r.path.empty()) named.insert(r.path.front());
  }
  json::object out;
  if (all || named.contains("input")) out["input"] = s.input.tree();
  if (all || named.contains("context")) out["context"] = s.context.build();
  if (s.result && (all || named.contains("result"))) out["result"] = s.result->tree();
  if (s.error_output && (all || named.contains("errorOutput"))) out["errorOutput"] = s.error_output->tree();
  return out;
}

base::result<found, trouble> jsonata_expression::evaluate(const scope& s) const {
  const auto states_value = states(s);
  std::vector<document> held;
  std::vector<jsonata::variable_binding> bindings{{states_name, &states_value}};
  for (const auto& r : query_.references()) {
    if (r.name == states_name) continue;
    auto value = s.variable(r.name);
    if (!value) continue;  // a function's name, or nothing
    held.push_back(std::move(value));
    bindings.push_back({r.name, &held.back().tree()});
  }
  auto failed = [](std::string detail) { return tl::unexpected(trouble{trouble::kind::query, std::move(detail)}); };
  auto out = query_.evaluate(nullptr, {.variables = bindings,
                                       .functions = &jsonata::aws_library(),
                                       .now = s.now,
                                       .seed = s.luck.next(),
                                       .bounds = query_limits});
  if (!out) return failed(fmt::format("threw an error during evaluation. {}", out.error().text()));
  switch (out->what) {
    case jsonata::outcome::kind::nothing:
      return failed("returned nothing (undefined).");
    case jsonata::outcome::kind::function:
      return failed("returned an unsupported result type.");
    case jsonata::outcome::kind::value:
      break;
  }
  return found::made(std::move(out->value));
}

void jsonata_expression::variables(std::set<std::string>& out) const {
  for (const auto& r : query_.references())
    if (r.name != states_name && !jsonata::aws_library().find(r.name)) out.insert(r.name);
}

std::string unexpected_type(std::string_view expected, const json::value& v) {
  std::string_view actual = v.is_array()    ? "array"
                            : v.is_object() ? "object"
                            : v.is_string() ? "string"
                            : v.is_bool()   ? "boolean"
                            : v.is_null()   ? "null"
                                            : "number";
  return fmt::format("returned an unexpected result type. Expected '{}', but was '{}' for value: {}", expected, actual,
                     json::print(v));
}

}  // namespace mdlc::asl
