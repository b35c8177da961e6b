#include <fmt/format.h>

#include "services/cloudformation/types.h"

namespace mdlc::services::cloudformation {
namespace {

operation_call on_role(std::string_view operation, std::string_view role, json::object more = {}) {
  more["RoleName"] = role;
  return {"iam", std::string{operation}, std::move(more)};
}

constexpr int64_t default_session_s = 3600;

operation_call put_policy(std::string_view role, const json::value& policy) {
  json::object input;
  input["PolicyName"] = json::text(policy, "PolicyName");
  auto* document = json::find(policy, "PolicyDocument");
  input["PolicyDocument"] = document ? as_document(*document) : std::string{};
  return on_role("PutRolePolicy", role, std::move(input));
}

const json::array& list_of(const json::object& properties, std::string_view name) {
  static const json::array none;
  auto* found = properties.if_contains(name);
  return found && found->is_array() ? found->get_array() : none;
}

api::answer<calls> create_role(const stack_identity& stack, const resource& r) {
  auto role = json::text(r.properties, "RoleName");
  auto input = pick(r.properties, {"Path", "Description", "PermissionsBoundary"});
  input["AssumeRolePolicyDocument"] = as_document(r.properties.at("AssumeRolePolicyDocument"));
  if (auto* longest = r.properties.if_contains("MaxSessionDuration"))
    input["MaxSessionDuration"] = as_integer(*longest);
  if (auto tags = tag_list(stack, r); !tags.empty()) input["Tags"] = std::move(tags);
  calls out{on_role("CreateRole", role, std::move(input))};
  for (const auto& arn : list_of(r.properties, "ManagedPolicyArns"))
    out.push_back(on_role("AttachRolePolicy", role, {{"PolicyArn", arn}}));
  for (const auto& policy : list_of(r.properties, "Policies")) out.push_back(put_policy(role, policy));
  return out;
}

void absorb_role(const stack_identity&, resource& r, const operation_call&, const json::value& answer) {
  auto* role = json::find(answer, "Role");
  if (!role) return;
  r.physical_id = json::text(*role, "RoleName");
  r.attributes["Arn"] = json::text(*role, "Arn");
  r.attributes["RoleId"] = json::text(*role, "RoleId");
}

api::answer<calls> update_role(const stack_identity& stack, const resource& r, const former& before) {
  const auto& role = r.physical_id;
  calls out;
  if (differs(r, before, "AssumeRolePolicyDocument"))
    out.push_back(on_role("UpdateAssumeRolePolicy", role,
                          {{"PolicyDocument", as_document(r.properties.at("AssumeRolePolicyDocument"))}}));
  json::object settings;
  if (differs(r, before, "Description")) settings["Description"] = json::text(r.properties, "Description");
  if (differs(r, before, "MaxSessionDuration")) {
    auto* longest = r.properties.if_contains("MaxSessionDuration");
    settings["MaxSessionDuration"] = longest ? as_integer(*longest) : json::value(default_session_s);
  }
  if (!settings.empty()) out.push_back(on_role("UpdateRole", role, std::move(settings)));
  const auto &now = list_of(r.properties, "ManagedPolicyArns"), &then = list_of(before.properties, "ManagedPolicyArns");
  for (const auto& arn : now)
    if (std::find(then.begin(), then.end(), arn) == then.end())
      out.push_back(on_role("AttachRolePolicy", role, {{"PolicyArn", arn}}));
  for (const auto& arn : then)
    if (std::find(now.begin(), now.end(), arn) == now.end())
      out.push_back(on_role("DetachRolePolicy", role, {{"PolicyArn", arn}}));
  std::set<std::string> kept;
  for (const auto& policy : list_of(r.properties, "Policies")) {
    kept.emplace(json::text(policy, "PolicyName"));
    out.push_back(put_policy(role, policy));
  }
  for (const auto& policy : list_of(before.properties, "Policies"))
    if (!kept.contains(std::string{json::text(policy, "PolicyName")}))
      out.push_back(on_role("DeleteRolePolicy", role, {{"PolicyName", json::text(policy, "PolicyName")}}));
  auto tags = changed_tags(stack, r, before);
  json::array put;
  for (const auto& [name, value] : tags.put) put.push_back(json::object{{"Key", name}, {"Value", value}});
  if (!tags.gone.empty()) out.push_back(on_role("UntagRole", role, {{"TagKeys", std::move(tags.gone)}}));
  if (!put.empty()) out.push_back(on_role("TagRole", role, {{"Tags", std::move(put)}}));
  return out;
}

calls remove_role(const stack_identity&, const resource& r) {
  calls out;
  for (const auto& arn : list_of(r.properties, "ManagedPolicyArns"))
    out.push_back(on_role("DetachRolePolicy", r.physical_id, {{"PolicyArn", arn}}));
  for (const auto& policy : list_of(r.properties, "Policies"))
    out.push_back(on_role("DeleteRolePolicy", r.physical_id, {{"PolicyName", json::text(policy, "PolicyName")}}));
  out.push_back(on_role("DeleteRole", r.physical_id));
  return out;
}

// AWS::IAM::Policy: an inline policy that several roles get.
api::answer<calls> create_policy(const stack_identity&, const resource& r) {
  calls out;
  for (const auto& role : list_of(r.properties, "Roles"))
    if (role.is_string()) out.push_back(put_policy(json::view(role.get_string()), r.properties));
  if (out.empty()) return api::refuse("ValidationError", "At least one of [Groups,Roles,Users] must be non-empty.");
  return out;
}

void absorb_policy(const stack_identity& stack, resource& r, const operation_call&, const json::value&) {
  if (r.physical_id.empty()) r.physical_id = fmt::format("{}-{}", stack.name, json::text(r.properties, "PolicyName"));
}

calls remove_policy_from(const json::array& roles, const json::object& policy) {
  calls out;
  for (const auto& role : roles)
    if (role.is_string())
      out.push_back(on_role("DeleteRolePolicy", json::view(role.get_string()),
                            {{"PolicyName", json::text(policy, "PolicyName")}}));
  return out;
}

api::answer<calls> update_policy(const stack_identity& stack, const resource& r, const former& before) {
  MDLC_TRY(auto out, create_policy(stack, r));
  json::array gone;
  const auto& now = list_of(r.properties, "Roles");
  for (const auto& role : list_of(before.properties, "Roles"))
    if (std::find(now.begin(), now.end(), role) == now.end()) gone.push_back(role);
  for (auto& call : remove_policy_from(gone, before.properties)) out.push_back(std::move(call));
  return out;
}

calls remove_policy(const stack_identity&, const resource& r) {
  return remove_policy_from(list_of(r.properties, "Roles"), r.properties);
}

api::answer<calls> create_managed_policy(const stack_identity& stack, const resource& r) {
  auto input = pick(r.properties, {"Description", "Path"});
  input["PolicyName"] = json::text(r.properties, "ManagedPolicyName");
  input["PolicyDocument"] = as_document(r.properties.at("PolicyDocument"));
  calls out{{"iam", "CreatePolicy", std::move(input)}};
  auto arn = base::arn{"aws", "iam", "", stack.scope.account,
                       fmt::format("policy{}{}", json::text(r.properties, "Path", "/"),
                                   json::text(r.properties, "ManagedPolicyName"))}
                 .str();
  for (const auto& role : list_of(r.properties, "Roles"))
    if (role.is_string())
      out.push_back(on_role("AttachRolePolicy", json::view(role.get_string()), {{"PolicyArn", arn}}));
  return out;
}

void absorb_managed_policy(const stack_identity&, resource& r, const operation_call&, const json::value& answer) {
  if (auto* policy = json::find(answer, "Policy")) {
    r.physical_id = json::text(*policy, "Arn");
    r.attributes["PolicyArn"] = r.physical_id;
    r.attributes["PolicyId"] = json::text(*policy, "PolicyId");
    r.attributes["DefaultVersionId"] = json::text(*policy, "DefaultVersionId");
  }
  if (auto* version = json::find(answer, "PolicyVersion"))
    r.attributes["DefaultVersionId"] = json::text(*version, "VersionId");
}

// The document becomes a new version in the place of the old one.
api::answer<calls> update_managed_policy(const stack_identity&, const resource& r, const former& before) {
  calls out;
  const auto& arn = r.physical_id;
  if (differs(r, before, "PolicyDocument")) {
    out.push_back({"iam", "CreatePolicyVersion",
                   json::object{{"PolicyArn", arn},
                                {"PolicyDocument", as_document(r.properties.at("PolicyDocument"))},
                                {"SetAsDefault", true}}});
    out.push_back({"iam", "DeletePolicyVersion",
                   json::object{{"PolicyArn", arn}, {"VersionId", json::text(r.attributes, "DefaultVersionId")}}});
  }
  const auto &now = list_of(r.properties, "Roles"), &then = list_of(before.properties, "Roles");
  for (const auto& role : now)
    if (role.is_string() && std::find(then.begin(), then.end(), role) == then.end())
      out.push_back(on_role("AttachRolePolicy", json::view(role.get_string()), {{"PolicyArn", arn}}));
  for (const auto& role : then)
    if (role.is_string() && std::find(now.begin(), now.end(), role) == now.end())
      out.push_back(on_role("DetachRolePolicy", json::view(role.get_string()), {{"PolicyArn", arn}}));
  return out;
}

calls remove_managed_policy(const stack_identity&, const resource& r) {
  calls out;
  for (const auto& role : list_of(r.properties, "Roles"))
    if (role.is_string())
      out.push_back(on_role("DetachRolePolicy", json::view(role.get_string()), {{"PolicyArn", r.physical_id}}));
  out.push_back({"iam", "DeletePolicy", json::object{{"PolicyArn", r.physical_id}}});
  return out;
}

}  // namespace

std::span<const resource_type> iam_types() {
  static const std::array types{
      resource_type{.name = "AWS::IAM::Role",
                    .name_property = "RoleName",
                    .properties = {"AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "MaxSessionDuration",
                                   "Path", "PermissionsBoundary", "Policies", "RoleName", "Tags"},
                    .required = {"AssumeRolePolicyDocument"},
                    .replaced_by = {"RoleName", "Path"},
                    .create = create_role,
                    .absorb = absorb_role,
                    .update = update_role,
                    .remove = remove_role},
      resource_type{.name = "AWS::IAM::Policy",
                    .properties = {"Groups", "PolicyDocument", "PolicyName", "Roles", "Users"},
                    .required = {"PolicyName", "PolicyDocument"},
                    .replaced_by = {"PolicyName"},
                    .create = create_policy,
                    .absorb = absorb_policy,
                    .update = update_policy,
                    .remove = remove_policy},
      resource_type{
          .name = "AWS::IAM::ManagedPolicy",
          .name_property = "ManagedPolicyName",
          .name_length = 128,
          .properties = {"Description", "Groups", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users"},
          .required = {"PolicyDocument"},
          .replaced_by = {"ManagedPolicyName", "Description", "Path"},
          .create = create_managed_policy,
          .absorb = absorb_managed_policy,
          .update = update_managed_policy,
          .remove = remove_managed_policy},
  };
  return types;
}

}  // namespace mdlc::services::cloudformation
