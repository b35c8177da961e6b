// THE list of CloudFormation's operations that are served.
#pragma once

#include "api/operation.h"
#include "services/cloudformation/model.h"

namespace mdlc::services::cloudformation {

class service;

#define MDLC_CLOUDFORMATION_OPERATIONS(op, deferred)                                                            \
  op(CreateStack, create_stack) op(UpdateStack, update_stack) op(DeleteStack, delete_stack)                     \
      op(DescribeStacks, describe_stacks) op(ListStacks, list_all_stacks)                                       \
          op(DescribeStackEvents, describe_stack_events) op(DescribeStackResource, describe_stack_resource)     \
              op(DescribeStackResources, describe_stack_resources) op(ListStackResources, list_stack_resources) \
                  op(GetTemplate, get_template) op(GetTemplateSummary, get_template_summary)                    \
                      op(ValidateTemplate, validate_template) op(CreateChangeSet, create_change_set)            \
                          op(DescribeChangeSet, describe_change_set) op(ExecuteChangeSet, execute_change_set)   \
                              op(DeleteChangeSet, delete_change_set) op(ListChangeSets, list_change_sets)       \
                                  op(ListExports, list_exports) op(ListImports, list_imports)

MDLC_DECLARE_OPERATIONS(MDLC_CLOUDFORMATION_OPERATIONS)

}  // namespace mdlc::services::cloudformation
