#include "services/dynamodb/expressions.h"

namespace mdlc::services::dynamodb {
namespace {

std::string given_names(parameters all) {
  std::string out;
  for (const auto& p : all)
    if (p.is_given) out += (out.empty() ? "" : ", ") + std::string(p.name);
  return out;
}

// "UpdateExpression and ConditionExpression are null"
std::string are_null(parameters all) {
  std::string out;
  for (const auto& p : all) out += (out.empty() ? "" : " and ") + std::string(p.name);
  return out + (all.size() > 1 ? " are null" : " is null");
}

}  // namespace

api::answer<void> check_style(parameters old_style, parameters expressions) {
  const auto old_names = given_names(old_style), new_names = given_names(expressions);
  if (old_names.empty() || new_names.empty()) return {};
  return invalid(
      fmt::format("Can not use both expression and non-expression parameters in the same request: "
                  "Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
                  old_names, new_names));
}

api::answer<dynamo::placeholders> read_placeholders(const std::optional<dynamo::placeholders::names>& names,
                                                    const std::optional<dynamo::placeholders::values>& values,
                                                    parameters expressions) {
  if (given_names(expressions).empty() && (names || values))
    return invalid(fmt::format("ExpressionAttribute{} can only be specified when using expressions: {}",
                               names ? "Names" : "Values", are_null(expressions)));
  return checked(dynamo::placeholders::make(names, values));
}

api::answer<std::optional<dynamo::projection>> read_projection(
    const std::optional<std::vector<std::string>>& attributes, const std::optional<std::string>& expression,
    const std::optional<dynamo::placeholders::names>& names) {
  if (attributes) {
    MDLC_TRY(auto out, read_attributes(*attributes));
    return out;
  }
  MDLC_TRY(auto all, read_placeholders(names, std::nullopt, {{"ProjectionExpression", expression.has_value()}}));
  if (!expression) return std::nullopt;
  MDLC_TRY(auto out, checked(dynamo::projection::parse(*expression, all)));
  MDLC_CHECK(checked(all.check_all_used()));
  return out;
}

}  // namespace mdlc::services::dynamodb
