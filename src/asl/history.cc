// Records as GetExecutionHistory shows them.
#include "asl/record.h"

namespace mdlc::asl {
namespace {

using enum event_type;

struct naming {
  event_type type;
  std::string_view name;     // "PassStateEntered"
  std::string_view details;  // "stateEnteredEventDetails"; empty: it has none
};

constexpr naming names[] = {
    {activity_failed, "ActivityFailed", "activityFailedEventDetails"},
    {activity_scheduled, "ActivityScheduled", "activityScheduledEventDetails"},
    {activity_started, "ActivityStarted", "activityStartedEventDetails"},
    {activity_succeeded, "ActivitySucceeded", "activitySucceededEventDetails"},
    {activity_timed_out, "ActivityTimedOut", "activityTimedOutEventDetails"},
    {choice_state_entered, "ChoiceStateEntered", "stateEnteredEventDetails"},
    {choice_state_exited, "ChoiceStateExited", "stateExitedEventDetails"},
    {evaluation_failed, "EvaluationFailed", "evaluationFailedEventDetails"},
    {execution_aborted, "ExecutionAborted", "executionAbortedEventDetails"},
    {execution_failed, "ExecutionFailed", "executionFailedEventDetails"},
    {execution_redriven, "ExecutionRedriven", "executionRedrivenEventDetails"},
    {execution_started, "ExecutionStarted", "executionStartedEventDetails"},
    {execution_succeeded, "ExecutionSucceeded", "executionSucceededEventDetails"},
    {execution_timed_out, "ExecutionTimedOut", "executionTimedOutEventDetails"},
    {fail_state_entered, "FailStateEntered", "stateEnteredEventDetails"},
    {lambda_function_failed, "LambdaFunctionFailed", "lambdaFunctionFailedEventDetails"},
    {lambda_function_scheduled, "LambdaFunctionScheduled", "lambdaFunctionScheduledEventDetails"},
    {lambda_function_started, "LambdaFunctionStarted", ""},
    {lambda_function_succeeded, "LambdaFunctionSucceeded", "lambdaFunctionSucceededEventDetails"},
    {lambda_function_timed_out, "LambdaFunctionTimedOut", "lambdaFunctionTimedOutEventDetails"},
    {map_iteration_aborted, "MapIterationAborted", "mapIterationAbortedEventDetails"},
    {map_iteration_failed, "MapIterationFailed", "mapIterationFailedEventDetails"},
    {map_iteration_started, "MapIterationStarted", "mapIterationStartedEventDetails"},
    {map_iteration_succeeded, "MapIterationSucceeded", "mapIterationSucceededEventDetails"},
    {map_run_aborted, "MapRunAborted", ""},
    {map_run_failed, "MapRunFailed", "mapRunFailedEventDetails"},
    {map_run_redriven, "MapRunRedriven", "mapRunRedrivenEventDetails"},
    {map_run_started, "MapRunStarted", "mapRunStartedEventDetails"},
    {map_run_succeeded, "MapRunSucceeded", ""},
    {map_state_aborted, "MapStateAborted", ""},
    {map_state_entered, "MapStateEntered", "stateEnteredEventDetails"},
    {map_state_exited, "MapStateExited", "stateExitedEventDetails"},
    {map_state_failed, "MapStateFailed", ""},
    {map_state_started, "MapStateStarted", "mapStateStartedEventDetails"},
    {map_state_succeeded, "MapStateSucceeded", ""},
    {parallel_state_aborted, "ParallelStateAborted", ""},
    {parallel_state_entered, "ParallelStateEntered", "stateEnteredEventDetails"},
    {parallel_state_exited, "ParallelStateExited", "stateExitedEventDetails"},
    {parallel_state_failed, "ParallelStateFailed", ""},
    {parallel_state_started, "ParallelStateStarted", ""},
    {parallel_state_succeeded, "ParallelStateSucceeded", ""},
    {pass_state_entered, "PassStateEntered", "stateEnteredEventDetails"},
    {pass_state_exited, "PassStateExited", "stateExitedEventDetails"},
    {succeed_state_entered, "SucceedStateEntered", "stateEnteredEventDetails"},
    {succeed_state_exited, "SucceedStateExited", "stateExitedEventDetails"},
    {task_failed, "TaskFailed", "taskFailedEventDetails"},
    {task_scheduled, "TaskScheduled", "taskScheduledEventDetails"},
    {task_started, "TaskStarted", "taskStartedEventDetails"},
    {task_start_failed, "TaskStartFailed", "taskStartFailedEventDetails"},
    {task_state_aborted, "TaskStateAborted", ""},
    {task_state_entered, "TaskStateEntered", "stateEnteredEventDetails"},
    {task_state_exited, "TaskStateExited", "stateExitedEventDetails"},
    {task_submit_failed, "TaskSubmitFailed", "taskSubmitFailedEventDetails"},
    {task_submitted, "TaskSubmitted", "taskSubmittedEventDetails"},
    {task_succeeded, "TaskSucceeded", "taskSucceededEventDetails"},
    {task_timed_out, "TaskTimedOut", "taskTimedOutEventDetails"},
    {wait_state_aborted, "WaitStateAborted", ""},
    {wait_state_entered, "WaitStateEntered", "stateEnteredEventDetails"},
    {wait_state_exited, "WaitStateExited", "stateExitedEventDetails"},
};

const naming* find(event_type t) {
  for (const auto& n : names)
    if (n.type == t) return &n;
  return nullptr;
}

class details {
 public:
  explicit details(bool include_data) : include_data_(include_data) {}

  void payload(std::string_view name, const document& d) {
    if (!d) return;
    if (include_data_) out[name] = d.text();
    out[std::string{name} + "Details"] = json::object{{"truncated", false}};
  }
  void why(const failure& f) {
    if (f.error) out["error"] = *f.error;
    if (f.cause && include_data_) out["cause"] = *f.cause;
  }
  void resource(const task& t) {
    out["resourceType"] = t.resource_type;
    out["resource"] = t.action;
  }

  json::object out;

 private:
  bool include_data_;
};

void scheduled(details& d, const record& r, bool include_data) {
  const task& t = *r.more->command;
  if (t.kind == task_kind::service) {
    d.resource(t);
    if (include_data) d.out["parameters"] = t.parameters.text();
    d.out["region"] = t.region;
  } else {
    d.out["resource"] = t.resource;
    d.payload("input", t.parameters);
  }
  if (t.timeout_s) d.out["timeoutInSeconds"] = *t.timeout_s;
  if (t.heartbeat_s && t.kind != task_kind::lambda_function) d.out["heartbeatInSeconds"] = *t.heartbeat_s;
  if (!t.credentials_role.empty() && t.kind != task_kind::activity)
    d.out["taskCredentials"] = json::object{{"roleArn", t.credentials_role}};
}

void assigned(details& d, const record& r, bool include_data) {
  if (!r.more || !r.more->assigned) return;
  json::object variables;
  for (const auto& [name, member] : r.more->assigned.tree().as_object()) variables[name] = json::print(member);
  if (include_data) d.out["assignedVariables"] = std::move(variables);
  d.out["assignedVariablesDetails"] = json::object{{"truncated", false}};
}

void fill(details& d, const record& r, bool include_data) {
  const record_details* more = r.more.get();
  switch (r.type) {
    case execution_started:
      d.payload("input", r.payload);
      d.out["roleArn"] = more->info->role_arn;
      return;
    case execution_redriven:
      d.out["redriveCount"] = r.index;
      return;
    case map_run_started:
    case map_run_redriven:
      d.out["mapRunArn"] = more->command->resource;
      if (r.type == map_run_redriven) d.out["redriveCount"] = r.index;
      return;
    case map_state_started:
      d.out["length"] = more->length;
      return;
    case map_iteration_started:
    case map_iteration_succeeded:
    case map_iteration_failed:
    case map_iteration_aborted:
      d.out["name"] = r.name;
      d.out["index"] = r.index;
      return;
    case evaluation_failed:
      d.why(more->why);
      if (!more->location.empty()) d.out["location"] = more->location;
      d.out["state"] = more->state;
      return;
    case task_scheduled:
    case lambda_function_scheduled:
    case activity_scheduled:
      return scheduled(d, r, include_data);
    case activity_started:
      if (!more->worker.empty()) d.out["workerName"] = more->worker;
      return;
    default:
      break;
  }
  if (r.kind == record_kind::entered || r.kind == record_kind::exited) {
    d.out["name"] = r.name;
    d.payload(r.kind == record_kind::entered ? "input" : "output", r.payload);
    return assigned(d, r, include_data);
  }
  if (more && more->command && more->command->kind == task_kind::service) d.resource(*more->command);
  if (more) d.why(more->why);
  d.payload("output", r.payload);
}

}  // namespace

std::string_view event_name(event_type t) {
  auto* n = find(t);
  return n ? n->name : "";
}

json::object history_event(const record& r, bool include_data) {
  auto* n = find(r.type);
  json::object out;
  out["timestamp"] = static_cast<double>(base::to_ms(r.time)) / 1000;
  out["type"] = n->name;
  out["id"] = r.id;
  out["previousEventId"] = r.previous;
  if (n->details.empty()) return out;
  details d{include_data};
  fill(d, r, include_data);
  out[n->details] = std::move(d.out);
  return out;
}

}  // namespace mdlc::asl
