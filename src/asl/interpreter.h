// What `decide` does, in its parts. It changes the execution through `emit` alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "asl/execution.h"
#include "asl/frame.h"
#include "asl/program_body.h"
#include "asl/scope.h"
#include "asl/trace.h"

namespace mdlc::asl {

// A value, or the failure of the state that wanted it.
template <class T>
using outcome = base::result<T, failure>;

// AWS's bounds.
inline constexpr int64_t max_wait_s = INT32_MAX;
inline constexpr int64_t max_seconds = 99'999'999;
inline constexpr int64_t inline_map_concurrency = 40;

class interpreter {
  friend class lone_state;  // which tests one state by itself

 public:
  interpreter(const program::body& p, execution& e, const stimulus& s, const limits& l, decision& d)
      : program_(p), execution_(e), x_(e.get()), stimulus_(s), limits_(l), out_(d), luck_(s.seed) {}

  void take();  // what the stimulus means
  void run();   // as far as there is something to do, and the limit allows
  // What a Map's frame makes of an item: the item, or what ItemSelector says.
  outcome<document> item_input(const frame&, int64_t index, const document& item);

 private:
  // -- stimuli.cc
  void on(const continue_&) {}
  void on(const started&);
  void on(const task_started&);
  void on(const task_submitted&);
  void on(const task_succeeded&);
  void on(const task_failed&);
  void on(const task_heartbeat&);
  void on(const timer_fired&);
  void on(const stopped&);
  void on(const redriven&);
  frame* awaiting(command_id);
  void begin_if_not(frame&);
  void end_task(frame&, document output, failure why, bool timed_out);
  void set_deadline();

  // -- interpreter.cc
  record make(const frame&, record_kind, event_type = event_type::none) const;
  void emit(record);
  void close(const frame&);  // what is open for it and everything below, told to the caller
  void step(frame&);
  void enter(frame&);
  void exit(frame&, document output, state_index next, document assigned);
  void finish(frame&, document result);  // ResultSelector, ResultPath, OutputPath, Assign
  void finish_with_input(frame&);        // the same with what InputPath leaves, for Wait and Succeed
  void end_execution(event_type, const frame*, document output, failure why);
  const state& state_of(const frame& f) const { return program_.states[f.state]; }
  sequence_number take_sequence() const { return x_.next_sequence; }
  // For a trace, if there is one.
  void seen(document trace::*phase, const document& d) {
    if (trace_) trace_->*phase = d;
  }

  // -- data_flow.cc
  failure runtime(const frame&, std::string_view what, std::string_view error = "States.Runtime") const;
  failure too_large(const frame&) const;
  failure explain(const frame&, const trouble&, const expression&, std::string_view field, const document& input);
  context_object context(const frame&, std::string_view token = {}) const;
  document variable(const frame&, std::string_view name) const;
  outcome<document> value(const frame&, const expression&, std::string_view field, const document& input);
  outcome<document> select(const frame&, const path_field&, const document& from);
  // What a template sees beside the state's input; null: the frame's own context, no result, no error.
  struct sight {
    const context_object* context = nullptr;
    const document* result = nullptr;
    const document* error_output = nullptr;
  };
  outcome<document> fill(const frame&, const payload_template&, const document& input, sight);
  outcome<document> fill(const frame& f, const payload_template& t, const document& input) {
    return fill(f, t, input, sight{});
  }
  outcome<document> place(const frame&, const result_path&, const document& raw, const document& result);
  outcome<std::optional<int64_t>> number(const frame&, const number_field&, std::string_view field,
                                         const document& input);
  outcome<std::string> text(const frame&, const expression&, std::string_view field, const document& input);

  // -- query.cc: what is JSONata's own
  failure query_failed(const frame&, std::string_view what, std::string_view location);
  // A template that must give a value of one type; `expected` is JSON's name of it.
  outcome<document> typed(const frame&, const payload_template&, std::string_view field, std::string_view expected);
  outcome<int64_t> typed_number(const frame&, const payload_template&, std::string_view field);
  outcome<std::string> typed_text(const frame&, const payload_template&, std::string_view field);
  void finish_query(frame&, const state&, const document& result);
  void run_choice_query(frame&, const state&);
  outcome<base::time_point> wake_time_query(const frame&, const wait_fields&);
  outcome<document> items_query(const frame&, const map_fields&);
  void emit_evaluation_failed(const frame&, const failure&);

  // -- states.cc
  void run_pass(frame&, const state&);
  void run_choice(frame&, const state&);
  void run_wait(frame&, const state&);
  void run_fail(frame&, const state&);
  outcome<base::time_point> wake_time(const frame&, const state&, const document& input);

  // -- task.cc
  void run_task(frame&, const state&);
  outcome<std::shared_ptr<record_details>> prepare(const frame&, const state&, command_id);

  // -- children.cc
  void run_parallel(frame&, const state&);
  void run_map(frame&, const state&);
  void fork(frame&, const state&);
  bool open_child(frame&, const state&);  // false: that failed, and the frame may be gone
  void join(frame&, const state&);
  void end_child(frame& child);                   // its machine came to its end
  void fail_child(frame& child, const failure&);  // or failed
  void abort_open(const frame& parent);

  // -- distributed_map.cc
  void run_distributed(frame&, const state&, const distributed_fields&, const document& input, const document& items,
                       int64_t concurrency);
  void redrive_map_run(frame&);
  void open_map_run(frame&, task, event_type, int64_t redrives);
  outcome<document> plan(const frame&, const distributed_fields&, const document& input, const document& items,
                         int64_t concurrency);
  outcome<std::optional<double>> percentage(const frame&, const percentage_field&, const document& input);
  outcome<json::value> resource(const frame&, const map_resource&, const document& input);

  // -- failing.cc
  void fail(frame&, failure);
  bool retry(frame&, const failure&);
  bool caught(frame&, failure&);
  bool handled_anywhere(const frame&, const failure&) const;

  const program::body& program_;
  execution& execution_;
  execution::state& x_;
  const stimulus& stimulus_;
  const limits& limits_;
  decision& out_;
  chance luck_;
  trace* trace_ = nullptr;
  int transitions_ = 0;
  // Set where a JSONata expression failed, until its state does: the field, or "".
  std::optional<std::string> evaluation_failed_at_;
};

// Whether a retrier's or catcher's ErrorEquals names the error.
bool names_error(const std::vector<std::string>& errors, const std::optional<std::string>& error);
// Errors that States.ALL does not stand for.
bool is_terminal(const std::optional<std::string>& error);

// The delay before retry number `attempt` (from 0).
int64_t retry_delay_ms(const retrier&, int attempt, chance&);

std::string make_token(std::string_view uid, command_id, chance&);

}  // namespace mdlc::asl
