// What is written down of an execution. An execution is the fold of its records (execution.h: evolve); those with a
// public event are, in order, what GetExecutionHistory returns.
//
// A record stands for one change of one frame. Everything that took an expression, a clock or chance to find out is in
// it (outputs, variables, chosen branches, due times, tokens), so that folding never evaluates anything.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asl/document.h"
#include "asl/program.h"
#include "base/result.h"
#include "base/time.h"
#include "json/value.h"

namespace mdlc::asl {

// The types of history events; names as AWS's, see `event_name`.
enum class event_type : uint8_t {
  none,  // a private record
  activity_failed,
  activity_scheduled,
  activity_started,
  activity_succeeded,
  activity_timed_out,
  choice_state_entered,
  choice_state_exited,
  evaluation_failed,
  execution_aborted,
  execution_failed,
  execution_redriven,
  execution_started,
  execution_succeeded,
  execution_timed_out,
  fail_state_entered,
  lambda_function_failed,
  lambda_function_scheduled,
  lambda_function_started,
  lambda_function_succeeded,
  lambda_function_timed_out,
  map_iteration_aborted,
  map_iteration_failed,
  map_iteration_started,
  map_iteration_succeeded,
  map_run_aborted,
  map_run_failed,
  map_run_redriven,
  map_run_started,
  map_run_succeeded,
  map_state_aborted,
  map_state_entered,
  map_state_exited,
  map_state_failed,
  map_state_started,
  map_state_succeeded,
  parallel_state_aborted,
  parallel_state_entered,
  parallel_state_exited,
  parallel_state_failed,
  parallel_state_started,
  parallel_state_succeeded,
  pass_state_entered,
  pass_state_exited,
  succeed_state_entered,
  succeed_state_exited,
  task_failed,
  task_scheduled,
  task_started,
  task_start_failed,
  task_state_aborted,
  task_state_entered,
  task_state_exited,
  task_submit_failed,
  task_submitted,
  task_succeeded,
  task_timed_out,
  wait_state_aborted,
  wait_state_entered,
  wait_state_exited,
};

std::string_view event_name(event_type);  // "PassStateEntered"

// What happened to the execution. The numbers are the format: never reuse one.
enum class record_kind : uint8_t {
  started = 1,             // the execution: info, payload = input
  entered = 2,             // frame is in state; payload = input
  exited = 3,              // frame left its state; payload = output; next
  command_opened = 4,      // frame waits for a task; more->command
  command_progressed = 5,  // scheduled → started → submitted; payload
  command_ended = 6,       // succeeded, failed or timed out; nothing is open for it any more
  waiting = 7,             // frame waits until `due` (Wait, or the pause before a retry)
  woke = 8,                // that time came
  timer_moved = 9,         // a heartbeat: its timer's new `due`
  children_opened = 10,    // Parallel or Map started; more->children
  child_opened = 11,       // one branch or iteration; payload = its input
  child_ended = 12,        // one branch or iteration; payload = its output, if it succeeded
  children_ended = 13,     // the frame goes on alone; children still open are gone
  noted = 14,              // a public event without consequence
  ended = 15,              // the execution
  redriven = 16,
  deadline = 17,  // the machine's own timeout: `due`
};

using frame_id = uint32_t;
using sequence_number = uint64_t;

// Names a command for ever: with the execution's uid before it, it is the cause that an effect carries.
struct command_id {
  sequence_number sequence = 0;
  uint32_t attempt = 0;  // each Retry is a new command
  auto operator<=>(const command_id&) const = default;
};

struct failure {
  std::optional<std::string> error;
  std::optional<std::string> cause;
  bool operator==(const failure&) const = default;
};

// How a Task is done, by the end of its Resource.
enum class task_pattern : uint8_t { request_response, sync, sync2, wait_for_task_token };
// A map run is a task of its own kind: `resource` is its ARN, `parameters` what distributed_map.h says.
enum class task_kind : uint8_t { service, lambda_function, activity, map_run };

// A Task to be done. Copied cheaply: shared, immutable.
struct task {
  task_kind kind = task_kind::service;
  task_pattern pattern = task_pattern::request_response;
  std::string resource;          // as the definition has it
  std::string resource_type;     // "sagemaker", "aws-sdk:dynamodb"; empty for bare Lambda and activity ARNs
  std::string action;            // "createTrainingJob.sync"; history's `resource`. Empty for bare ones
  std::string region;            // where it is called
  document parameters;           // what the service is called with; a bare Lambda's event
  std::string credentials_role;  // empty: the machine's role
  std::string token;             // that SendTaskSuccess will name; empty unless an activity or wait_for_task_token
  std::optional<int64_t> timeout_s;
  std::optional<int64_t> heartbeat_s;
};

// The execution as the context object and history show it.
struct execution_info {
  std::string uid;  // never recurs; first part of every command's id
  std::string id;   // its ARN
  std::string name;
  std::string role_arn;
  std::string region;
  std::string machine_id;  // ARN
  std::string machine_name;
  base::time_point start;

  // A child of a map run: its machine is called MACHINE/LABEL.
  bool is_child() const { return machine_name.find('/') != std::string::npos; }
};

// What only some records have. Many are made that hold one small member alone (an iteration's item): what is large
// stands elsewhere.
struct record_details {
  failure why;
  std::shared_ptr<const execution_info> info;
  std::shared_ptr<const task> command;
  std::string worker;              // activity_started
  document assigned;               // variables set on leaving a state, an object
  std::string location;            // evaluation_failed: the field
  std::string state;               // evaluation_failed: the state
  int64_t length = -1;             // map_state_started
  int64_t max_concurrency = 0;     // children_opened: at most so many at once; 0: all
  document items;                  // children_opened: what is iterated, an array
  base::time_point timeout_due{};  // command_opened: 0 is none
  base::time_point heartbeat_due{};
  sequence_number timeout_timer = 0;
  sequence_number heartbeat_timer = 0;
  int32_t retrier = -1;  // waiting: which Retry of the state it is
};

struct record {
  record_kind kind = record_kind::noted;
  event_type type = event_type::none;
  int64_t id = 0;        // public event's, from 1; 0 for private records
  int64_t previous = 0;  // previousEventId
  base::time_point time{};
  frame_id frame = 0;  // 0 is the execution's own
  state_index state = no_state;
  state_index next = no_state;  // exited: where the frame goes; no_state: its machine ends there
  int64_t index = -1;           // branch or item
  frame_id child = 0;
  command_id command;
  base::time_point due{};
  std::string name;  // of the state
  document payload;
  std::shared_ptr<const record_details> more;

  bool is_public() const { return type != event_type::none; }
};

// An event as GetExecutionHistory answers it (normal form: timestamp in epoch seconds). `include_data` false leaves
// inputs and outputs away. REQUIRES is_public().
json::object history_event(const record&, bool include_data = true);

// One journal row. It begins with a format version; within it a payload stands once.
inline constexpr uint8_t record_format = 1;
std::string encode(std::span<const record>);
// Errors: not ours, cut off, or of a newer format. Any bytes may be given.
base::result<std::vector<record>> decode(std::string_view row);

// A task token names its command, so that no table of tokens is needed.
struct token_parts {
  std::string uid;
  command_id command;
};
base::result<token_parts> parse_token(std::string_view token);

}  // namespace mdlc::asl
