// An execution as a procedure of the engine: the States Language's interpreter on the one side, operations of the
// registry on the other, and between them the integrations.
//
// Ids of its commands: "17.2" is the call of task command 17, attempt 2 (or its activity, refusal or mock); "17.2/end"
// waits for the job that it began (or is its mock); "17.2/stop" stops that job; "timer/18" is timer 18.
//
// A journal row is one line of JSON of ours and, after it, the interpreter's row (asl/record.h), which may be empty:
//   {"machine": uid, "revision": id}      the first; a child's has {"map_run": arn, "items": n} too, one of a test
//                                         case {"mocks": {…}} (mock_config.h)
//   {"stop": [{id, service, operation, input}]}, {"stopped": [id]}
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "asl/execution.h"
#include "base/arn.h"
#include "engine/procedure.h"
#include "services/states/integrations/integration.h"
#include "services/states/mock_config.h"

namespace mdlc::services::states {

// What an execution runs: immutable, shared by all executions of a machine's revision.
struct programme {
  std::string machine;  // uid
  std::string revision;
  base::scope scope;
  std::string role;
  bool is_express = false;
  std::shared_ptr<const asl::program> program;
};
using programme_ptr = std::shared_ptr<const programme>;

// What a map run's child has beside.
struct child_of {
  std::string map_run;  // ARN; empty: it is no child
  int64_t items = 0;    // that it was given
  asl::state_index start = asl::no_state;
};

// Own commands, for the kind.
inline constexpr std::string_view await_command = "await";        // {resource, arn, service, operation, input}
inline constexpr std::string_view activity_command = "activity";  // {arn, token, input}
inline constexpr std::string_view refuse_command = "refuse";      // {error, cause}
inline constexpr std::string_view map_run_command = "map_run";    // {arn, plan}
inline constexpr std::string_view mock_command = "mock";          // {Return} or {Throw: {Error, Cause}}

// Who calls with a role: its session's ARN.
std::string principal_of(const std::string& role, std::string_view session);

class execution_procedure : public engine::procedure {
 public:
  using loader = std::function<base::result<programme_ptr>(const std::string& machine, const std::string& revision)>;

  // A new one; `info` has all but the start, `mocks` what a test case's states answer.
  execution_procedure(const integrations::catalogue&, programme_ptr, asl::execution_info, std::string input,
                      child_of = {}, json::object mocks = {});
  // One to be replayed.
  execution_procedure(const integrations::catalogue&, std::string uid, loader);

  engine::decision decide(const engine::stimulus&) override;
  base::result<void> replay(std::string_view records) override;
  void replayed() override;
  std::vector<engine::command> open_commands() const override;
  void project(store::transaction&, const engine::decision&, store::sequence at) override;

  const asl::execution& execution() const { return execution_; }
  const base::scope& scope() const { return programme_->scope; }
  // The statuses that it came to since the last question and that are durable, in order; for the events that tell of
  // them. The execution itself may be ahead.
  std::vector<asl::execution_status> take_statuses() { return std::exchange(to_tell_, {}); }
  bool is_express() const { return programme_->is_express; }
  const child_of& child() const { return child_; }
  // Its map runs that the batch just decided began, or nobody waits for any more; they are durable when told.
  struct map_run_news {
    std::vector<std::string> begun, aborted;
  };
  map_run_news take_map_runs() { return std::exchange(map_runs_, {}); }

 private:
  enum class phase { calling, awaiting, refused, activity, token, map_run, mocked, mocked_end };
  struct open_task {
    asl::command_id id;
    asl::task what;
    phase at;
  };
  // What the row being made says beside the interpreter's records.
  struct notes {
    json::array stop, stopped;
  };

  void step(engine::decision&, const engine::stimulus&, decltype(asl::stimulus::what));
  void interpret(engine::decision&, const asl::decision&);
  void open(engine::decision&, const asl::task_command&);
  void close(engine::decision&, const asl::command_id&);
  std::optional<decltype(asl::stimulus::what)> translate(engine::decision&, const engine::stimulus&);
  std::optional<decltype(asl::stimulus::what)> answered(engine::decision&, const engine::stimulus&);
  std::optional<decltype(asl::stimulus::what)> told(engine::decision&, const engine::stimulus&);
  std::optional<decltype(asl::stimulus::what)> told_by_token(engine::decision&, const engine::stimulus&);
  void finish(engine::decision&);

  // The command that carries a task's current phase out; none where nothing is to be done but to wait for a token.
  std::optional<engine::command> command_for(const std::string& id, const open_task&, const json::value& answer) const;
  engine::call_operation call_of(const integrations::call&, const asl::task&) const;
  void add_stop(engine::decision&, const std::string& id, const open_task&, const json::value& answer);
  static std::string name_of(const asl::command_id&);
  phase phase_of(const asl::command_id&, const asl::task&) const;
  std::optional<decltype(asl::stimulus::what)> mocked(engine::decision&, const std::string& id, open_task&,
                                                      const json::value& answer);

  const integrations::catalogue& catalogue_;
  const std::string uid_;
  loader load_;
  programme_ptr programme_;
  asl::execution_info info_;
  std::string input_;
  child_of child_;
  mocked_tasks mocks_;

  asl::execution execution_;
  std::map<std::string, open_task> tasks_;      // by the id of their call
  std::map<std::string, json::value> answers_;  // of those that wait for a job: what stops it is made from it
  std::set<std::string> orphans_;               // closed while their call was under way: what they begin is stopped
  std::map<std::string, engine::call_operation> stops_;  // under way, by id
  notes notes_;
  bool first_row_ = true;
  asl::execution_status projected_ = asl::execution_status::not_started;
  int redrives_projected_ = 0;
  std::vector<asl::execution_status> to_tell_;
  map_run_news map_runs_;
  base::time_point now_{};  // of the last decision
};

}  // namespace mdlc::services::states
