// THE list of CloudFormation's operations that are served.
#pragma once

#include "api/operation.h"
#include "services/cloudformation/model.h"

namespace mdlc::services::cloudformation {

class service;

// clang-format off
#define MDLC_CLOUDFORMATION_OPERATIONS(op, deferred)                 \
  op(CancelUpdateStack, cancel_update_stack)                         \
  op(ContinueUpdateRollback, continue_update_rollback)               \
  op(CreateChangeSet, create_change_set)                             \
  op(CreateStack, create_stack)                                      \
  op(DeleteChangeSet, delete_change_set)                             \
  op(DeleteStack, delete_stack)                                      \
  op(DescribeChangeSet, describe_change_set)                         \
  op(DescribeStackEvents, describe_stack_events)                     \
  op(DescribeStackResource, describe_stack_resource)                 \
  op(DescribeStackResources, describe_stack_resources)               \
  op(DescribeStacks, describe_stacks)                                \
  op(ExecuteChangeSet, execute_change_set)                           \
  op(GetTemplate, get_template)                                      \
  op(GetTemplateSummary, get_template_summary)                       \
  op(ListChangeSets, list_change_sets)                               \
  op(ListExports, list_exports)                                      \
  op(ListImports, list_imports)                                      \
  op(ListStackResources, list_stack_resources)                       \
  op(ListStacks, list_all_stacks)                                    \
  op(RollbackStack, rollback_stack)                                  \
  op(UpdateStack, update_stack)                                      \
  op(UpdateTerminationProtection, update_termination_protection)     \
  op(ValidateTemplate, validate_template)
// clang-format on

MDLC_DECLARE_OPERATIONS(MDLC_CLOUDFORMATION_OPERATIONS)

}  // namespace mdlc::services::cloudformation
