#include "asl/interpreter.h"

#include "base/log.h"

namespace mdlc::asl {
namespace {

event_type entered_event(state_type t) {
  using enum event_type;
  switch (t) {
    case state_type::pass:
      return pass_state_entered;
    case state_type::task:
      return task_state_entered;
    case state_type::choice:
      return choice_state_entered;
    case state_type::wait:
      return wait_state_entered;
    case state_type::succeed:
      return succeed_state_entered;
    case state_type::fail:
      return fail_state_entered;
    case state_type::parallel:
      return parallel_state_entered;
    case state_type::map:
      return map_state_entered;
  }
  return none;
}

event_type exited_event(state_type t) {
  using enum event_type;
  switch (t) {
    case state_type::pass:
      return pass_state_exited;
    case state_type::task:
      return task_state_exited;
    case state_type::choice:
      return choice_state_exited;
    case state_type::wait:
      return wait_state_exited;
    case state_type::succeed:
      return succeed_state_exited;
    case state_type::parallel:
      return parallel_state_exited;
    case state_type::map:
      return map_state_exited;
    case state_type::fail:
      break;
  }
  return none;
}

}  // namespace

record interpreter::make(const frame& f, record_kind kind, event_type type) const {
  record r;
  r.kind = kind;
  r.type = type;
  r.frame = f.id;
  r.previous = f.previous;
  r.time = stimulus_.time;
  return r;
}

void interpreter::emit(record r) {
  if (r.is_public()) {
    r.id = x_.events + 1;
  } else {
    r.previous = 0;
  }
  evolve(execution_, r);
  out_.records.push_back(std::move(r));
}

void interpreter::close(const frame& f) {
  if (f.opened) {
    out_.closed_tasks.push_back(f.command);
    // What was opened in this very call need never begin.
    std::erase_if(out_.opened, [&](const command& c) {
      auto* t = std::get_if<task_command>(&c);
      return t && t->id == f.command;
    });
  }
  for (auto timer : {f.timer, f.timeout_timer, f.heartbeat_timer}) {
    if (!timer) continue;
    out_.closed_timers.push_back(timer);
    std::erase_if(out_.opened, [&](const command& c) {
      auto* t = std::get_if<timer_command>(&c);
      return t && t->sequence == timer;
    });
  }
  if (!f.children) return;
  for (auto [index, id] : f.children->open)
    if (const auto* child = x_.find(id)) close(*child);
}

void interpreter::run() {
  while (!x_.ready.empty()) {
    if (transitions_ >= limits_.transitions) {
      out_.wants_continue = true;
      return;
    }
    // The last event that there is room for says why there is no more. A step writes two at most, but for the ends of
    // children, which may go a little over.
    if (x_.events + 2 >= limits_.events) {
      end_execution(event_type::execution_failed, x_.find(0), {},
                    {"States.Runtime",
                     fmt::format("The execution reached the maximum number of history events ({}).", limits_.events)});
      return;
    }
    size_t before = out_.records.size();
    step(*x_.find(x_.ready.front()));
    if (out_.records.size() == before) base::log::stop_process("a step without a record");
  }
}

void interpreter::step(frame& f) {
  switch (f.now) {
    case phase::entering:
      return enter(f);
    case phase::running:
      break;
    case phase::forked:
      return fork(f, state_of(f));
    case phase::has_result:
      if (f.failed_event_due) return emit(make(f, record_kind::noted, event_type::map_state_succeeded));
      return f.result ? finish(f, f.result) : finish_with_input(f);
    case phase::failed:
      return fail(f, f.why);
    case phase::ended:
      if (f.id == 0) return end_execution(event_type::execution_succeeded, &f, f.input, {});
      return end_child(f);
    default:
      base::log::stop_process("a step of a frame that waits");
  }
  const state& s = state_of(f);
  switch (s.type) {
    case state_type::pass:
      return run_pass(f, s);
    case state_type::task:
      return run_task(f, s);
    case state_type::choice:
      return run_choice(f, s);
    case state_type::wait:
      return run_wait(f, s);
    case state_type::succeed:
      return finish_with_input(f);
    case state_type::fail:
      return run_fail(f, s);
    case state_type::parallel:
      return run_parallel(f, s);
    case state_type::map:
      return run_map(f, s);
  }
}

void interpreter::enter(frame& f) {
  ++transitions_;
  const state& s = state_of(f);
  record r = make(f, record_kind::entered, entered_event(s.type));
  r.state = f.state;
  r.name = s.name;
  r.payload = f.input;
  emit(std::move(r));
}

void interpreter::exit(frame& f, document output, state_index next, document assigned) {
  if (output.text().size() > limits_.payload_bytes) return fail(f, too_large(f));
  const state& s = state_of(f);
  record r = make(f, record_kind::exited, exited_event(s.type));
  r.state = f.state;
  r.next = next;
  r.name = s.name;
  r.payload = std::move(output);
  if (assigned && !assigned.tree().get_object().empty()) {
    auto more = std::make_shared<record_details>();
    more->assigned = std::move(assigned);
    r.more = std::move(more);
  }
  emit(std::move(r));
}

void interpreter::finish(frame& f, document result) {
  const state& s = state_of(f);
  if (result.text().size() > limits_.payload_bytes) return fail(f, too_large(f));
  if (s.speaks_jsonata) return finish_query(f, s, result);
  if (s.selector) {
    auto selected = fill(f, s.selector, result);
    if (!selected) return fail(f, std::move(selected).error());
    result = std::move(*selected);
  }
  const bool has_result = s.type != state_type::wait && s.type != state_type::succeed;
  if (has_result) seen(&trace::after_selector, result);
  document assigned;
  if (s.assign) {
    auto values = fill(f, s.assign, result);
    if (!values) return fail(f, std::move(values).error());
    assigned = std::move(*values);
  }
  auto placed = place(f, s.result, f.input, result);
  if (!placed) return fail(f, std::move(placed).error());
  if (has_result) seen(&trace::after_result_path, *placed);
  auto output = select(f, s.output, *placed);
  if (!output) return fail(f, std::move(output).error());
  exit(f, std::move(*output), s.next, std::move(assigned));
}

void interpreter::finish_with_input(frame& f) {
  auto input = select(f, state_of(f).input, f.input);
  if (!input) return fail(f, std::move(input).error());
  if (!state_of(f).speaks_jsonata) seen(&trace::after_input_path, *input);
  finish(f, std::move(*input));
}

void interpreter::end_execution(event_type type, const frame* f, document output, failure why) {
  close(*x_.find(0));
  if (x_.deadline_timer) out_.closed_timers.push_back(x_.deadline_timer);
  record r;
  r.kind = record_kind::ended;
  r.type = type;
  r.previous = f ? f->tip : 0;
  r.time = stimulus_.time;
  r.payload = std::move(output);
  if (why != failure{}) {
    auto more = std::make_shared<record_details>();
    more->why = std::move(why);
    r.more = std::move(more);
  }
  emit(std::move(r));
}

decision decide(const program& p, execution& e, const stimulus& s, const limits& l) {
  decision out;
  interpreter i{p.get(), e, s, l, out};
  i.take();
  i.run();
  return out;
}

}  // namespace mdlc::asl
