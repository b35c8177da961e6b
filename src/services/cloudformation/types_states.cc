#include <fmt/format.h>

#include "services/cloudformation/types.h"

namespace mdlc::services::cloudformation {
namespace {

// Fills ${name} of DefinitionSubstitutions into the definition's text; other ${…} stay, they are nobody's.
std::string substituted(std::string text, const json::object& values) {
  for (const auto& [name, value] : values) {
    std::string variable = fmt::format("${{{}}}", std::string_view{name});
    std::string with = value.is_string() ? std::string{json::view(value.get_string())} : json::print(value);
    for (size_t at = text.find(variable); at != std::string::npos; at = text.find(variable, at + with.size()))
      text.replace(at, variable.size(), with);
  }
  return text;
}

// The same inside a definition that is an object: a string that is one variable alone takes the value's own type.
json::value substituted(const json::value& v, const json::object& values) {
  if (v.is_string()) {
    auto text = json::view(v.get_string());
    if (text.starts_with("${") && text.ends_with('}'))
      if (auto* whole = values.if_contains(text.substr(2, text.size() - 3))) return *whole;
    return json::value(substituted(std::string{text}, values));
  }
  if (v.is_array()) {
    json::array out;
    for (const auto& element : v.get_array()) out.push_back(substituted(element, values));
    return out;
  }
  if (v.is_object()) {
    json::object out;
    for (const auto& [name, member] : v.get_object()) out[name] = substituted(member, values);
    return out;
  }
  return v;
}

api::answer<std::string> definition(const resource& r) {
  static const json::object none;
  auto* given = r.properties.if_contains("DefinitionSubstitutions");
  const auto& values = given && given->is_object() ? given->get_object() : none;
  if (auto* text = r.properties.if_contains("DefinitionString"); text && text->is_string())
    return substituted(std::string{json::view(text->get_string())}, values);
  if (auto* tree = r.properties.if_contains("Definition"); tree && tree->is_object())
    return json::print(substituted(*tree, values));
  return api::refuse(
      "ValidationError",
      "Property validation failure: mdlc takes a state machine's Definition or DefinitionString; put the "
      "text that DefinitionS3Location names into the template");
}

// The template's members begin with a capital, the API's do not.
json::value lower_first(const json::value& v) {
  if (v.is_array()) {
    json::array out;
    for (const auto& element : v.get_array()) out.push_back(lower_first(element));
    return out;
  }
  if (!v.is_object()) return v;
  json::object out;
  for (const auto& [name, member] : v.get_object()) {
    std::string lower{name};
    if (!lower.empty()) lower[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(lower[0])));
    out[lower] = lower_first(member);
  }
  return out;
}

json::object settings(const resource& r) {
  json::object out;
  out["roleArn"] = json::text(r.properties, "RoleArn");
  if (auto* logging = r.properties.if_contains("LoggingConfiguration")) {
    auto converted = lower_first(*logging);
    if (auto* include = json::find(converted, "includeExecutionData"))
      converted.get_object()["includeExecutionData"] = as_boolean(*include);
    out["loggingConfiguration"] = std::move(converted);
  }
  if (auto* tracing = r.properties.if_contains("TracingConfiguration")) {
    auto* enabled = json::find(*tracing, "Enabled");
    out["tracingConfiguration"] = json::object{{"enabled", enabled ? as_boolean(*enabled) : json::value(false)}};
  }
  return out;
}

json::array machine_tags(const stack_identity& stack, const resource& r) {
  json::array out;
  for (const auto& [name, value] : merged_tags(stack, r))
    out.push_back(json::object{{"key", std::string_view{name}}, {"value", value}});
  return out;
}

api::answer<calls> create_machine(const stack_identity& stack, const resource& r) {
  auto input = settings(r);
  input["name"] = json::text(r.properties, "StateMachineName");
  input["type"] = json::text(r.properties, "StateMachineType", "STANDARD");
  MDLC_TRY(auto text, definition(r));
  input["definition"] = text;
  if (auto tags = machine_tags(stack, r); !tags.empty()) input["tags"] = std::move(tags);
  return calls{{"states", "CreateStateMachine", std::move(input)}};
}

void absorb_machine(const stack_identity&, resource& r, const operation_call&, const json::value& answer) {
  if (auto arn = json::text(answer, "stateMachineArn"); !arn.empty()) r.physical_id = arn;
  r.attributes["Arn"] = r.physical_id;
  r.attributes["Name"] = json::text(r.properties, "StateMachineName");
  if (auto revision = json::text(answer, "revisionId"); !revision.empty())
    r.attributes["StateMachineRevisionId"] = revision;
  else if (!r.attributes.contains("StateMachineRevisionId"))
    r.attributes["StateMachineRevisionId"] = "INITIAL";
}

void change_tags(const stack_identity& stack, const resource& r, const former& before, calls& out) {
  auto tags = changed_tags(stack, r, before);
  json::array put;
  for (const auto& [name, value] : tags.put) put.push_back(json::object{{"key", name}, {"value", value}});
  if (!put.empty())
    out.push_back({"states", "TagResource", json::object{{"resourceArn", r.physical_id}, {"tags", std::move(put)}}});
  if (!tags.gone.empty())
    out.push_back(
        {"states", "UntagResource", json::object{{"resourceArn", r.physical_id}, {"tagKeys", std::move(tags.gone)}}});
}

api::answer<calls> update_machine(const stack_identity& stack, const resource& r, const former& before) {
  auto input = settings(r);
  MDLC_TRY(auto text, definition(r));
  input["definition"] = text;
  if (differs(r, before, "TracingConfiguration") && !input.contains("tracingConfiguration"))
    input["tracingConfiguration"] = json::object{{"enabled", false}};
  if (differs(r, before, "LoggingConfiguration") && !input.contains("loggingConfiguration"))
    input["loggingConfiguration"] = json::object{{"level", "OFF"}};
  calls out;
  if (r.properties != before.properties) {
    input["stateMachineArn"] = r.physical_id;
    out.push_back({"states", "UpdateStateMachine", std::move(input)});
  }
  change_tags(stack, r, before, out);
  return out;
}

calls remove_machine(const stack_identity&, const resource& r) {
  return {{"states", "DeleteStateMachine", json::object{{"stateMachineArn", r.physical_id}}}};
}

api::answer<calls> create_activity(const stack_identity& stack, const resource& r) {
  json::object input;
  input["name"] = json::text(r.properties, "Name");
  if (auto tags = machine_tags(stack, r); !tags.empty()) input["tags"] = std::move(tags);
  return calls{{"states", "CreateActivity", std::move(input)}};
}

void absorb_activity(const stack_identity&, resource& r, const operation_call&, const json::value& answer) {
  r.physical_id = json::text(answer, "activityArn");
  r.attributes["Arn"] = r.physical_id;
  r.attributes["Name"] = json::text(r.properties, "Name");
}

api::answer<calls> update_activity(const stack_identity& stack, const resource& r, const former& before) {
  calls out;
  change_tags(stack, r, before, out);
  return out;
}

calls remove_activity(const stack_identity&, const resource& r) {
  return {{"states", "DeleteActivity", json::object{{"activityArn", r.physical_id}}}};
}

}  // namespace

std::span<const resource_type> states_types() {
  static const std::array types{
      resource_type{.name = "AWS::StepFunctions::StateMachine",
                    .name_property = "StateMachineName",
                    .name_length = 80,
                    .properties = {"Definition", "DefinitionS3Location", "DefinitionString", "DefinitionSubstitutions",
                                   "EncryptionConfiguration", "LoggingConfiguration", "RoleArn", "StateMachineName",
                                   "StateMachineType", "Tags", "TracingConfiguration"},
                    .required = {"RoleArn"},
                    .replaced_by = {"StateMachineName", "StateMachineType"},
                    .create = create_machine,
                    .absorb = absorb_machine,
                    .update = update_machine,
                    .remove = remove_machine},
      resource_type{.name = "AWS::StepFunctions::Activity",
                    .properties = {"EncryptionConfiguration", "Name", "Tags"},
                    .required = {"Name"},
                    .replaced_by = {"Name", "EncryptionConfiguration"},
                    .create = create_activity,
                    .absorb = absorb_activity,
                    .update = update_activity,
                    .remove = remove_activity},
  };
  return types;
}

}  // namespace mdlc::services::cloudformation
