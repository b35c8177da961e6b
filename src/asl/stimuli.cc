#include "asl/interpreter.h"

namespace mdlc::asl {
namespace {

// What a task's further events repeat of it.
std::shared_ptr<record_details> about(const task& t) {
  auto more = std::make_shared<record_details>();
  auto brief = std::make_shared<task>();
  brief->kind = t.kind;
  brief->resource_type = t.resource_type;
  brief->action = t.action;
  more->command = std::move(brief);
  return more;
}

event_type pick(task_kind k, event_type service, event_type function, event_type activity,
                event_type map_run = event_type::none) {
  if (k == task_kind::map_run) return map_run;
  return k == task_kind::service ? service : k == task_kind::lambda_function ? function : activity;
}

}  // namespace

void interpreter::take() {
  std::visit([this](const auto& what) { on(what); }, stimulus_.what);
}

void interpreter::on(const started& s) {
  if (x_.status != execution_status::not_started) return;
  auto more = std::make_shared<record_details>();
  more->info = std::make_shared<execution_info>(s.info);
  record r;
  r.kind = record_kind::started;
  r.type = event_type::execution_started;
  r.time = stimulus_.time;
  r.next = s.start == no_state ? program_.start : s.start;
  r.payload = s.input;
  r.more = std::move(more);
  emit(std::move(r));
  set_deadline();
}

void interpreter::set_deadline() {
  // The machine's own time is not its map runs' children's.
  if (!program_.timeout_s || x_.info.is_child()) return;
  record r;
  r.kind = record_kind::deadline;
  r.time = stimulus_.time;
  r.command.sequence = take_sequence();
  r.due = stimulus_.time + std::chrono::seconds{*program_.timeout_s};
  out_.opened.emplace_back(timer_command{r.command.sequence, r.due});
  emit(std::move(r));
}

frame* interpreter::awaiting(command_id id) {
  auto it = x_.tasks.find(id.sequence);
  frame* f = it == x_.tasks.end() ? nullptr : x_.find(it->second);
  return f && f->opened && f->command == id ? f : nullptr;
}

void interpreter::on(const task_started& s) {
  frame* f = awaiting(s.command);
  if (!f || f->started || f->opened->command->kind == task_kind::map_run) return;
  const task& t = *f->opened->command;
  auto more = about(t);
  more->worker = s.worker;
  record r =
      make(*f, record_kind::command_progressed,
           pick(t.kind, event_type::task_started, event_type::lambda_function_started, event_type::activity_started));
  r.command = s.command;
  r.more = std::move(more);
  emit(std::move(r));
}

void interpreter::begin_if_not(frame& f) {
  if (!f.started) on(task_started{f.command, {}});
}

void interpreter::on(const task_submitted& s) {
  frame* f = awaiting(s.command);
  if (!f || f->submitted || f->opened->command->kind == task_kind::map_run) return;
  begin_if_not(*f);
  record r = make(*f, record_kind::command_progressed, event_type::task_submitted);
  r.command = s.command;
  r.payload = s.output;
  r.more = about(*f->opened->command);
  emit(std::move(r));
}

void interpreter::end_task(frame& f, document output, failure why, bool timed_out) {
  const task& t = *f.opened->command;
  using enum event_type;
  event_type type;
  // A .sync or .waitForTaskToken call that fails was never submitted.
  bool unsubmitted = t.pattern != task_pattern::request_response && !f.submitted && t.kind == task_kind::service;
  if (timed_out) {
    type = pick(t.kind, event_type::task_timed_out, lambda_function_timed_out, activity_timed_out);
  } else if (output) {
    type = pick(t.kind, event_type::task_succeeded, lambda_function_succeeded, activity_succeeded, map_run_succeeded);
    if (output.text().size() > limits_.payload_bytes) {
      // No event shows what is too large.
      type = none;
      why = too_large(f);
      output = {};
    }
  } else {
    type = pick(t.kind, unsubmitted ? task_submit_failed : event_type::task_failed, lambda_function_failed,
                activity_failed, map_run_failed);
  }
  auto more = about(t);
  more->why = std::move(why);
  record r = make(f, record_kind::command_ended, type);
  r.command = f.command;
  r.payload = std::move(output);
  r.more = std::move(more);
  if (timed_out) out_.closed_tasks.push_back(f.command);
  for (auto timer : {f.timeout_timer, f.heartbeat_timer})
    if (timer && !(std::holds_alternative<timer_fired>(stimulus_.what) &&
                   std::get<timer_fired>(stimulus_.what).sequence == timer))
      out_.closed_timers.push_back(timer);
  emit(std::move(r));
}

void interpreter::on(const task_succeeded& s) {
  frame* f = awaiting(s.command);
  if (!f) return;
  begin_if_not(*f);
  end_task(*f, s.output, {}, false);
}

void interpreter::on(const task_failed& s) {
  frame* f = awaiting(s.command);
  if (!f) return;
  begin_if_not(*f);
  end_task(*f, {}, s.why, s.why.error == "States.Timeout");
}

void interpreter::on(const task_heartbeat& s) {
  frame* f = awaiting(s.command);
  if (!f || !f->heartbeat_timer) return;
  record r = make(*f, record_kind::timer_moved);
  r.command.sequence = take_sequence();
  r.due = stimulus_.time + std::chrono::seconds{*f->opened->command->heartbeat_s};
  out_.closed_timers.push_back(f->heartbeat_timer);
  out_.opened.emplace_back(timer_command{r.command.sequence, r.due});
  emit(std::move(r));
}

void interpreter::on(const timer_fired& s) {
  auto it = x_.timers.find(s.sequence);
  if (it == x_.timers.end()) return;
  if (s.sequence == x_.deadline_timer) return end_execution(event_type::execution_timed_out, nullptr, {}, {});
  frame& f = *x_.find(it->second);
  if (s.sequence == f.timeout_timer) return end_task(f, {}, {"States.Timeout", {}}, true);
  if (s.sequence == f.heartbeat_timer) return end_task(f, {}, {"States.HeartbeatTimeout", {}}, true);
  emit(make(f, record_kind::woke));
}

void interpreter::on(const stopped& s) {
  if (x_.status != execution_status::running) return;
  end_execution(event_type::execution_aborted, nullptr, {}, s.why);
}

void interpreter::on(const redriven&) {
  using enum execution_status;
  if (x_.status != failed && x_.status != aborted && x_.status != timed_out) return;
  record r;
  r.kind = record_kind::redriven;
  r.type = event_type::execution_redriven;
  r.time = stimulus_.time;
  r.previous = x_.events;
  r.index = x_.redrives + 1;
  emit(std::move(r));
  set_deadline();
}

}  // namespace mdlc::asl
