// Who may do what with a bucket: kept and shown, and asked nowhere yet. Policy, public access block, ownership, ACLs.
#include "services/s3/object.h"
#include "services/s3/settings.h"

namespace mdlc::services::s3 {
namespace {

constexpr size_t max_policy_bytes = 20 * 1024;

refusal malformed_policy(std::string message) { return refuse_with("MalformedPolicy", std::move(message), 400, {}); }

api::answer<void> check_policy(const std::string& text) {
  if (text.size() > max_policy_bytes) return malformed_policy("Policy exceeds the maximum allowed document size.");
  auto parsed = json::parse(text);
  if (!text.starts_with('{') || !parsed || !parsed->is_object())
    return malformed_policy("Policies must be valid JSON and the first byte must be '{'");
  if (!json::find(*parsed, "Statement")) return malformed_policy("Missing required field Statement");
  return {};
}

api::answer<void> check_ownership(const model::OwnershipControls& controls) {
  if (controls.Rules.size() != 1) return malformed_xml();
  const auto& chosen = controls.Rules.front().ObjectOwnership;
  if (chosen != "BucketOwnerPreferred" && chosen != "ObjectWriter" && chosen != "BucketOwnerEnforced")
    return malformed_xml();
  return {};
}

model::Grant grant_of_owner(const std::string& id) {
  model::Grantee grantee;
  grantee.ID = id;
  grantee.Type = "CanonicalUser";
  return {grantee, "FULL_CONTROL"};
}

model::Grant grant_of_group(std::string_view uri, std::string_view permission) {
  model::Grantee grantee;
  grantee.URI = uri;
  grantee.Type = "Group";
  return {grantee, std::string(permission)};
}

// The grants that a canned ACL stands for, beside the owner's.
std::vector<model::Grant> grants_of(const std::string& canned, const std::string& owner) {
  constexpr std::string_view everyone = "http://acs.amazonaws.com/groups/global/AllUsers";
  constexpr std::string_view every_account = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
  constexpr std::string_view log_delivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";
  std::vector<model::Grant> grants{grant_of_owner(owner)};
  if (canned == "public-read" || canned == "public-read-write") grants.push_back(grant_of_group(everyone, "READ"));
  if (canned == "public-read-write") grants.push_back(grant_of_group(everyone, "WRITE"));
  if (canned == "authenticated-read") grants.push_back(grant_of_group(every_account, "READ"));
  if (canned == "log-delivery-write") {
    grants.push_back(grant_of_group(log_delivery, "WRITE"));
    grants.push_back(grant_of_group(log_delivery, "READ_ACP"));
  }
  return grants;
}

}  // namespace

api::answer<model::PutBucketPolicyResponse> put_bucket_policy(service&, api::call& c,
                                                              const model::PutBucketPolicyRequest& in) {
  MDLC_CHECK(check_policy(in.Policy));
  c.reply.status = no_content;
  return keep<model::PutBucketPolicyResponse>(c, in, policy, json::value(in.Policy));
}

api::answer<model::GetBucketPolicyOutput> get_bucket_policy(service& s, api::call&,
                                                            const model::GetBucketPolicyRequest& in) {
  MDLC_TRY(auto found, need(s, in, policy));
  return model::GetBucketPolicyOutput{std::string(json::view(found.as_string()))};
}

api::answer<model::DeleteBucketPolicyResponse> delete_bucket_policy(service&, api::call& c,
                                                                    const model::DeleteBucketPolicyRequest& in) {
  return drop<model::DeleteBucketPolicyResponse>(c, in, policy);
}

api::answer<model::PutPublicAccessBlockResponse> put_public_access_block(service&, api::call& c,
                                                                         const model::PutPublicAccessBlockRequest& in) {
  auto given = in.PublicAccessBlockConfiguration;
  for (auto* flag :
       {&given.BlockPublicAcls, &given.IgnorePublicAcls, &given.BlockPublicPolicy, &given.RestrictPublicBuckets})
    *flag = flag->value_or(false);
  return keep<model::PutPublicAccessBlockResponse>(c, in, public_access_block, to_json(given));
}

api::answer<model::GetPublicAccessBlockOutput> get_public_access_block(service& s, api::call&,
                                                                       const model::GetPublicAccessBlockRequest& in) {
  MDLC_TRY(auto found, need(s, in, public_access_block));
  model::GetPublicAccessBlockOutput out;
  from_json(found, out.PublicAccessBlockConfiguration.emplace());
  return out;
}

api::answer<model::DeletePublicAccessBlockResponse> delete_public_access_block(
    service&, api::call& c, const model::DeletePublicAccessBlockRequest& in) {
  return drop<model::DeletePublicAccessBlockResponse>(c, in, public_access_block);
}

api::answer<model::PutBucketOwnershipControlsResponse> put_bucket_ownership_controls(
    service&, api::call& c, const model::PutBucketOwnershipControlsRequest& in) {
  MDLC_CHECK(check_ownership(in.OwnershipControls));
  return keep<model::PutBucketOwnershipControlsResponse>(c, in, ownership_controls, to_json(in.OwnershipControls));
}

api::answer<model::GetBucketOwnershipControlsOutput> get_bucket_ownership_controls(
    service& s, api::call&, const model::GetBucketOwnershipControlsRequest& in) {
  MDLC_TRY(auto found, need(s, in, ownership_controls));
  model::GetBucketOwnershipControlsOutput out;
  from_json(found, out.OwnershipControls.emplace());
  return out;
}

api::answer<model::DeleteBucketOwnershipControlsResponse> delete_bucket_ownership_controls(
    service&, api::call& c, const model::DeleteBucketOwnershipControlsRequest& in) {
  return drop<model::DeleteBucketOwnershipControlsResponse>(c, in, ownership_controls);
}

api::answer<model::PutBucketAclResponse> put_bucket_acl(service&, api::call& c, const model::PutBucketAclRequest& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::PutBucketAclResponse> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    MDLC_CHECK(check_acl(t, b, in.ACL));
    auto owner = canonical_id(b.owner.account);
    auto given = in.AccessControlPolicy.value_or(model::AccessControlPolicy{});
    if (!given.Grants) given.Grants = grants_of(in.ACL.value_or("private"), owner);
    if (!given.Owner) given.Owner = model::Owner{{}, owner};
    put_setting(t, b.name, acl.name, to_json(given));
    return model::PutBucketAclResponse{};
  });
}

api::answer<model::GetBucketAclOutput> get_bucket_acl(service& s, api::call& c, const model::GetBucketAclRequest& in) {
  MDLC_TRY(auto found, look_up(s, in, acl));
  model::GetBucketAclOutput out;
  if (found) {
    from_json(*found, out);
    return out;
  }
  auto owner = canonical_id(c.context.scope.account);
  out.Owner = model::Owner{{}, owner};
  out.Grants = grants_of("private", owner);
  return out;
}

api::answer<model::GetObjectAclOutput> get_object_acl(service& s, api::call& c, const model::GetObjectAclRequest& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetObjectAclOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto o, need_object(r, c, b, in.Key, in.VersionId));
    auto owner = canonical_id(b.owner.account);
    return model::GetObjectAclOutput{model::Owner{{}, owner}, grants_of("private", owner), {}};
  });
}

}  // namespace mdlc::services::s3
