// THE list of Step Functions' operations that are served.
#pragma once

#include "api/operation.h"
#include "services/states/model.h"

namespace mdlc::services::states {

class service;

// clang-format off
#define MDLC_STATES_OPERATIONS(op, deferred) \
  op(CreateActivity, create_activity) \
  op(CreateStateMachine, create_state_machine) \
  op(CreateStateMachineAlias, create_state_machine_alias) \
  op(DeleteActivity, delete_activity) \
  op(DeleteStateMachine, delete_state_machine) \
  op(DeleteStateMachineAlias, delete_state_machine_alias) \
  op(DeleteStateMachineVersion, delete_state_machine_version) \
  op(DescribeActivity, describe_activity) \
  op(DescribeExecution, describe_execution) \
  op(DescribeMapRun, describe_map_run) \
  op(DescribeStateMachine, describe_state_machine) \
  op(DescribeStateMachineAlias, describe_state_machine_alias) \
  op(DescribeStateMachineForExecution, describe_state_machine_for_execution) \
  deferred(GetActivityTask, get_activity_task) \
  op(GetExecutionHistory, get_execution_history) \
  op(ListActivities, list_activities) \
  op(ListExecutions, list_executions) \
  op(ListMapRuns, list_map_runs) \
  op(ListStateMachineAliases, list_state_machine_aliases) \
  op(ListStateMachineVersions, list_state_machine_versions) \
  op(ListStateMachines, list_state_machines) \
  op(ListTagsForResource, list_tags_for_resource) \
  op(PublishStateMachineVersion, publish_state_machine_version) \
  op(RedriveExecution, redrive_execution) \
  op(SendTaskFailure, send_task_failure) \
  op(SendTaskHeartbeat, send_task_heartbeat) \
  op(SendTaskSuccess, send_task_success) \
  op(StartExecution, start_execution) \
  deferred(StartSyncExecution, start_sync_execution) \
  op(StopExecution, stop_execution) \
  op(TagResource, tag_resource) \
  deferred(TestState, test_state) \
  op(UntagResource, untag_resource) \
  op(UpdateMapRun, update_map_run) \
  op(UpdateStateMachine, update_state_machine) \
  op(UpdateStateMachineAlias, update_state_machine_alias) \
  op(ValidateStateMachineDefinition, validate_state_machine_definition)
// clang-format on

MDLC_DECLARE_OPERATIONS(MDLC_STATES_OPERATIONS)

}  // namespace mdlc::services::states
