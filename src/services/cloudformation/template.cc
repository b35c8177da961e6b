#include "services/cloudformation/template.h"

#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cloudformation/substitution.h"
#include "services/cloudformation/template_text.h"

namespace mdlc::services::cloudformation {
namespace {

auto refuse(std::string message) { return api::refuse("ValidationError", std::move(message)); }

constexpr std::string_view format_version = "2010-09-09";

constexpr std::array sections{"AWSTemplateFormatVersion",
                              "Description",
                              "Metadata",
                              "Parameters",
                              "Rules",
                              "Mappings",
                              "Conditions",
                              "Transform",
                              "Resources",
                              "Outputs"};

api::answer<json::object> section(const json::value& document, std::string_view name) {
  auto* found = json::find(document, name);
  if (!found) return json::object{};
  if (!found->is_object()) return refuse(fmt::format("Template format error: {} must be an object", name));
  return found->get_object();
}

std::string scalar_text(const json::value& v) {
  return v.is_string() ? std::string{json::view(v.get_string())} : json::print(v);
}

api::answer<void> check_name(std::string_view what, std::string_view name) {
  for (unsigned char c : name)
    if (!std::isalnum(c))
      return refuse(fmt::format("Template format error: {} name {} is non alphanumeric.", what, name));
  return {};
}

// Where a null stands, as a path; templates hold none.
std::optional<std::string> path_of_null(const json::value& v) {
  if (v.is_null()) return std::string{};
  if (auto* list = v.if_array())
    for (size_t i = 0; i < list->size(); ++i)
      if (auto path = path_of_null((*list)[i])) return fmt::format("/{}{}", i, *path);
  if (auto* members = v.if_object())
    for (const auto& [key, member] : *members)
      if (auto path = path_of_null(member)) return fmt::format("/{}{}", std::string_view{key}, *path);
  return {};
}

template <size_t N>
std::optional<std::string> unknown_member(const json::value& v, const std::array<std::string_view, N>& known) {
  for (const auto& [key, value] : v.get_object())
    if (std::find(known.begin(), known.end(), std::string_view{key}) == known.end()) return std::string{key};
  return {};
}

bool is_parameter_type(std::string_view type) {
  for (std::string_view plain : {"String", "Number", "List<Number>", "List<String>", "CommaDelimitedList"})
    if (type == plain) return true;
  return type.starts_with("AWS::") || type.starts_with("List<AWS::");
}

api::answer<parameter_declaration> read_parameter(std::string_view name, const json::value& v) {
  constexpr std::array<std::string_view, 13> known{
      "Type",      "Description", "NoEcho",   "Default",  "AllowedValues",         "AllowedPattern", "MinLength",
      "MaxLength", "MinValue",    "MaxValue", "Metadata", "ConstraintDescription", "Label"};
  MDLC_CHECK(check_name("Parameter", name));
  auto type = json::text(v, "Type");
  if (type.empty()) return refuse("Template format error: Every Parameters object must contain a Type member.");
  if (auto unknown = unknown_member(v, known))
    return refuse(fmt::format("Invalid template parameter property '{}'", *unknown));
  if (!is_parameter_type(type))
    return refuse(fmt::format("Template format error: Unrecognized parameter type: {}", type));
  parameter_declaration out;
  out.type = type;
  out.description = json::text(v, "Description");
  auto* no_echo = json::find(v, "NoEcho");
  out.no_echo = no_echo && scalar_text(*no_echo) == "true";
  if (auto* d = json::find(v, "Default")) {
    if (d->is_object() || d->is_array()) return refuse("Template format error: Every Default member must be a string.");
    out.default_value = scalar_text(*d);
  }
  for (const auto& [key, value] : v.get_object())
    if (key != "Type" && key != "Description" && key != "NoEcho" && key != "Default") out.constraints[key] = value;
  return out;
}

// Calls `visit(name, argument)` for every intrinsic function in `v`, outermost first.
template <class F>
void each_function(const json::value& v, F&& visit) {
  if (auto* list = v.if_array()) {
    for (const auto& element : *list) each_function(element, visit);
  } else if (auto* members = v.if_object()) {
    if (members->size() == 1) visit(std::string_view{members->begin()->key()}, members->begin()->value());
    for (const auto& [key, member] : *members) each_function(member, visit);
  }
}

struct found_references {
  std::set<std::string> names;       // Ref's and Sub's
  std::set<std::string> attributes;  // GetAtt's resources, Sub's ${A.B}
};

api::answer<found_references> collect(const json::value& v) {
  found_references out;
  api::answer<void> readable;
  each_function(v, [&](std::string_view name, const json::value& argument) {
    if (name == "Ref" && argument.is_string()) {
      out.names.emplace(json::view(argument.get_string()));
    } else if (name == "Fn::GetAtt") {
      if (argument.is_array() && !argument.get_array().empty() && argument.get_array()[0].is_string()) {
        out.attributes.emplace(json::view(argument.get_array()[0].get_string()));
      } else if (argument.is_string()) {
        auto text = json::view(argument.get_string());
        out.attributes.emplace(text.substr(0, text.find('.')));
      }
    } else if (name == "Fn::Sub") {
      auto* pair = argument.if_array();
      const json::value* text = pair ? (pair->empty() ? nullptr : &pair->front()) : &argument;
      if (!text || !text->is_string()) return;
      auto* own = pair && pair->size() > 1 ? (*pair)[1].if_object() : nullptr;
      auto variables = substitution_variables(json::view(text->get_string()));
      if (!variables) {
        readable = tl::unexpected(variables.error());
        return;
      }
      for (const auto& variable : *variables) {
        if (own && own->contains(variable)) continue;
        auto dot = variable.find('.');
        if (dot == std::string::npos)
          out.names.insert(variable);
        else
          out.attributes.insert(variable.substr(0, dot));
      }
    }
  });
  MDLC_CHECK(readable);
  return out;
}

bool is_pseudo(std::string_view name) { return name.starts_with("AWS::"); }

// What a policy says of a resource that goes.
api::answer<std::string> read_policy(const std::string& id, const json::value& v, std::string_view member,
                                     bool may_except_creation) {
  auto* given = json::find(v, member);
  if (!given) return std::string{"Delete"};
  if (!given->is_string())
    return refuse(fmt::format("Template format error: Every {} member must be a string.", member));
  std::string policy{json::view(given->get_string())};
  if (policy == "Snapshot")
    return refuse(fmt::format("Template error: resource type {} does not support deletion policy Snapshot",
                              json::text(v, "Type")));
  if (policy != "Delete" && policy != "Retain" && !(may_except_creation && policy == "RetainExceptOnCreate"))
    return refuse(fmt::format("Template error: resource {} has an unrecognized {}: {}", id, member, policy));
  return policy;
}

api::answer<resource_declaration> read_resource(const std::string& id, const json::value& v) {
  constexpr std::array<std::string_view, 9> known{"Type",           "Properties",     "DependsOn",
                                                  "Condition",      "DeletionPolicy", "UpdateReplacePolicy",
                                                  "CreationPolicy", "UpdatePolicy",   "Metadata"};
  MDLC_CHECK(check_name("Resource", id));
  if (!v.is_object())
    return refuse(fmt::format("Template format error: [/Resources/{}] resource definition is malformed", id));
  auto type = json::text(v, "Type");
  if (type.empty())
    return refuse(
        fmt::format("Template format error: [/Resources/{}] Every Resources object must contain a Type member.", id));
  if (auto unknown = unknown_member(v, known))
    return refuse(fmt::format("Invalid template resource property '{}'", *unknown));
  resource_declaration out;
  out.type = type;
  out.condition = json::text(v, "Condition");
  MDLC_TRY(out.deletion_policy, read_policy(id, v, "DeletionPolicy", true));
  MDLC_TRY(out.replace_policy, read_policy(id, v, "UpdateReplacePolicy", false));
  auto* properties = json::find(v, "Properties");
  if (properties && !properties->is_object())
    return refuse(fmt::format("Template format error: [/Resources/{}/Properties] must be an object", id));
  out.properties = properties ? *properties : json::value(json::object{});
  auto* after = json::find(v, "DependsOn");
  json::array names;
  if (after) names = after->is_array() ? after->get_array() : json::array{*after};
  for (const auto& one : names) {
    if (!one.is_string()) return refuse("Template format error: DependsOn must be a string or list of strings.");
    out.depends_on.emplace(json::view(one.get_string()));
  }
  return out;
}

api::answer<void> resolve_references(parsed_template& t) {
  std::set<std::string> unresolved;
  for (auto& [id, resource] : t.resources) {
    for (const auto& name : resource.depends_on)
      if (!t.resources.contains(name)) unresolved.insert(name);
    MDLC_TRY(auto found, collect(resource.properties));
    for (const auto& name : found.names) {
      if (t.resources.contains(name))
        resource.depends_on.insert(name);
      else if (!t.parameters.contains(name) && !is_pseudo(name))
        unresolved.insert(name);
    }
    for (const auto& name : found.attributes) {
      if (!t.resources.contains(name))
        return refuse(fmt::format("Template error: instance of Fn::GetAtt references undefined resource {}", name));
      resource.depends_on.insert(name);
    }
    if (!resource.condition.empty() && !t.conditions.contains(resource.condition))
      return refuse(
          fmt::format("Template format error: Unresolved condition dependency {} in the Resources block of the "
                      "template",
                      resource.condition));
  }
  if (!unresolved.empty())
    return refuse(
        fmt::format("Template format error: Unresolved resource dependencies [{}] in the Resources block of the "
                    "template",
                    fmt::join(unresolved, ", ")));
  for (const auto& [name, output] : t.outputs) {
    if (!output.condition.empty() && !t.conditions.contains(output.condition))
      return refuse(
          fmt::format("Template format error: Unresolved condition dependency {} in the Outputs block of the template",
                      output.condition));
    MDLC_TRY(auto found, collect(output.value));
    found.names.merge(found.attributes);
    for (const auto& id : found.names)
      if (!t.resources.contains(id) && !t.parameters.contains(id) && !is_pseudo(id))
        return refuse(
            fmt::format("Template format error: Unresolved resource dependencies [{}] in the Outputs block of "
                        "the template",
                        id));
  }
  MDLC_TRY(auto found, collect(json::value(t.conditions)));
  for (const auto& name : found.names)
    if (!t.parameters.contains(name) && !is_pseudo(name))
      return refuse(
          fmt::format("Template format error: Unresolved dependencies [{}]. Cannot reference resources in the "
                      "Conditions block of the template",
                      name));
  return {};
}

api::answer<void> order_resources(parsed_template& t) {
  std::set<std::string> placed;
  while (placed.size() < t.resources.size()) {
    bool moved = false;
    for (const auto& [id, resource] : t.resources) {
      if (placed.contains(id)) continue;
      if (!std::includes(placed.begin(), placed.end(), resource.depends_on.begin(), resource.depends_on.end()))
        continue;
      placed.insert(id);
      t.order.push_back(id);
      moved = true;
    }
    if (moved) continue;
    std::vector<std::string> left;
    for (const auto& [id, resource] : t.resources)
      if (!placed.contains(id)) left.push_back(id);
    return refuse(fmt::format("Circular dependency between resources: [{}]", fmt::join(left, ", ")));
  }
  return {};
}

}  // namespace

std::set<std::string> references(const json::value& v) {
  auto found = collect(v);
  if (!found) return {};  // not of a template that was read
  found->names.merge(found->attributes);
  return std::move(found->names);
}

api::answer<parsed_template> parse_template(std::string_view text) {
  parsed_template t;
  MDLC_TRY(t.document, parse_template_text(text));
  std::vector<std::string> unknown;
  for (const auto& [key, value] : t.document.get_object())
    if (std::find(sections.begin(), sections.end(), key) == sections.end()) unknown.emplace_back(key);
  if (!unknown.empty())
    return refuse(fmt::format("Invalid template property or properties [{}]", fmt::join(unknown, ", ")));
  if (json::find(t.document, "Transform"))
    return refuse("Transform is not served by mdlc: expand the template first (sam build, cdk synth), then deploy it.");
  if (auto path = path_of_null(t.document))
    return refuse(fmt::format("[{}] 'null' values are not allowed in templates", *path));
  if (json::find(t.document, "AWSTemplateFormatVersion") &&
      json::text(t.document, "AWSTemplateFormatVersion") != format_version)
    return refuse("Template format error: unsupported value for AWSTemplateFormatVersion.");
  t.description = json::text(t.document, "Description");
  if (t.description.size() > max_description_length)
    return refuse(
        fmt::format("Template format error: 'Description' length is greater than {}.", max_description_length));
  MDLC_TRY(auto parameters, section(t.document, "Parameters"));
  MDLC_TRY(t.mappings, section(t.document, "Mappings"));
  MDLC_TRY(t.conditions, section(t.document, "Conditions"));
  MDLC_TRY(auto resources, section(t.document, "Resources"));
  MDLC_TRY(auto outputs, section(t.document, "Outputs"));
  if (resources.empty()) return refuse("Template format error: At least one Resources member must be defined.");
  struct quota {
    size_t have, most;
    std::string_view what;
  };
  for (auto [have, most, what] :
       {quota{parameters.size(), max_parameters, "parameters"}, quota{t.mappings.size(), max_mappings, "mappings"},
        quota{resources.size(), max_resources, "resources"}, quota{outputs.size(), max_outputs, "outputs"}})
    if (have > most)
      return refuse(fmt::format("Template format error: Number of {}, {}, is greater than maximum allowed, {}", what,
                                have, most));
  for (const auto& [name, value] : parameters) {
    MDLC_TRY(auto declared, read_parameter(name, value));
    t.parameters.emplace(name, std::move(declared));
  }
  for (const auto& [name, value] : resources) {
    MDLC_TRY(auto declared, read_resource(name, value));
    t.resources.emplace(name, std::move(declared));
  }
  for (const auto& [name, value] : outputs) {
    MDLC_CHECK(check_name("Output", std::string_view{name}));
    auto* what = json::find(value, "Value");
    if (!what) return refuse("Template format error: Every Outputs member must contain a Value object");
    output_declaration out{
        *what, std::string{json::text(value, "Description")}, std::string{json::text(value, "Condition")}, {}};
    if (auto* exported = json::find(value, "Export"))
      if (auto* exported_name = json::find(*exported, "Name")) out.export_name = *exported_name;
    t.outputs.emplace(name, std::move(out));
  }
  MDLC_CHECK(resolve_references(t));
  MDLC_CHECK(order_resources(t));
  return t;
}

std::string required_capability(const parsed_template& t) {
  constexpr std::array named{"RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"};
  std::string needed;
  for (const auto& [id, resource] : t.resources) {
    if (!resource.type.starts_with("AWS::IAM::")) continue;
    if (needed.empty()) needed = "CAPABILITY_IAM";
    for (auto property : named)
      if (json::find(resource.properties, property)) return "CAPABILITY_NAMED_IAM";
  }
  return needed;
}

}  // namespace mdlc::services::cloudformation
