#include "services/iam/common.h"
#include "services/iam/operations.h"
#include "services/iam/rows.h"
#include "services/iam/service.h"

namespace mdlc::services::iam {
namespace {

constexpr int64_t default_session_seconds = 3600;

api::answer<void> check_trust(const std::string& document) {
  if (policy_characters(document) > max_trust_policy_characters)
    return api::refuse("LimitExceeded",
                       fmt::format("Cannot exceed quota for ACLSizePerRole: {}", max_trust_policy_characters), 409);
  return check_policy(document, true);
}

}  // namespace

api::answer<model::CreateRoleResponse> create_role(service& s, api::call& c, const model::CreateRoleRequest& in) {
  const auto& account = c.context.scope.account;
  MDLC_CHECK(check_trust(in.AssumeRolePolicyDocument));
  MDLC_TRY(auto tags, merge_tags({}, in.Tags.value_or(iam::tags{})));
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateRoleResponse> {
    if (find_role(t, account, in.RoleName))
      return api::refuse("EntityAlreadyExists", fmt::format("Role with name {} already exists.", in.RoleName), 409);
    t.run("INSERT INTO iam_roles VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
          {account, key_of(in.RoleName), in.RoleName, in.Path.value_or("/"), new_id("AROA", s.host.env),
           base::to_ms(s.host.env.now()), in.AssumeRolePolicyDocument, in.Description,
           in.MaxSessionDuration.value_or(default_session_seconds), in.PermissionsBoundary, print_tags(tags)});
    return model::CreateRoleResponse{*find_role(t, account, in.RoleName)};
  });
}

api::answer<model::GetRoleResponse> get_role(service&, api::call& c, const model::GetRoleRequest& in) {
  MDLC_TRY(auto role,
           c.db().read([&](store::reader& r) { return find_role(r, c.context.scope.account, in.RoleName); }));
  role.RoleLastUsed = model::RoleLastUsed{};
  return model::GetRoleResponse{std::move(role)};
}

api::answer<model::ListRolesResponse> list_roles(service&, api::call& c, const model::ListRolesRequest& in) {
  MDLC_TRY(auto after, start_of(in.Marker));
  auto page = in.MaxItems.value_or(default_page);
  auto roles = c.db().read([&](store::reader& r) {
    return read_roles(r, c.context.scope.account, in.PathPrefix.value_or("/"), after, page + 1);
  });
  auto next = cut(roles, page, [](const auto& role) { return key_of(role.RoleName); });
  for (auto& role : roles) role.Tags.reset();  // AWS's list leaves them out
  return model::ListRolesResponse{std::move(roles), next.has_value(), next};
}

api::answer<model::DeleteRoleResponse> delete_role(service&, api::call& c, const model::DeleteRoleRequest& in) {
  const auto& account = c.context.scope.account;
  auto key = key_of(in.RoleName);
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteRoleResponse> {
    MDLC_CHECK(find_role(t, account, in.RoleName));
    if (count(t, "SELECT COUNT(*) FROM iam_attachments WHERE account = ?1 AND role = ?2", {account, key}) > 0)
      return api::refuse("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409);
    if (count(t, "SELECT COUNT(*) FROM iam_role_policies WHERE account = ?1 AND role = ?2", {account, key}) > 0)
      return api::refuse("DeleteConflict", "Cannot delete entity, must delete policies first.", 409);
    t.run("DELETE FROM iam_roles WHERE account = ?1 AND name = ?2", {account, key});
    return model::DeleteRoleResponse{};
  });
}

api::answer<model::UpdateRoleResponse> update_role(service&, api::call& c, const model::UpdateRoleRequest& in) {
  const auto& account = c.context.scope.account;
  return c.commit([&](store::transaction& t) -> api::answer<model::UpdateRoleResponse> {
    MDLC_CHECK(find_role(t, account, in.RoleName));
    t.run(
        "UPDATE iam_roles SET description = COALESCE(?3, description), session_seconds = COALESCE(?4, "
        "session_seconds) WHERE account = ?1 AND name = ?2",
        {account, key_of(in.RoleName), in.Description, in.MaxSessionDuration});
    return model::UpdateRoleResponse{};
  });
}

api::answer<model::UpdateAssumeRolePolicyResponse> update_assume_role_policy(
    service&, api::call& c, const model::UpdateAssumeRolePolicyRequest& in) {
  const auto& account = c.context.scope.account;
  MDLC_CHECK(check_trust(in.PolicyDocument));
  return c.commit([&](store::transaction& t) -> api::answer<model::UpdateAssumeRolePolicyResponse> {
    MDLC_CHECK(find_role(t, account, in.RoleName));
    t.run("UPDATE iam_roles SET trust = ?3 WHERE account = ?1 AND name = ?2",
          {account, key_of(in.RoleName), in.PolicyDocument});
    return model::UpdateAssumeRolePolicyResponse{};
  });
}

api::answer<model::TagRoleResponse> tag_role(service&, api::call& c, const model::TagRoleRequest& in) {
  const auto& account = c.context.scope.account;
  return c.commit([&](store::transaction& t) -> api::answer<model::TagRoleResponse> {
    MDLC_TRY(auto role, find_role(t, account, in.RoleName));
    MDLC_TRY(auto tags, merge_tags(role.Tags.value_or(iam::tags{}), in.Tags));
    t.run("UPDATE iam_roles SET tags = ?3 WHERE account = ?1 AND name = ?2",
          {account, key_of(in.RoleName), print_tags(tags)});
    return model::TagRoleResponse{};
  });
}

api::answer<model::UntagRoleResponse> untag_role(service&, api::call& c, const model::UntagRoleRequest& in) {
  const auto& account = c.context.scope.account;
  return c.commit([&](store::transaction& t) -> api::answer<model::UntagRoleResponse> {
    MDLC_TRY(auto role, find_role(t, account, in.RoleName));
    auto tags = role.Tags.value_or(iam::tags{});
    for (const auto& key : in.TagKeys)
      std::erase_if(tags, [&](const auto& tag) { return key_of(tag.Key) == key_of(key); });
    t.run("UPDATE iam_roles SET tags = ?3 WHERE account = ?1 AND name = ?2",
          {account, key_of(in.RoleName), print_tags(tags)});
    return model::UntagRoleResponse{};
  });
}

api::answer<model::ListRoleTagsResponse> list_role_tags(service&, api::call& c, const model::ListRoleTagsRequest& in) {
  MDLC_TRY(auto role,
           c.db().read([&](store::reader& r) { return find_role(r, c.context.scope.account, in.RoleName); }));
  return model::ListRoleTagsResponse{role.Tags.value_or(tags{}), false, std::nullopt};
}

api::answer<model::ListInstanceProfilesForRoleResponse> list_instance_profiles_for_role(
    service&, api::call& c, const model::ListInstanceProfilesForRoleRequest& in) {
  MDLC_CHECK(c.db().read([&](store::reader& r) { return find_role(r, c.context.scope.account, in.RoleName); }));
  // Instances do not exist here, so their profiles do not either.
  return model::ListInstanceProfilesForRoleResponse{{}, false, std::nullopt};
}

api::answer<model::GetUserResponse> get_user(service&, api::call& c, const model::GetUserRequest& in) {
  if (in.UserName)
    return api::refuse("NoSuchEntity", fmt::format("The user with name {} cannot be found.", *in.UserName), 404);
  if (c.context.principal.find(":assumed-role/") != std::string::npos)
    return api::refuse("ValidationError", "Must specify userName when calling with non-User credentials");
  // As AWS answers the account's owner, who is no user.
  model::User owner;
  owner.Path = "/";
  owner.UserName = "root";
  owner.UserId = c.context.scope.account;
  owner.Arn = c.context.principal;
  return model::GetUserResponse{std::move(owner)};
}

}  // namespace mdlc::services::iam
