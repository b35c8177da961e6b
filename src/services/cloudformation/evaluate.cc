#include "services/cloudformation/evaluate.h"

#include <charconv>

#include <fmt/format.h>

#include "base/bytes.h"
#include "services/cloudformation/substitution.h"

namespace mdlc::services::cloudformation {
namespace {

auto refuse(std::string message) { return api::refuse("ValidationError", std::move(message)); }

std::optional<json::value> some(json::value v) { return std::optional<json::value>{std::move(v)}; }

bool is_function(std::string_view key) { return key == "Ref" || key == "Condition" || key.starts_with("Fn::"); }

}  // namespace

evaluator::outcome evaluator::evaluate(const json::value& v) {
  if (auto* elements = v.if_array()) {
    json::array out;
    for (const auto& element : *elements) {
      MDLC_TRY(auto value, evaluate(element));
      if (value) out.push_back(std::move(*value));
    }
    return some(std::move(out));
  }
  auto* members = v.if_object();
  if (!members) return some(v);
  if (members->size() == 1) {
    std::string_view key = members->begin()->key();
    const auto& argument = members->begin()->value();
    // {"Condition": {…}} is a member of a policy statement, not a function; the function names a condition.
    bool is_statement = key == "Condition" &&
                        !(argument.is_string() && template_.conditions.contains(json::view(argument.get_string())));
    if (is_function(key) && !is_statement) return function(key, argument);
  }
  json::object out;
  for (const auto& [key, member] : *members) {
    MDLC_TRY(auto value, evaluate(member));
    if (value) out[key] = std::move(*value);
  }
  return some(std::move(out));
}

api::answer<std::string> evaluator::text(const json::value& v) {
  MDLC_TRY(auto value, evaluate(v));
  if (!value || value->is_null()) return std::string{};
  if (value->is_string()) return std::string{json::view(value->get_string())};
  if (value->is_object() || value->is_array())
    return refuse("Template validation error: a string is wanted where a list or object stands");
  return json::print(*value);
}

evaluator::outcome evaluator::function(std::string_view name, const json::value& argument) {
  if (name == "Ref") {
    if (!argument.is_string()) return refuse("Template error: Ref takes the name of a parameter or resource");
    return reference(std::string{json::view(argument.get_string())});
  }
  if (name == "Fn::GetAtt") return get_att(argument);
  if (name == "Fn::Sub") return sub(argument);
  if (name == "Fn::Join") return join(argument);
  if (name == "Fn::Select") return select(argument);
  if (name == "Fn::Split") return split(argument);
  if (name == "Fn::FindInMap") return find_in_map(argument);
  if (name == "Fn::If") return choose(argument);
  if (name == "Fn::Base64") {
    MDLC_TRY(auto plain, text(argument));
    return some(json::value(base::to_base64(plain)));
  }
  if (name == "Fn::ImportValue") {
    MDLC_TRY(auto exported, text(argument));
    MDLC_TRY(auto value, around_.import_value(exported));
    return some(std::move(value));
  }
  if (name == "Fn::GetAZs") {
    json::array zones;
    for (char zone : {'a', 'b', 'c'}) zones.emplace_back(around_.region + zone);
    return some(std::move(zones));
  }
  if (name == "Fn::And" || name == "Fn::Or" || name == "Fn::Not" || name == "Fn::Equals" || name == "Condition") {
    json::object call;
    call[name] = argument;
    MDLC_TRY(bool value, truth(call));
    return some(json::value(value));
  }
  return refuse(fmt::format("Template format error: {} is not served by mdlc", name));
}

evaluator::outcome evaluator::reference(const std::string& name) {
  if (name == "AWS::NoValue") return std::optional<json::value>{};
  if (name == "AWS::AccountId") return some(json::value(around_.account));
  if (name == "AWS::Region") return some(json::value(around_.region));
  if (name == "AWS::Partition") return some(json::value("aws"));
  if (name == "AWS::URLSuffix") return some(json::value("amazonaws.com"));
  if (name == "AWS::StackId") return some(json::value(around_.stack_id));
  if (name == "AWS::StackName") return some(json::value(around_.stack_name));
  if (name == "AWS::NotificationARNs") return some(json::array{});
  if (auto declared = template_.parameters.find(name); declared != template_.parameters.end()) {
    auto given = around_.parameters.find(name);
    if (given == around_.parameters.end()) return refuse(fmt::format("Parameters: [{}] must have values", name));
    if (is_list_type(declared->second.type)) return some(comma_separated(given->second));
    return some(json::value(given->second));
  }
  if (name.starts_with("AWS::"))
    return refuse(fmt::format("Template format error: Unresolved dependencies [{}]", name));
  MDLC_TRY(auto id, around_.physical_id(name));
  return some(std::move(id));
}

evaluator::outcome evaluator::get_att(const json::value& argument) {
  std::string id, attribute;
  if (argument.is_string()) {
    auto whole = json::view(argument.get_string());
    auto dot = whole.find('.');
    id = whole.substr(0, dot);
    if (dot != std::string_view::npos) attribute = whole.substr(dot + 1);
  } else if (argument.is_array() && argument.get_array().size() == 2 && argument.get_array()[0].is_string()) {
    id = json::view(argument.get_array()[0].get_string());
    MDLC_TRY(attribute, text(argument.get_array()[1]));
  }
  if (id.empty() || attribute.empty())
    return refuse(
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
        "resource attribute");
  MDLC_TRY(auto value, around_.attribute(id, attribute));
  return some(std::move(value));
}

evaluator::outcome evaluator::sub(const json::value& argument) {
  const json::value* pattern = &argument;
  const json::object* own = nullptr;
  if (auto* pair = argument.if_array()) {
    if (pair->size() != 2 || !(*pair)[1].is_object())
      pattern = nullptr;
    else {
      pattern = &(*pair)[0];
      own = &(*pair)[1].get_object();
    }
  }
  if (!pattern || !pattern->is_string())
    return refuse(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
        "string as first argument, and an optional second argument to specify a mapping of values to replace in "
        "the string");
  MDLC_TRY(auto out,
           substitute(json::view(pattern->get_string()), [&](const std::string& name) -> api::answer<std::string> {
             if (auto* value = own ? own->if_contains(name) : nullptr) return text(*value);
             auto dot = name.find('.');
             json::object call;
             if (dot == std::string::npos)
               call["Ref"] = name;
             else
               call["Fn::GetAtt"] = json::array{json::value(name.substr(0, dot)), json::value(name.substr(dot + 1))};
             return text(call);
           }));
  return some(json::value(out));
}

api::answer<json::array> evaluator::list(const json::value& v, std::string_view whose) {
  MDLC_TRY(auto value, evaluate(v));
  if (!value || !value->is_array()) return refuse(fmt::format("Template error: {} requires a list", whose));
  return std::move(value->get_array());
}

evaluator::outcome evaluator::join(const json::value& argument) {
  auto* pair = argument.if_array();
  if (!pair || pair->size() != 2 || !(*pair)[0].is_string())
    return refuse(
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
        "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.");
  auto delimiter = json::view((*pair)[0].get_string());
  MDLC_TRY(auto parts, list((*pair)[1], "Fn::Join"));
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += delimiter;
    MDLC_TRY(auto part, text(parts[i]));
    out += part;
  }
  return some(json::value(out));
}

evaluator::outcome evaluator::select(const json::value& argument) {
  auto* pair = argument.if_array();
  if (!pair || pair->size() != 2)
    return refuse("Template error: Fn::Select requires a list argument with two elements: an integer index and a list");
  MDLC_TRY(auto index_text, text((*pair)[0]));
  size_t index = 0;
  auto read = std::from_chars(index_text.data(), index_text.data() + index_text.size(), index);
  if (read.ec != std::errc{} || read.ptr != index_text.data() + index_text.size())
    return refuse("Template error: Fn::Select requires a list argument with two elements: an integer index and a list");
  MDLC_TRY(auto elements, list((*pair)[1], "Fn::Select"));
  if (index >= elements.size())
    return refuse(fmt::format("Template error: Fn::Select cannot select nonexistent value at index {}", index));
  return some(std::move(elements[index]));
}

evaluator::outcome evaluator::split(const json::value& argument) {
  auto* pair = argument.if_array();
  if (!pair || pair->size() != 2 || !(*pair)[0].is_string() || (*pair)[0].get_string().empty())
    return refuse(
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string "
        "to be split or a function that returns a string to be split.");
  auto delimiter = json::view((*pair)[0].get_string());
  MDLC_TRY(auto whole, text((*pair)[1]));
  json::array out;
  size_t from = 0;
  for (size_t at; (at = whole.find(delimiter, from)) != std::string::npos; from = at + delimiter.size())
    out.emplace_back(whole.substr(from, at - from));
  out.emplace_back(whole.substr(from));
  return some(std::move(out));
}

evaluator::outcome evaluator::find_in_map(const json::value& argument) {
  auto* path = argument.if_array();
  if (!path || path->size() != 3)
    return refuse(
        "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
        "attribute for return value");
  const json::value* at = nullptr;
  std::array<std::string, 3> names;
  for (size_t i = 0; i < names.size(); ++i) {
    MDLC_TRY(names[i], text((*path)[i]));
    at = i == 0 ? template_.mappings.if_contains(names[0]) : at ? json::find(*at, names[i]) : nullptr;
    if (!at && i == 0)
      return refuse(fmt::format(
          "Template error: Mapping named '{}' is not present in the 'Mappings' section of template.", names[0]));
  }
  if (!at)
    return refuse(fmt::format("Template error: Unable to get mapping for {}::{}::{}", names[0], names[1], names[2]));
  return some(*at);
}

evaluator::outcome evaluator::choose(const json::value& argument) {
  auto* parts = argument.if_array();
  if (!parts || parts->size() != 3 || !(*parts)[0].is_string())
    return refuse(
        "Template error: Fn::If requires a list argument with three elements: a condition name, and two values");
  std::string name{json::view((*parts)[0].get_string())};
  if (!template_.conditions.contains(name))
    return refuse(fmt::format("Template error: unresolved condition dependency {} in Fn::If", name));
  MDLC_TRY(bool holds, condition(name));
  return evaluate((*parts)[holds ? 1 : 2]);
}

api::answer<bool> evaluator::condition(const std::string& name) {
  if (name.empty()) return true;
  if (auto known = conditions_.find(name); known != conditions_.end()) return known->second;
  auto* declared = template_.conditions.if_contains(name);
  if (!declared) return refuse(fmt::format("Template error: condition {} is not defined", name));
  if (!evaluating_.insert(name).second)
    return refuse(fmt::format("Template error: circular dependency of condition {}", name));
  auto value = truth(*declared);
  evaluating_.erase(name);
  if (value) conditions_[name] = *value;
  return value;
}

api::answer<bool> evaluator::truth(const json::value& v) {
  auto* members = v.if_object();
  if (!members || members->size() != 1) {
    MDLC_TRY(auto written, text(v));
    return written == "true";
  }
  std::string_view name = members->begin()->key();
  const auto& argument = members->begin()->value();
  if (name == "Condition" && argument.is_string()) return condition(std::string{json::view(argument.get_string())});
  auto* parts = argument.if_array();
  if (name == "Fn::Not" && parts && parts->size() == 1) {
    MDLC_TRY(bool inner, truth((*parts)[0]));
    return !inner;
  }
  if (name == "Fn::Equals" && parts && parts->size() == 2) {
    MDLC_TRY(auto left, evaluate((*parts)[0]));
    MDLC_TRY(auto right, evaluate((*parts)[1]));
    auto as_text = [](const std::optional<json::value>& side) {
      return !side               ? std::string{}
             : side->is_string() ? std::string{json::view(side->get_string())}
                                 : json::print(*side);
    };
    return as_text(left) == as_text(right);
  }
  if ((name == "Fn::And" || name == "Fn::Or") && parts && parts->size() >= 2 && parts->size() <= 10) {
    bool all = name == "Fn::And";
    for (const auto& part : *parts) {
      MDLC_TRY(bool holds, truth(part));
      if (holds != all) return !all;
    }
    return all;
  }
  if (name == "Fn::Not" || name == "Fn::Equals" || name == "Fn::And" || name == "Fn::Or")
    return refuse(fmt::format(
        "Template validation error: Template error: every {} object requires the right number of boolean parameters.",
        name));
  MDLC_TRY(auto written, text(v));
  return written == "true";
}

api::answer<std::string> output_text(evaluator& expressions, const json::value& v) {
  MDLC_TRY(auto value, expressions.evaluate(v));
  if (!value || value->is_object() || value->is_array() || value->is_null())
    return refuse("Template format error: The Value field of every Outputs member must evaluate to a String.");
  return value->is_string() ? std::string{json::view(value->get_string())} : json::print(*value);
}

}  // namespace mdlc::services::cloudformation
