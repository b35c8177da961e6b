// THE list of IAM's operations that are served.
#pragma once

#include "api/operation.h"
#include "services/iam/model.h"

namespace mdlc::services::iam {

class service;

// clang-format off
#define MDLC_IAM_OPERATIONS(op, deferred)                          \
  op(AttachRolePolicy, attach_role_policy)                         \
  op(CreatePolicy, create_policy)                                  \
  op(CreatePolicyVersion, create_policy_version)                   \
  op(CreateRole, create_role)                                      \
  op(DeletePolicy, delete_policy)                                  \
  op(DeletePolicyVersion, delete_policy_version)                   \
  op(DeleteRole, delete_role)                                      \
  op(DeleteRolePolicy, delete_role_policy)                         \
  op(DetachRolePolicy, detach_role_policy)                         \
  op(GetPolicy, get_policy)                                        \
  op(GetPolicyVersion, get_policy_version)                         \
  op(GetRole, get_role)                                            \
  op(GetRolePolicy, get_role_policy)                               \
  op(GetUser, get_user)                                            \
  op(ListAttachedRolePolicies, list_attached_role_policies)        \
  op(ListInstanceProfilesForRole, list_instance_profiles_for_role) \
  op(ListPolicies, list_policies)                                  \
  op(ListPolicyVersions, list_policy_versions)                     \
  op(ListRolePolicies, list_role_policies)                         \
  op(ListRoleTags, list_role_tags)                                 \
  op(ListRoles, list_roles)                                        \
  op(PutRolePolicy, put_role_policy)                               \
  op(SimulatePrincipalPolicy, simulate_principal_policy)           \
  op(TagRole, tag_role)                                            \
  op(UntagRole, untag_role)                                        \
  op(UpdateAssumeRolePolicy, update_assume_role_policy)            \
  op(UpdateRole, update_role)
// clang-format on

MDLC_DECLARE_OPERATIONS(MDLC_IAM_OPERATIONS)

}  // namespace mdlc::services::iam
