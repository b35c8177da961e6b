#include "expr/dynamo/attribute.h"
#include "services/dynamodb/expressions.h"

namespace mdlc::services::dynamodb {
namespace {

using dynamo::node;
using dynamo::op;
using verb = dynamo::update::action::verb;

struct comparison {
  std::string_view name;
  op what;
  size_t min_arguments, max_arguments;
  std::string_view types;  // of the arguments
  bool is_negated = false;
};

constexpr size_t any_number = 1000;
constexpr std::string_view scalars = " S N B ", all = " S N B SS NS BS M L BOOL NULL ";

constexpr std::array comparisons{
    comparison{"EQ", op::eq, 1, 1, all},
    comparison{"NE", op::ne, 1, 1, all},
    comparison{"LT", op::lt, 1, 1, scalars},
    comparison{"LE", op::le, 1, 1, scalars},
    comparison{"GT", op::gt, 1, 1, scalars},
    comparison{"GE", op::ge, 1, 1, scalars},
    comparison{"BETWEEN", op::between, 2, 2, scalars},
    comparison{"IN", op::in, 1, any_number, scalars},
    comparison{"NOT_NULL", op::attribute_exists, 0, 0, all},
    comparison{"NULL", op::attribute_not_exists, 0, 0, all},
    comparison{"CONTAINS", op::contains, 1, 1, scalars},
    comparison{"NOT_CONTAINS", op::contains, 1, 1, scalars, true},
    comparison{"BEGINS_WITH", op::begins_with, 1, 1, " S B "},
};

node name_node(const std::string& name) {
  node out{op::path};
  out.where = {{name}};
  return out;
}

node value_node(json::value value) {
  node out{op::value};
  out.value = std::move(value);
  return out;
}

api::answer<json::value> canonical(json::value value) {
  MDLC_CHECK(checked(dynamo::canonicalize(value)));
  return value;
}

api::answer<node> compare(const std::string& name, const std::string& operator_,
                          const std::vector<json::value>& arguments) {
  const auto it =
      std::find_if(comparisons.begin(), comparisons.end(), [&](const auto& c) { return c.name == operator_; });
  if (it == comparisons.end()) return invalid_parameters(fmt::format("Unknown ComparisonOperator: {}", operator_));
  if (arguments.size() < it->min_arguments || arguments.size() > it->max_arguments)
    return invalid_parameters(fmt::format("Invalid number of argument(s) for the {} ComparisonOperator", operator_));
  node out{it->what};
  out.args.push_back(name_node(name));
  for (const auto& argument : arguments) {
    MDLC_TRY(auto value, canonical(argument));
    if (it->types.find(fmt::format(" {} ", dynamo::type_of(value))) == std::string_view::npos)
      return invalid_parameters(fmt::format("ComparisonOperator {} is not valid for {} AttributeValue type", operator_,
                                            dynamo::type_of(value)));
    out.args.push_back(value_node(std::move(value)));
  }
  if (it->what == op::between) {
    const auto order = dynamo::compare(out.args[1].value, out.args[2].value);
    if (!order) return invalid_parameters("AttributeValues inside AttributeValueList must be of same type");
    if (*order > 0)
      return invalid(
          "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound");
  }
  if (!it->is_negated) return out;
  // What is not there does not "not contain" either.
  node exists{op::attribute_exists}, negated{op::not_}, both{op::and_};
  exists.args.push_back(name_node(name));
  negated.args.push_back(std::move(out));
  both.args.push_back(std::move(exists));
  both.args.push_back(std::move(negated));
  return both;
}

api::answer<node> expect(const std::string& name, const model::ExpectedAttributeValue& e) {
  if (e.ComparisonOperator) {
    if (e.Exists)
      return invalid_parameters(
          fmt::format("Exists and ComparisonOperator cannot be used together for "
                      "Attribute: {}",
                      name));
    if (e.Value && e.AttributeValueList)
      return invalid_parameters(
          fmt::format("Value and AttributeValueList cannot be used together for Attribute: {}", name));
    std::vector<json::value> arguments = e.AttributeValueList.value_or(std::vector<json::value>{});
    if (e.Value) arguments.push_back(*e.Value);
    return compare(name, *e.ComparisonOperator, arguments);
  }
  if (e.AttributeValueList)
    return invalid_parameters(
        fmt::format("AttributeValueList can only be used with a ComparisonOperator for Attribute: {}", name));
  const bool exists = e.Exists.value_or(true);
  if (exists && !e.Value)
    return invalid_parameters(
        fmt::format("Value must be provided when Exists is {} for Attribute: {}", e.Exists ? "true" : "null", name));
  if (!exists && e.Value)
    return invalid_parameters(fmt::format("Value cannot be used when Exists is false for Attribute: {}", name));
  return exists ? compare(name, "EQ", {*e.Value}) : compare(name, "NULL", {});
}

template <class Map, class F>
api::answer<dynamo::condition> join(const Map& all, const std::optional<std::string>& operator_, F&& make) {
  node out{operator_ == "OR" ? op::or_ : op::and_};
  for (const auto& [name, each] : all) {
    MDLC_TRY(auto term, make(name, each));
    out.args.push_back(std::move(term));
  }
  return dynamo::condition(std::move(out));
}

api::answer<dynamo::update::action> read_update(const std::string& name, const model::AttributeValueUpdate& u) {
  const std::string action = u.Action.value_or("PUT");
  dynamo::update::action out{verb::remove, {{name}}, {}};
  if (!u.Value) {
    if (action != "DELETE")
      return invalid_parameters("Only DELETE action is allowed when no attribute value is specified");
    return out;
  }
  MDLC_TRY(auto value, canonical(*u.Value));
  const auto type = std::string(dynamo::type_of(value));
  const bool is_set = dynamo::is_set(type);
  if (action == "DELETE" && !is_set)
    return invalid_parameters(fmt::format("DELETE action with value is not supported for the type {}", type));
  if (action == "ADD" && !is_set && type != "N" && type != "L")
    return invalid_parameters(fmt::format("ADD action is not supported for the type {}", type));
  out.what = action == "DELETE" ? verb::delete_ : action == "ADD" ? verb::add : verb::set;
  out.operand = value_node(std::move(value));
  if (action == "ADD" && type == "L") {  // it appends
    out.what = verb::set;
    node list{op::list_append}, otherwise{op::if_not_exists};
    otherwise.args.push_back(name_node(name));
    otherwise.args.push_back(value_node(json::object{{"L", json::array{}}}));
    list.args.push_back(std::move(otherwise));
    list.args.push_back(std::move(out.operand));
    out.operand = std::move(list);
  }
  return out;
}

}  // namespace

api::answer<dynamo::condition> read_expected(const expected_map& all, const std::optional<std::string>& operator_) {
  return join(all, operator_, expect);
}

api::answer<dynamo::condition> read_filter(const condition_map& all, const std::optional<std::string>& operator_) {
  return join(all, operator_, [](const std::string& name, const model::Condition& c) {
    return compare(name, c.ComparisonOperator, c.AttributeValueList.value_or(std::vector<json::value>{}));
  });
}

api::answer<dynamo::update> read_updates(const update_map& all) {
  std::vector<dynamo::update::action> out;
  for (const auto& [name, each] : all) {
    MDLC_TRY(auto action, read_update(name, each));
    out.push_back(std::move(action));
  }
  return dynamo::update(std::move(out));
}

api::answer<dynamo::projection> read_attributes(const std::vector<std::string>& names) {
  std::set<std::string> seen;
  std::vector<dynamo::path> out;
  for (const auto& name : names) {
    if (!seen.insert(name).second)
      return invalid_parameters(fmt::format("Duplicate value in attribute name: {}", name));
    out.push_back({{name}});
  }
  return dynamo::projection(std::move(out));
}

}  // namespace mdlc::services::dynamodb
