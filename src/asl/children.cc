// Parallel and Map: frames that open frames.
#include "asl/interpreter.h"

namespace mdlc::asl {

void interpreter::run_parallel(frame& f, const state& s) {
  auto input = select(f, s.input, f.input);
  if (!input) return fail(f, std::move(input).error());
  if (s.parameters) {
    input = fill(f, s.parameters, *input);
    if (!input) return fail(f, std::move(input).error());
  }
  auto more = std::make_shared<record_details>();
  more->items = std::move(*input);
  more->length = static_cast<int64_t>(std::get<parallel_fields>(s.fields).branches.size());
  record r = make(f, record_kind::children_opened, event_type::parallel_state_started);
  r.more = std::move(more);
  emit(std::move(r));
}

void interpreter::run_map(frame& f, const state& s) {
  const auto& m = std::get<map_fields>(s.fields);
  if (f.redrives_map_run) return redrive_map_run(f);
  auto input = select(f, s.input, f.input);
  if (!input) return fail(f, std::move(input).error());
  auto at_most = number(f, m.max_concurrency, "MaxConcurrencyPath", *input);
  if (!at_most) return fail(f, std::move(at_most).error());
  int64_t concurrency = at_most->value_or(0);
  if (concurrency < 0)
    return fail(
        f, runtime(f, fmt::format("Expected non-negative integer for MaxConcurrency, got '{}' instead.", concurrency)));
  if (m.distributed && !m.distributed->reader.action.empty())
    return run_distributed(f, s, *m.distributed, *input, {}, concurrency);
  auto items = s.speaks_jsonata ? items_query(f, m) : select(f, m.items, *input);
  if (!items) return fail(f, std::move(items).error());
  if (!items->tree().is_array()) {
    auto shown = items->text();
    auto what = m.items.path ? fmt::format("Reference path \"{}\" must point to array.", m.items.path->text())
                             : fmt::format("Reference path \"$\" must point to array.");
    return fail(f, runtime(f, what));
  }
  if (m.distributed) return run_distributed(f, s, *m.distributed, *input, *items, concurrency);
  auto more = std::make_shared<record_details>();
  more->length = static_cast<int64_t>(items->tree().get_array().size());
  more->max_concurrency = concurrency ? std::min(concurrency, inline_map_concurrency) : inline_map_concurrency;
  more->items = std::move(*items);
  record r = make(f, record_kind::children_opened, event_type::map_state_started);
  r.name = s.name;
  r.more = std::move(more);
  emit(std::move(r));
}

void interpreter::fork(frame& f, const state& s) {
  const auto& c = *f.children;
  if (c.done == c.length) return join(f, s);
  // As many at once as there is room for, so that branches start side by side.
  while (c.next < c.length && (c.max_concurrency == 0 || static_cast<int64_t>(c.open.size()) < c.max_concurrency))
    if (!open_child(f, s)) return;
}

bool interpreter::open_child(frame& f, const state& s) {
  const auto& c = *f.children;
  record r = make(f, record_kind::child_opened);
  r.index = c.next;
  r.child = x_.next_frame;
  r.payload = c.items;
  if (c.is_map) {
    const auto& m = std::get<map_fields>(s.fields);
    auto item = document::from_tree(c.items.tree().get_array()[static_cast<size_t>(c.next)]);
    r.type = event_type::map_iteration_started;
    r.previous = c.spawn_previous;
    r.name = s.name;
    r.next = m.start;
    auto made = item_input(f, c.next, item);
    if (!made) {
      abort_open(f);
      close(f);
      record gone = make(f, record_kind::children_ended);
      emit(std::move(gone));
      fail(f, std::move(made).error());
      return false;
    }
    r.payload = std::move(*made);
    auto more = std::make_shared<record_details>();
    more->items = std::move(item);
    r.more = std::move(more);
  } else {
    r.next = std::get<parallel_fields>(s.fields).branches[static_cast<size_t>(c.next)];
  }
  ++transitions_;
  emit(std::move(r));
  return true;
}

outcome<document> interpreter::item_input(const frame& f, int64_t index, const document& item) {
  const state& s = state_of(f);
  const auto& m = std::get<map_fields>(s.fields);
  if (!m.selector) return item;
  auto around = context(f);
  around.item = item;
  around.item_index = index;
  MDLC_TRY(document input, select(f, s.input, f.input));
  return fill(f, m.selector, input, {.context = &around});
}

// The outputs as they are written, side by side: nothing looks inside.
void interpreter::join(frame& f, const state& s) {
  const auto& c = *f.children;
  size_t size = 2;
  for (const auto& o : c.outputs) size += o.text().size() + 1;
  if (size > limits_.payload_bytes + 1) return fail(f, too_large(f));
  std::string text = "[";
  text.reserve(size);
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    if (i) text += ',';
    text += c.outputs[i].text();
  }
  text += ']';
  record r = make(f, record_kind::children_ended,
                  s.type == state_type::map ? event_type::map_state_succeeded : event_type::parallel_state_succeeded);
  r.payload = document::from_text(std::move(text));
  emit(std::move(r));
}

void interpreter::end_child(frame& child) {
  frame& parent = *x_.find(child.parent);
  record r = make(parent, record_kind::child_ended,
                  parent.children->is_map ? event_type::map_iteration_succeeded : event_type::none);
  r.previous = child.previous;
  r.child = child.id;
  r.index = child.index;
  r.payload = child.input;
  if (parent.children->is_map) r.name = state_of(parent).name;
  emit(std::move(r));
}

void interpreter::fail_child(frame& child, const failure& why) {
  frame& parent = *x_.find(child.parent);
  if (state_of(child).type == state_type::task) emit(make(child, record_kind::noted, event_type::task_state_aborted));
  bool is_map = parent.children->is_map;
  record r = make(parent, record_kind::child_ended, is_map ? event_type::map_iteration_failed : event_type::none);
  r.previous = child.tip;
  r.child = child.id;
  r.index = child.index;
  if (is_map) r.name = state_of(parent).name;
  auto more = std::make_shared<record_details>();
  more->why = why;
  r.more = std::move(more);
  close(child);
  emit(std::move(r));
  abort_open(parent);
  close(parent);
  emit(make(parent, record_kind::children_ended));
}

void interpreter::abort_open(const frame& parent) {
  using enum event_type;
  if (!parent.children) return;
  for (auto [index, id] : parent.children->open) {
    const frame* child = x_.find(id);
    if (!child) continue;
    abort_open(*child);
    event_type type = none;
    bool inside = child->now != phase::entering && child->now != phase::ended && child->state != no_state;
    if (inside) switch (state_of(*child).type) {
        case state_type::task:
          type = task_state_aborted;
          break;
        case state_type::wait:
          type = wait_state_aborted;
          break;
        case state_type::parallel:
          type = parallel_state_aborted;
          break;
        case state_type::map:
          type = map_state_aborted;
          break;
        default:
          break;
      }
    if (type != none) emit(make(*child, record_kind::noted, type));
    if (!parent.children->is_map) continue;
    record r = make(parent, record_kind::noted, map_iteration_aborted);
    r.previous = child->tip;
    r.index = index;
    r.name = state_of(parent).name;
    emit(std::move(r));
  }
}

}  // namespace mdlc::asl
