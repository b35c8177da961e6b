#include <charconv>

#include "services/iam/common.h"
#include "services/iam/operations.h"
#include "services/iam/rows.h"
#include "services/iam/service.h"
#include "wire/uri.h"

namespace mdlc::services::iam {
namespace {

api::answer<void> check_document(const std::string& document) {
  if (policy_characters(document) > max_managed_policy_characters)
    return api::refuse("LimitExceeded",
                       fmt::format("Cannot exceed quota for PolicySize: {}", max_managed_policy_characters), 409);
  return check_policy(document, false);
}

auto no_such_version(const std::string& arn, const std::string& version) {
  return api::refuse("NoSuchEntity",
                     fmt::format("Policy {} version {} does not exist or is not attachable.", arn, version), 404);
}

// v3
std::optional<int64_t> number_of(std::string_view version) {
  int64_t out = 0;
  if (!version.starts_with('v')) return std::nullopt;
  auto [end, error] = std::from_chars(version.data() + 1, version.data() + version.size(), out);
  if (error != std::errc{} || end != version.data() + version.size()) return std::nullopt;
  return out;
}

void put_version(store::transaction& t, const std::string& account, const std::string& arn, int64_t version,
                 const std::string& document, int64_t now_ms) {
  t.run("INSERT INTO iam_policy_versions VALUES (?1, ?2, ?3, ?4, ?5)", {account, arn, version, document, now_ms});
}

}  // namespace

api::answer<model::CreatePolicyResponse> create_policy(service& s, api::call& c, const model::CreatePolicyRequest& in) {
  const auto& account = c.context.scope.account;
  MDLC_CHECK(check_document(in.PolicyDocument));
  MDLC_TRY(auto tags, merge_tags({}, in.Tags.value_or(iam::tags{})));
  auto path = in.Path.value_or("/");
  auto arn = fmt::format("arn:aws:iam::{}:policy{}{}", account, path, in.PolicyName);
  auto now_ms = base::to_ms(s.host.env.now());
  return c.commit([&](store::transaction& t) -> api::answer<model::CreatePolicyResponse> {
    if (count(t, "SELECT COUNT(*) FROM iam_policies WHERE account = ?1 AND name = ?2",
              {account, key_of(in.PolicyName)}) > 0)
      return api::refuse(
          "EntityAlreadyExists",
          fmt::format("A policy called {} already exists. Duplicate names are not allowed.", in.PolicyName), 409);
    t.run("INSERT INTO iam_policies VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, 1, 1, ?9)",
          {account, key_of(in.PolicyName), arn, in.PolicyName, path, new_id("ANPA", s.host.env), now_ms, in.Description,
           print_tags(tags)});
    put_version(t, account, arn, 1, in.PolicyDocument, now_ms);
    return model::CreatePolicyResponse{*find_policy(t, account, arn)};
  });
}

api::answer<model::GetPolicyResponse> get_policy(service&, api::call& c, const model::GetPolicyRequest& in) {
  MDLC_TRY(auto policy,
           c.db().read([&](store::reader& r) { return find_policy(r, c.context.scope.account, in.PolicyArn); }));
  return model::GetPolicyResponse{std::move(policy)};
}

api::answer<model::DeletePolicyResponse> delete_policy(service&, api::call& c, const model::DeletePolicyRequest& in) {
  const auto& account = c.context.scope.account;
  if (is_aws_managed(in.PolicyArn))
    return api::refuse("AccessDenied", "Policy is not modifiable: " + in.PolicyArn, 403);
  return c.commit([&](store::transaction& t) -> api::answer<model::DeletePolicyResponse> {
    MDLC_TRY(auto policy, find_policy(t, account, in.PolicyArn));
    if (policy.AttachmentCount.value_or(0) > 0)
      return api::refuse("DeleteConflict", "Cannot delete a policy attached to entities.", 409);
    if (count(t, "SELECT COUNT(*) FROM iam_policy_versions WHERE account = ?1 AND policy = ?2",
              {account, in.PolicyArn}) > 1)
      return api::refuse("DeleteConflict",
                         "This policy has more than one version. Before you delete a policy, you must delete the "
                         "policy's versions. The default version is deleted with the policy.",
                         409);
    t.run("DELETE FROM iam_policy_versions WHERE account = ?1 AND policy = ?2", {account, in.PolicyArn});
    t.run("DELETE FROM iam_policies WHERE account = ?1 AND arn = ?2", {account, in.PolicyArn});
    return model::DeletePolicyResponse{};
  });
}

api::answer<model::ListPoliciesResponse> list_policies(service&, api::call& c, const model::ListPoliciesRequest& in) {
  MDLC_TRY(auto after, start_of(in.Marker));
  auto page = in.MaxItems.value_or(default_page);
  // AWS's own are not listed: we know those that are named, and no list of them.
  if (in.Scope == "AWS") return model::ListPoliciesResponse{std::vector<model::Policy>{}, false, std::nullopt};
  auto policies = c.db().read([&](store::reader& r) {
    return read_policies(r, c.context.scope.account, in.PathPrefix.value_or("/"), in.OnlyAttached.value_or(false),
                         after, page + 1);
  });
  auto next = cut(policies, page, [](const auto& policy) { return key_of(*policy.PolicyName); });
  return model::ListPoliciesResponse{std::move(policies), next.has_value(), next};
}

api::answer<model::CreatePolicyVersionResponse> create_policy_version(service& s, api::call& c,
                                                                      const model::CreatePolicyVersionRequest& in) {
  const auto& account = c.context.scope.account;
  MDLC_CHECK(check_document(in.PolicyDocument));
  if (is_aws_managed(in.PolicyArn))
    return api::refuse("AccessDenied", "Policy is not modifiable: " + in.PolicyArn, 403);
  auto now = s.host.env.now();
  return c.commit([&](store::transaction& t) -> api::answer<model::CreatePolicyVersionResponse> {
    MDLC_CHECK(find_policy(t, account, in.PolicyArn));
    if (count(t, "SELECT COUNT(*) FROM iam_policy_versions WHERE account = ?1 AND policy = ?2",
              {account, in.PolicyArn}) >= max_policy_versions)
      return api::refuse(
          "LimitExceeded",
          fmt::format("A managed policy can have up to {} versions. Before you create a new version, you "
                      "must delete an existing version.",
                      max_policy_versions),
          409);
    auto version =
        count(t, "SELECT last_version FROM iam_policies WHERE account = ?1 AND arn = ?2", {account, in.PolicyArn}) + 1;
    bool is_default = in.SetAsDefault.value_or(false);
    put_version(t, account, in.PolicyArn, version, in.PolicyDocument, base::to_ms(now));
    t.run(
        "UPDATE iam_policies SET last_version = ?3, updated_ms = ?4, default_version = CASE WHEN ?5 = 1 THEN ?3 ELSE "
        "default_version END WHERE account = ?1 AND arn = ?2",
        {account, in.PolicyArn, version, base::to_ms(now), is_default ? 1 : 0});
    return model::CreatePolicyVersionResponse{
        model::PolicyVersion{std::nullopt, fmt::format("v{}", version), is_default, now}};
  });
}

api::answer<model::DeletePolicyVersion::output> delete_policy_version(service&, api::call& c,
                                                                      const model::DeletePolicyVersion::input& in) {
  const auto& account = c.context.scope.account;
  if (is_aws_managed(in.PolicyArn))
    return api::refuse("AccessDenied", "Policy is not modifiable: " + in.PolicyArn, 403);
  return c.commit([&](store::transaction& t) -> api::answer<model::DeletePolicyVersion::output> {
    MDLC_TRY(auto policy, find_policy(t, account, in.PolicyArn));
    if (in.VersionId == policy.DefaultVersionId)
      return api::refuse("DeleteConflict", "Cannot delete the default version of a policy.", 409);
    auto number = number_of(in.VersionId);
    if (!number || t.run("DELETE FROM iam_policy_versions WHERE account = ?1 AND policy = ?2 AND version = ?3",
                         {account, in.PolicyArn, *number}) == 0)
      return no_such_version(in.PolicyArn, in.VersionId);
    return model::DeletePolicyVersion::output{};
  });
}

api::answer<model::GetPolicyVersionResponse> get_policy_version(service&, api::call& c,
                                                                const model::GetPolicyVersionRequest& in) {
  const auto& account = c.context.scope.account;
  return c.db().read([&](store::reader& r) -> api::answer<model::GetPolicyVersionResponse> {
    MDLC_TRY(auto policy, find_policy(r, account, in.PolicyArn));
    auto number = number_of(in.VersionId);
    auto row = number ? r.first(
                            "SELECT document, created_ms FROM iam_policy_versions WHERE account = ?1 AND policy = ?2 "
                            "AND version = ?3",
                            {account, in.PolicyArn, *number})
                      : std::nullopt;
    if (!row) return no_such_version(in.PolicyArn, in.VersionId);
    return model::GetPolicyVersionResponse{model::PolicyVersion{wire::percent_encode(row->text(0)), in.VersionId,
                                                                in.VersionId == policy.DefaultVersionId,
                                                                base::from_ms(row->integer(1))}};
  });
}

api::answer<model::ListPolicyVersionsResponse> list_policy_versions(service&, api::call& c,
                                                                    const model::ListPolicyVersionsRequest& in) {
  const auto& account = c.context.scope.account;
  return c.db().read([&](store::reader& r) -> api::answer<model::ListPolicyVersionsResponse> {
    MDLC_TRY(auto policy, find_policy(r, account, in.PolicyArn));
    std::vector<model::PolicyVersion> versions;  // at most max_policy_versions: one page
    for (const auto& row :
         r.query("SELECT version, created_ms FROM iam_policy_versions WHERE account = ?1 AND policy = "
                 "?2 ORDER BY version DESC",
                 {account, in.PolicyArn})) {
      auto id = fmt::format("v{}", row.integer(0));
      versions.push_back({std::nullopt, id, id == policy.DefaultVersionId, base::from_ms(row.integer(1))});
    }
    return model::ListPolicyVersionsResponse{std::move(versions), false, std::nullopt};
  });
}

}  // namespace mdlc::services::iam
