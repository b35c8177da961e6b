// What a template says, without a stack being made of it.
#include <fmt/format.h>

#include "services/cloudformation/change_set.h"
#include "services/cloudformation/operations.h"

namespace mdlc::services::cloudformation {
namespace {

constexpr std::string_view iam_reason = "The following resource(s) require capabilities: [{}]";

std::optional<std::string> reason_for_capability(const parsed_template& t) {
  std::set<std::string> types;
  for (const auto& [id, r] : t.resources)
    if (r.type.starts_with("AWS::IAM::")) types.insert(r.type);
  if (types.empty()) return {};
  return fmt::format(iam_reason, fmt::join(types, ", "));
}

}  // namespace

api::answer<model::GetTemplate::output> get_template(service&, api::call& c, const model::GetTemplate::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::GetTemplate::output> {
    auto found = in.StackName ? find_stack(r, c.context.scope, *in.StackName) : std::nullopt;
    model::GetTemplate::output out;
    if (in.ChangeSetName) {
      auto set = find_change_set(r, c.context.scope, *in.ChangeSetName, found);
      if (!set) return no_such_change_set(*in.ChangeSetName);
      out.TemplateBody = json::text(set->content, "template");
    } else {
      if (!found) return no_such_stack(in.StackName.value_or(""));
      out.TemplateBody = found->current.text;
    }
    out.StagesAvailable = {"Original", "Processed"};
    return out;
  });
}

api::answer<model::GetTemplateSummary::output> get_template_summary(service& s, api::call& c,
                                                                    const model::GetTemplateSummary::input& in) {
  std::string text;
  if (in.StackName) {
    auto found = c.db().read([&](store::reader& r) { return find_stack(r, c.context.scope, *in.StackName); });
    if (!found) return no_such_stack(*in.StackName);
    text = found->current.text;
  } else {
    MDLC_TRY(text, template_text(s, c, in.TemplateBody, in.TemplateURL));
  }
  MDLC_TRY(auto parsed, parse_template(text));
  model::GetTemplateSummary::output out;
  if (!parsed.description.empty()) out.Description = parsed.description;
  if (auto version = json::text(parsed.document, "AWSTemplateFormatVersion"); !version.empty()) out.Version = version;
  if (auto* metadata = json::find(parsed.document, "Metadata")) out.Metadata = json::print(*metadata);
  if (auto needed = required_capability(parsed); !needed.empty()) {
    out.Capabilities = {needed};
    out.CapabilitiesReason = reason_for_capability(parsed);
  }
  out.Parameters.emplace();
  for (const auto& [name, declared] : parsed.parameters) {
    model::ParameterDeclaration p;
    p.ParameterKey = name;
    p.ParameterType = declared.type;
    p.NoEcho = declared.no_echo;
    p.DefaultValue = declared.default_value;
    if (!declared.description.empty()) p.Description = declared.description;
    auto& constraints = p.ParameterConstraints.emplace();
    if (auto* allowed = declared.constraints.if_contains("AllowedValues"); allowed && allowed->is_array()) {
      constraints.AllowedValues.emplace();
      for (const auto& one : allowed->get_array())
        constraints.AllowedValues->push_back(one.is_string() ? std::string{json::view(one.get_string())}
                                                             : json::print(one));
    }
    out.Parameters->push_back(std::move(p));
  }
  std::map<std::string, std::vector<std::string>> by_type;
  for (const auto& [id, r] : parsed.resources) by_type[r.type].push_back(id);
  out.ResourceTypes.emplace();
  out.ResourceIdentifierSummaries.emplace();
  for (const auto& [type, ids] : by_type) {
    out.ResourceTypes->push_back(type);
    model::ResourceIdentifierSummary one;
    one.ResourceType = type;
    one.LogicalResourceIds = ids;
    if (const auto* known = find_resource_type(type); known && !known->name_property.empty())
      one.ResourceIdentifiers = std::vector{std::string{known->name_property}};
    out.ResourceIdentifierSummaries->push_back(std::move(one));
  }
  return out;
}

api::answer<model::ValidateTemplate::output> validate_template(service& s, api::call& c,
                                                               const model::ValidateTemplate::input& in) {
  MDLC_TRY(auto text, template_text(s, c, in.TemplateBody, in.TemplateURL));
  MDLC_TRY(auto parsed, parse_template(text));
  MDLC_CHECK(check_types(parsed));
  model::ValidateTemplate::output out;
  if (!parsed.description.empty()) out.Description = parsed.description;
  out.Parameters.emplace();
  for (const auto& [name, declared] : parsed.parameters) {
    model::TemplateParameter p;
    p.ParameterKey = name;
    p.DefaultValue = declared.default_value;
    p.NoEcho = declared.no_echo;
    if (!declared.description.empty()) p.Description = declared.description;
    out.Parameters->push_back(std::move(p));
  }
  if (auto needed = required_capability(parsed); !needed.empty()) {
    out.Capabilities = {needed};
    out.CapabilitiesReason = reason_for_capability(parsed);
  }
  return out;
}

}  // namespace mdlc::services::cloudformation
