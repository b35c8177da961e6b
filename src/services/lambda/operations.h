// What Lambda does here: THE list.
#pragma once

#include "api/operation.h"
#include "services/lambda/model.h"
#include "services/lambda/service.h"

// clang-format off
#define MDLC_LAMBDA_OPERATIONS(op, deferred)                       \
  op(AddPermission, add_permission)                                \
  op(CreateAlias, create_alias)                                    \
  op(CreateFunction, create_function)                              \
  op(DeleteAlias, delete_alias)                                    \
  op(DeleteFunction, delete_function)                              \
  op(DeleteFunctionConcurrency, delete_function_concurrency)       \
  op(GetAccountSettings, get_account_settings)                     \
  op(GetAlias, get_alias)                                          \
  op(GetFunction, get_function)                                    \
  op(GetFunctionCodeSigningConfig, get_function_code_signing_config) \
  op(GetFunctionConcurrency, get_function_concurrency)             \
  op(GetFunctionConfiguration, get_function_configuration)         \
  op(GetPolicy, get_policy)                                        \
  op(GetRuntimeManagementConfig, get_runtime_management_config)    \
  deferred(Invoke, invoke)                                         \
  op(ListAliases, list_aliases)                                    \
  op(ListFunctions, list_functions)                                \
  op(ListTags, list_tags)                                          \
  op(ListVersionsByFunction, list_versions_by_function)            \
  op(PublishVersion, publish_version)                              \
  op(PutFunctionConcurrency, put_function_concurrency)             \
  op(RemovePermission, remove_permission)                          \
  op(TagResource, tag_resource)                                    \
  op(UntagResource, untag_resource)                                \
  op(UpdateAlias, update_alias)                                    \
  op(UpdateFunctionCode, update_function_code)                     \
  op(UpdateFunctionConfiguration, update_function_configuration)
// clang-format on

namespace mdlc::services::lambda {

MDLC_DECLARE_OPERATIONS(MDLC_LAMBDA_OPERATIONS)

}  // namespace mdlc::services::lambda
