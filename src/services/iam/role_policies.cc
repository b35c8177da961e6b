#include "services/iam/common.h"
#include "services/iam/operations.h"
#include "services/iam/rows.h"
#include "services/iam/service.h"
#include "wire/uri.h"

namespace mdlc::services::iam {
namespace {

auto no_such_policy(const std::string& name) {
  return api::refuse("NoSuchEntity", fmt::format("The role policy with name {} cannot be found.", name), 404);
}

}  // namespace

api::answer<model::PutRolePolicyResponse> put_role_policy(service&, api::call& c,
                                                          const model::PutRolePolicyRequest& in) {
  const auto& account = c.context.scope.account;
  auto role = key_of(in.RoleName);
  MDLC_CHECK(check_policy(in.PolicyDocument, false));
  return c.commit([&](store::transaction& t) -> api::answer<model::PutRolePolicyResponse> {
    MDLC_CHECK(find_role(t, account, in.RoleName));
    size_t characters = policy_characters(in.PolicyDocument);
    for (const auto& row :
         t.query("SELECT document FROM iam_role_policies WHERE account = ?1 AND role = ?2 AND name <> ?3",
                 {account, role, in.PolicyName}))
      characters += policy_characters(row.text(0));
    if (characters > max_inline_policy_characters)
      return api::refuse("LimitExceeded",
                         fmt::format("Maximum policy size of {} bytes exceeded for role {}",
                                     max_inline_policy_characters, in.RoleName),
                         409);
    t.run(
        "INSERT INTO iam_role_policies VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (account, role, name) DO UPDATE SET document = excluded.document",
        {account, role, in.PolicyName, in.PolicyDocument});
    return model::PutRolePolicyResponse{};
  });
}

api::answer<model::GetRolePolicyResponse> get_role_policy(service&, api::call& c,
                                                          const model::GetRolePolicyRequest& in) {
  const auto& account = c.context.scope.account;
  return c.db().read([&](store::reader& r) -> api::answer<model::GetRolePolicyResponse> {
    MDLC_TRY(auto role, find_role(r, account, in.RoleName));
    auto row = r.first("SELECT document FROM iam_role_policies WHERE account = ?1 AND role = ?2 AND name = ?3",
                       {account, key_of(in.RoleName), in.PolicyName});
    if (!row) return no_such_policy(in.PolicyName);
    return model::GetRolePolicyResponse{role.RoleName, in.PolicyName, wire::percent_encode(row->text(0))};
  });
}

api::answer<model::DeleteRolePolicyResponse> delete_role_policy(service&, api::call& c,
                                                                const model::DeleteRolePolicyRequest& in) {
  const auto& account = c.context.scope.account;
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteRolePolicyResponse> {
    MDLC_CHECK(find_role(t, account, in.RoleName));
    if (t.run("DELETE FROM iam_role_policies WHERE account = ?1 AND role = ?2 AND name = ?3",
              {account, key_of(in.RoleName), in.PolicyName}) == 0)
      return no_such_policy(in.PolicyName);
    return model::DeleteRolePolicyResponse{};
  });
}

api::answer<model::ListRolePoliciesResponse> list_role_policies(service&, api::call& c,
                                                                const model::ListRolePoliciesRequest& in) {
  const auto& account = c.context.scope.account;
  MDLC_TRY(auto after, start_of(in.Marker));
  auto page = in.MaxItems.value_or(default_page);
  return c.db().read([&](store::reader& r) -> api::answer<model::ListRolePoliciesResponse> {
    MDLC_CHECK(find_role(r, account, in.RoleName));
    std::vector<std::string> names;
    for (const auto& row : r.query("SELECT name FROM iam_role_policies WHERE account = ?1 AND role = ?2 AND name > ?3 "
                                   "ORDER BY name LIMIT ?4",
                                   {account, key_of(in.RoleName), after, page + 1}))
      names.push_back(row.text(0));
    auto next = cut(names, page, [](const auto& name) { return name; });
    return model::ListRolePoliciesResponse{std::move(names), next.has_value(), next};
  });
}

api::answer<model::AttachRolePolicyResponse> attach_role_policy(service&, api::call& c,
                                                                const model::AttachRolePolicyRequest& in) {
  const auto& account = c.context.scope.account;
  auto role = key_of(in.RoleName);
  return c.commit([&](store::transaction& t) -> api::answer<model::AttachRolePolicyResponse> {
    MDLC_CHECK(find_role(t, account, in.RoleName));
    if (!find_policy(t, account, in.PolicyArn))
      return api::refuse("NoSuchEntity", fmt::format("Policy {} does not exist or is not attachable.", in.PolicyArn),
                         404);
    auto others = count(t, "SELECT COUNT(*) FROM iam_attachments WHERE account = ?1 AND role = ?2 AND policy <> ?3",
                        {account, role, in.PolicyArn});
    if (others >= max_attached_policies)
      return api::refuse("LimitExceeded",
                         fmt::format("Cannot exceed quota for PoliciesPerRole: {}", max_attached_policies), 409);
    t.run("INSERT INTO iam_attachments VALUES (?1, ?2, ?3) ON CONFLICT (account, role, policy) DO NOTHING",
          {account, role, in.PolicyArn});
    return model::AttachRolePolicyResponse{};
  });
}

api::answer<model::DetachRolePolicyResponse> detach_role_policy(service&, api::call& c,
                                                                const model::DetachRolePolicyRequest& in) {
  const auto& account = c.context.scope.account;
  return c.commit([&](store::transaction& t) -> api::answer<model::DetachRolePolicyResponse> {
    MDLC_CHECK(find_role(t, account, in.RoleName));
    if (t.run("DELETE FROM iam_attachments WHERE account = ?1 AND role = ?2 AND policy = ?3",
              {account, key_of(in.RoleName), in.PolicyArn}) == 0)
      return api::refuse("NoSuchEntity", fmt::format("Policy {} was not found.", in.PolicyArn), 404);
    return model::DetachRolePolicyResponse{};
  });
}

api::answer<model::ListAttachedRolePoliciesResponse> list_attached_role_policies(
    service&, api::call& c, const model::ListAttachedRolePoliciesRequest& in) {
  const auto& account = c.context.scope.account;
  MDLC_TRY(auto after, start_of(in.Marker));
  auto page = in.MaxItems.value_or(default_page);
  return c.db().read([&](store::reader& r) -> api::answer<model::ListAttachedRolePoliciesResponse> {
    MDLC_CHECK(find_role(r, account, in.RoleName));
    std::vector<model::AttachedPolicy> attached;
    for (const auto& row :
         r.query("SELECT policy FROM iam_attachments WHERE account = ?1 AND role = ?2 AND policy > ?3 "
                 "ORDER BY policy LIMIT ?4",
                 {account, key_of(in.RoleName), after, page + 1})) {
      auto arn = row.text(0);
      attached.push_back({arn.substr(arn.rfind('/') + 1), arn});
    }
    auto next = cut(attached, page, [](const auto& policy) { return *policy.PolicyArn; });
    return model::ListAttachedRolePoliciesResponse{std::move(attached), next.has_value(), next};
  });
}

}  // namespace mdlc::services::iam
