#include "asl/frame.h"
#include "base/log.h"

namespace mdlc::asl {
namespace {

using world = execution::state;

bool can_spawn(const family& c) {
  return c.next < c.length && (c.max_concurrency == 0 || static_cast<int64_t>(c.open.size()) < c.max_concurrency);
}

bool has_work(const frame& f) {
  switch (f.now) {
    case phase::waiting:
    case phase::sleeping:
    case phase::pausing:
      return false;
    case phase::forked:
      return can_spawn(*f.children) || f.children->done == f.children->length;
    default:
      return true;
  }
}

void unqueue(world& x, frame_id id) {
  if (x.ready.empty()) return;
  if (x.ready.front() == id) {
    x.ready.pop_front();
  } else if (x.ready.back() == id) {
    x.ready.pop_back();
  } else if (auto it = std::find(x.ready.begin(), x.ready.end(), id); it != x.ready.end()) {
    x.ready.erase(it);
  }
}

// Each record puts its frame at the end of the queue, or takes it out: so the queue too is a fold over records.
void requeue(world& x, const frame& f) {
  unqueue(x, f.id);
  if (has_work(f)) x.ready.push_back(f.id);
}

void close_command(world& x, frame& f) {
  if (f.opened) x.tasks.erase(f.command.sequence);
  for (auto* timer : {&f.timeout_timer, &f.heartbeat_timer, &f.timer}) {
    if (*timer) x.timers.erase(*timer);
    *timer = 0;
  }
  f.opened.reset();
  f.started = f.submitted = false;
  f.submission = {};
}

void remove(world& x, frame_id id) {
  auto* f = x.find(id);
  if (!f) return;
  if (f->children)
    for (auto [index, child] : f->children->open) remove(x, child);
  close_command(x, *f);
  unqueue(x, id);
  x.frames.erase(id);
}

void close_children(world& x, frame& f) {
  if (!f.children) return;
  auto open = std::move(f.children->open);
  f.children.reset();
  for (auto [index, child] : open) remove(x, child);
}

frame& add(world& x, frame_id id) {
  auto& slot = x.frames[id];
  slot = std::make_unique<frame>();
  slot->id = id;
  x.next_frame = std::max(x.next_frame, id + 1);
  return *slot;
}

void used(world& x, sequence_number s) { x.next_sequence = std::max(x.next_sequence, s + 1); }

void advance(frame& f, const record& r) {
  if (r.is_public()) f.previous = f.tip = r.id;
}

void start(world& x, const record& r) {
  x.status = execution_status::running;
  x.info = *r.more->info;
  x.input = r.payload;
  frame& root = add(x, 0);
  root.state = r.next;
  root.input = r.payload;
  requeue(x, root);
}

void enter(frame& f, const record& r) {
  f.state = r.state;
  f.input = r.payload;
  f.now = phase::running;
  f.entered_event = r.id;
  f.entered_previous = r.previous;
  f.entered = r.time;
  f.retried.clear();
  f.retries = 0;
  f.command = {};
  f.map_run.clear();
  advance(f, r);
}

void leave(world& x, frame& f, const record& r) {
  close_command(x, f);
  close_children(x, f);
  f.input = r.payload;
  f.result = {};
  f.why = {};
  f.failed_event_due = false;
  f.state = r.next;
  f.now = r.next == no_state ? phase::ended : phase::entering;
  if (r.more && r.more->assigned)
    for (const auto& [name, member] : r.more->assigned.tree().as_object())
      f.variables[std::string{name.data(), name.size()}] = document::from_tree(member);
  advance(f, r);
}

void open_command(world& x, frame& f, const record& r) {
  f.command = r.command;
  f.opened = r.more;
  f.now = phase::waiting;
  f.timeout_timer = r.more->timeout_timer;
  f.timeout_due = r.more->timeout_due;
  f.heartbeat_timer = r.more->heartbeat_timer;
  f.heartbeat_due = r.more->heartbeat_due;
  if (r.more->command->kind == task_kind::map_run) {
    f.map_run = r.more->command->resource;
    f.map_run_redrives = r.type == event_type::map_run_redriven ? static_cast<int>(r.index) : 0;
    f.redrives_map_run = false;
    f.failed_event_due = true;
  }
  used(x, r.command.sequence);
  x.tasks[r.command.sequence] = f.id;
  for (auto timer : {f.timeout_timer, f.heartbeat_timer}) {
    if (!timer) continue;
    used(x, timer);
    x.timers[timer] = f.id;
  }
  advance(f, r);
}

void end_command(world& x, frame& f, const record& r) {
  close_command(x, f);
  if (r.payload) {
    f.result = r.payload;
    f.now = phase::has_result;
  } else {
    f.why = r.more->why;
    f.now = phase::failed;
    // Those are not what its children did: a redrive begins a new one.
    for (auto error : {"States.ItemReaderFailed", "States.ResultWriterFailed", "States.DataLimitExceeded"})
      if (f.why.error == error) f.map_run.clear();
  }
  advance(f, r);
}

void wait(world& x, frame& f, const record& r) {
  close_command(x, f);
  close_children(x, f);
  f.timer = r.command.sequence;
  f.due = r.due;
  used(x, f.timer);
  x.timers[f.timer] = f.id;
  f.now = phase::sleeping;
  if (r.more && r.more->retrier >= 0) {
    auto which = static_cast<size_t>(r.more->retrier);
    if (f.retried.size() <= which) f.retried.resize(which + 1);
    ++f.retried[which];
    ++f.retries;
    f.why = {};
    f.failed_event_due = false;
    f.now = phase::pausing;
  }
}

void wake(world& x, frame& f) {
  x.timers.erase(f.timer);
  f.timer = 0;
  f.now = f.now == phase::pausing ? phase::running : phase::has_result;
}

void move_heartbeat(world& x, frame& f, const record& r) {
  x.timers.erase(f.heartbeat_timer);
  f.heartbeat_timer = r.command.sequence;
  f.heartbeat_due = r.due;
  used(x, f.heartbeat_timer);
  x.timers[f.heartbeat_timer] = f.id;
}

void open_children(frame& f, const record& r) {
  f.children = std::make_unique<family>();
  auto& c = *f.children;
  c.is_map = r.type == event_type::map_state_started;
  c.length = r.more->length;
  c.max_concurrency = r.more->max_concurrency;
  c.items = r.more->items;
  c.outputs.resize(static_cast<size_t>(c.length));
  c.spawn_previous = r.id;
  f.now = phase::forked;
  f.failed_event_due = true;
  advance(f, r);
}

void open_child(world& x, frame& parent, const record& r) {
  auto& c = *parent.children;
  frame& child = add(x, r.child);
  child.parent = parent.id;
  child.index = r.index;
  child.input = r.payload;
  child.state = r.next;
  if (r.more) child.item = r.more->items;
  child.previous = child.tip = r.is_public() ? r.id : c.spawn_previous;
  c.open[r.index] = r.child;
  c.next = r.index + 1;
  requeue(x, child);
}

void end_child(world& x, frame& parent, const record& r) {
  auto& c = *parent.children;
  frame* child = x.find(r.child);
  int64_t last = child ? child->tip : parent.previous;
  c.open.erase(r.index);
  remove(x, r.child);
  c.spawn_previous = last;
  if (r.payload) {
    c.outputs[static_cast<size_t>(r.index)] = r.payload;
    ++c.done;
    // The parent goes on from MapIterationSucceeded, or from a branch's last event.
    parent.previous = parent.tip = r.is_public() ? r.id : last;
  } else {
    parent.why = r.more->why;
    parent.now = phase::failed;
    parent.previous = parent.tip = last;  // MapIterationFailed is passed by
  }
}

void end_children(world& x, frame& f, const record& r) {
  close_children(x, f);
  if (!r.payload) {
    // Failed of its own (a selector): what that means comes with the next record of the same batch.
    if (f.now == phase::forked) f.now = phase::running;
    return;
  }
  f.result = r.payload;
  f.now = phase::has_result;
  f.failed_event_due = false;
  if (r.is_public()) f.tip = r.id;  // …StateSucceeded is passed by
}

void note(frame& f, const record& r) {
  using enum event_type;
  switch (r.type) {
    case map_state_started:  // of a distributed one: an inline Map's opens its children
      f.failed_event_due = true;
      advance(f, r);
      break;
    case map_state_succeeded:  // likewise; passed by
      f.failed_event_due = false;
      f.tip = r.id;
      break;
    case map_state_failed:
    case parallel_state_failed:
      f.failed_event_due = false;
      [[fallthrough]];
    case evaluation_failed:
      advance(f, r);
      break;
    default:
      break;  // aborted ones: nothing follows from them
  }
}

void end(world& x, const record& r) {
  using enum event_type;
  x.status = r.type == execution_succeeded   ? execution_status::succeeded
             : r.type == execution_aborted   ? execution_status::aborted
             : r.type == execution_timed_out ? execution_status::timed_out
                                             : execution_status::failed;
  x.output = r.payload;
  if (r.more) x.why = r.more->why;
  x.stopped = r.time;
  x.tasks.clear();
  x.timers.clear();
  x.ready.clear();
  x.deadline_timer = 0;
  // What a redrive goes on from: the root's state and its input.
  frame& root = *x.frames.at(0);
  close_children(x, root);
  close_command(x, root);
}

void redrive(world& x, const record& r) {
  x.status = execution_status::running;
  ++x.redrives;
  x.why = {};
  x.output = {};
  frame& root = *x.frames.at(0);
  root.now = root.entered_event ? phase::running : phase::entering;
  root.why = {};
  root.result = {};
  root.retried.clear();
  root.retries = 0;
  root.failed_event_due = false;
  root.redrives_map_run = !root.map_run.empty();
  advance(root, r);
  requeue(x, root);
}

}  // namespace

void evolve(execution& e, const record& r) {
  world& x = e.get();
  if (r.is_public()) x.events = r.id;
  switch (r.kind) {
    case record_kind::started:
      return start(x, r);
    case record_kind::ended:
      return end(x, r);
    case record_kind::redriven:
      return redrive(x, r);
    case record_kind::deadline:
      x.deadline_timer = r.command.sequence;
      x.deadline = r.due;
      used(x, r.command.sequence);
      x.timers[r.command.sequence] = 0;
      return;
    default:
      break;
  }
  frame* f = x.find(r.frame);
  if (!f) base::log::stop_process("a record of a frame that is not there");
  switch (r.kind) {
    case record_kind::entered:
      enter(*f, r);
      break;
    case record_kind::exited:
      leave(x, *f, r);
      break;
    case record_kind::command_opened:
      open_command(x, *f, r);
      break;
    case record_kind::command_progressed:
      if (r.type == event_type::task_submitted) {
        f->submitted = true;
        f->submission = r.payload;
      } else {
        f->started = true;
      }
      advance(*f, r);
      break;
    case record_kind::command_ended:
      end_command(x, *f, r);
      break;
    case record_kind::waiting:
      wait(x, *f, r);
      break;
    case record_kind::woke:
      wake(x, *f);
      break;
    case record_kind::timer_moved:
      move_heartbeat(x, *f, r);
      break;
    case record_kind::children_opened:
      open_children(*f, r);
      break;
    case record_kind::child_opened:
      open_child(x, *f, r);
      break;
    case record_kind::child_ended:
      end_child(x, *f, r);
      break;
    case record_kind::children_ended:
      end_children(x, *f, r);
      break;
    case record_kind::noted:
      note(*f, r);
      break;
    default:
      base::log::stop_process("a record of a kind that is unknown");
  }
  requeue(x, *f);
}

bool wants_continue(const execution& e) { return !e.get().ready.empty(); }

}  // namespace mdlc::asl
