// The interpreter: decide, evolve, open_commands.
//
//   live:     decision d = decide(program, execution, stimulus);      // the execution has moved on
//             append encode(d.records) to the journal, commit, then start d.opened and drop d.closed;
//             while d.wants_continue: the same with a continue_ stimulus.
//   recovery: for each row: for each record of decode(row): evolve(execution, record);
//             issue open_commands(execution) under their old ids; if wants_continue(execution): continue_.
//
// Pure: time and chance come in with the stimulus. decide changes the execution only through evolve, so a replayed
// execution equals the live one (`dump` compares them). An execution is for one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "asl/document.h"
#include "asl/program.h"
#include "asl/record.h"
#include "base/time.h"

namespace mdlc::asl {

enum class execution_status { not_started, running, succeeded, failed, timed_out, aborted };

std::string_view status_name(execution_status);  // "RUNNING"

class execution {
 public:
  execution();
  ~execution();
  execution(execution&&) noexcept;
  execution& operator=(execution&&) noexcept;

  execution_status status() const;
  bool ended() const;
  const execution_info& info() const;
  document input() const;
  document output() const;             // of one that succeeded
  const failure& why() const;          // of one that failed, was aborted or timed out
  base::time_point stop_time() const;  // of one that ended
  int64_t events() const;              // public ones so far
  int redrives() const;

  struct state;  // frame.h; for the interpreter alone
  state& get() { return *state_; }
  const state& get() const { return *state_; }

 private:
  std::unique_ptr<state> state_;
};

// --- What comes in
// -----------------------------------------------------------------------------------------------------
struct started {
  execution_info info;
  document input;
  state_index start = no_state;  // where a map run's child begins: item_processor(); no_state: where the machine does
};
// An activity's worker took it, or a call has begun. Optional for others than activities: an outcome implies it.
struct task_started {
  command_id command;
  std::string worker;
};
// The answer of the call that began a .sync or .waitForTaskToken task.
struct task_submitted {
  command_id command;
  document output;
};
struct task_succeeded {
  command_id command;
  document output;
};
// Also a worker's SendTaskFailure; States.Timeout as the error makes it a timeout.
struct task_failed {
  command_id command;
  failure why;
};
struct task_heartbeat {
  command_id command;
};
struct timer_fired {
  sequence_number sequence;
};
struct stopped {
  failure why;
};
struct redriven {};
struct continue_ {};

struct stimulus {
  base::time_point time;
  uint64_t seed = 0;  // fresh chance for ids and jitter; used in this call only
  std::variant<continue_, started, task_started, task_submitted, task_succeeded, task_failed, task_heartbeat,
               timer_fired, stopped, redriven>
      what;
};

// --- What goes out
// -----------------------------------------------------------------------------------------------------
struct task_command {
  command_id id;
  task what;
  bool submitted = false;  // recovery: the first call was answered (`answer`); what is awaited is its end
  document answer;
};
// Fire it once, at or after `due`.
struct timer_command {
  sequence_number sequence;
  base::time_point due;
};
using command = std::variant<task_command, timer_command>;

struct decision {
  std::vector<record> records;  // already applied to the execution; none: the stimulus meant nothing (late, twice)
  std::vector<command> opened;
  // No longer wanted. Tasks: stop them if that can be done (.sync jobs are stopped when their execution is).
  std::vector<command_id> closed_tasks;
  std::vector<sequence_number> closed_timers;
  bool wants_continue = false;
};

struct limits {
  int transitions = 1000;             // states entered in one call of decide, about
  size_t payload_bytes = 256 * 1024;  // States.DataLimitExceeded above it
  int64_t events = 25'000;            // the execution fails when it would have more
};

decision decide(const program&, execution&, const stimulus&, const limits& = {});

// Folds one record. REQUIRES: the records come in their order, all of them.
void evolve(execution&, const record&);

// Whether there is something to be done now without any news.
bool wants_continue(const execution&);

// What is awaited: for recovery only, it walks the whole tree.
std::vector<command> open_commands(const execution&);

// Whether a task is still awaited; what comes for one that is not means nothing.
bool is_open(const execution&, command_id);
// Whether the token was handed out for a task that is still awaited. (parse_token says for which.)
bool knows_token(const execution&, std::string_view token);

// The whole state as text, for comparing two executions in tests.
std::string dump(const execution&);

}  // namespace mdlc::asl
