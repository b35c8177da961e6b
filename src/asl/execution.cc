#include "asl/execution.h"

#include "asl/frame.h"

namespace mdlc::asl {

execution::execution() : state_(std::make_unique<state>()) {}
execution::~execution() = default;
execution::execution(execution&&) noexcept = default;
execution& execution::operator=(execution&&) noexcept = default;

execution_status execution::status() const { return state_->status; }
bool execution::ended() const {
  return state_->status != execution_status::running && state_->status != execution_status::not_started;
}
const execution_info& execution::info() const { return state_->info; }
document execution::input() const { return state_->input; }
document execution::output() const { return state_->output; }
const failure& execution::why() const { return state_->why; }
base::time_point execution::stop_time() const { return state_->stopped; }
int64_t execution::events() const { return state_->events; }
int execution::redrives() const { return state_->redrives; }

std::string_view status_name(execution_status s) {
  switch (s) {
    case execution_status::not_started:
      return "PENDING_REDRIVE";
    case execution_status::running:
      return "RUNNING";
    case execution_status::succeeded:
      return "SUCCEEDED";
    case execution_status::failed:
      return "FAILED";
    case execution_status::timed_out:
      return "TIMED_OUT";
    case execution_status::aborted:
      return "ABORTED";
  }
  return "";
}

namespace {

std::vector<const frame*> in_order(const execution::state& x) {
  std::vector<const frame*> out;
  for (const auto& [id, f] : x.frames) out.push_back(f.get());
  std::sort(out.begin(), out.end(), [](auto* a, auto* b) { return a->id < b->id; });
  return out;
}

}  // namespace

std::vector<command> open_commands(const execution& e) {
  const auto& x = e.get();
  std::vector<command> out;
  if (x.deadline_timer) out.emplace_back(timer_command{x.deadline_timer, x.deadline});
  for (const auto* f : in_order(x)) {
    if (f->opened) out.emplace_back(task_command{f->command, *f->opened->command, f->submitted, f->submission});
    if (f->timeout_timer) out.emplace_back(timer_command{f->timeout_timer, f->timeout_due});
    if (f->heartbeat_timer) out.emplace_back(timer_command{f->heartbeat_timer, f->heartbeat_due});
    if (f->timer) out.emplace_back(timer_command{f->timer, f->due});
  }
  return out;
}

bool is_open(const execution& e, command_id id) {
  const auto& x = e.get();
  auto it = x.tasks.find(id.sequence);
  const frame* f = it == x.tasks.end() ? nullptr : x.find(it->second);
  return f && f->opened && f->command == id;
}

bool knows_token(const execution& e, std::string_view token) {
  auto parts = parse_token(token);
  if (!parts || parts->uid != e.info().uid || !is_open(e, parts->command)) return false;
  return e.get().find(e.get().tasks.at(parts->command.sequence))->opened->command->token == token;
}

std::string dump(const execution& e) {
  const auto& x = e.get();
  std::string out;
  auto line = [&]<class... A>(fmt::format_string<A...> f, A&&... a) {
    out += fmt::format(f, std::forward<A>(a)...) + "\n";
  };
  auto text = [](const document& d) { return d ? d.text() : std::string{"-"}; };
  line("{} events {} redrives {} sequence {} frame {} stopped {}", status_name(x.status), x.events, x.redrives,
       x.next_sequence, x.next_frame, base::to_ms(x.stopped));
  line("input {} output {} error {} cause {}", text(x.input), text(x.output), x.why.error.value_or("-"),
       x.why.cause.value_or("-"));
  line("deadline {} {} ready {}", x.deadline_timer, base::to_ms(x.deadline), fmt::join(x.ready, " "));
  for (const auto* f : in_order(x)) {
    line("frame {} of {} [{}] phase {} state {} previous {} tip {} entered {} at {}", f->id, f->parent, f->index,
         static_cast<int>(f->now), f->state, f->previous, f->tip, f->entered_event, base::to_ms(f->entered));
    line("  input {} item {} result {} why {} {}", text(f->input), text(f->item), text(f->result),
         f->why.error.value_or("-"), f->why.cause.value_or("-"));
    line("  command {}.{} {} {} {} {} retried {} of {}", f->command.sequence, f->command.attempt,
         f->opened ? "open" : "", f->started, f->submitted, text(f->submission), fmt::join(f->retried, ","),
         f->retries);
    line("  timers {} {} {} {} {} {} due {}", f->timer, base::to_ms(f->due), f->timeout_timer,
         base::to_ms(f->timeout_due), f->heartbeat_timer, base::to_ms(f->heartbeat_due), f->failed_event_due);
    if (!f->map_run.empty()) line("  {} redriven {} {}", f->map_run, f->map_run_redrives, f->redrives_map_run);
    for (const auto& [name, value] : f->variables) line("  ${} {}", name, text(value));
    if (!f->children) continue;
    const auto& c = *f->children;
    line("  children {} next {} done {} at most {} map {} previous {} items {}", c.length, c.next, c.done,
         c.max_concurrency, c.is_map, c.spawn_previous, text(c.items));
    for (auto [index, id] : c.open) line("    [{}] {}", index, id);
    for (const auto& o : c.outputs) line("    {}", text(o));
  }
  return out;
}

}  // namespace mdlc::asl
