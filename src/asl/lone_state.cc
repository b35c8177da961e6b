#include "asl/lone_state.h"

#include "asl/interpreter.h"

namespace mdlc::asl {

template <class What>
void lone_state::step(stimulus s, What what) {
  if (ended()) return;
  decision d;
  // One transition is an entrance, so that no state is run after the one under test.
  const limits l{.transitions = 1};
  interpreter i{program_->get(), execution_, s, l, d};
  i.trace_ = &trace_;
  what(i);
  take_in(d);
}

lone_state::lone_state(std::shared_ptr<const program> p, lone_definition d, beginning b, base::time_point now,
                       uint64_t seed)
    : program_(std::move(p)), definition_(std::move(d)), beginning_(std::move(b)), variables_(beginning_.variables) {
  trace_.context = beginning_.context;
  step({now, seed, started{beginning_.info, beginning_.input}}, [](interpreter& i) {
    i.take();
    i.run();
  });
  frame& f = *execution_.get().find(0);
  for (const auto& [name, value] : beginning_.variables) f.variables[std::string{name}] = document::from_tree(value);
  const auto& s = program_->get().states[f.state];
  f.retries = beginning_.retries;
  f.retried.assign(s.retries.size(), beginning_.retries);
  step({now, seed, continue_{}}, [&](interpreter& i) {
    if (s.type == state_type::map) return prepare_map(i);
    if (s.type != state_type::parallel) i.run();
  });
}

lone_state::~lone_state() = default;

void lone_state::succeed(document result, base::time_point now, uint64_t seed) {
  if (task_) {
    trace_.result = result;
    step({now, seed, task_succeeded{task_->id, std::move(result)}}, [](interpreter& i) {
      i.take();
      i.run();
    });
  } else {
    step({now, seed, continue_{}}, [&](interpreter& i) { i.finish(*i.x_.find(0), std::move(result)); });
  }
}

void lone_state::fail(failure why, base::time_point now, uint64_t seed) {
  if (task_)
    step({now, seed, task_failed{task_->id, std::move(why)}}, [](interpreter& i) {
      i.take();
      i.run();
    });
  else
    step({now, seed, continue_{}}, [&](interpreter& i) { i.fail(*i.x_.find(0), std::move(why)); });
}

void lone_state::fire(sequence_number sequence, base::time_point now, uint64_t seed) {
  step({now, seed, timer_fired{sequence}}, [](interpreter& i) {
    i.take();
    i.run();
  });
}

void lone_state::take_in(const decision& d) {
  const auto start = program_->get().start;
  for (const auto& r : d.records) {
    if (ended()) return;
    if (r.kind == record_kind::exited && r.state == start) {
      leave(r);
    } else if (r.kind == record_kind::waiting && r.more && r.more->retrier >= 0) {
      status_ = status::retriable;
      why_ = trace_.why.value_or(failure{});
      handler_ = r.more->retrier;
      backoff_s_ = std::chrono::duration_cast<std::chrono::seconds>(r.due - r.time).count();
    } else if (r.kind == record_kind::ended) {
      status_ = status::failed;
      if (r.more) why_ = r.more->why;
    }
  }
  if (ended()) return;
  for (const auto& c : d.opened) {
    if (auto* t = std::get_if<task_command>(&c)) task_ = *t;
    if (auto* t = std::get_if<timer_command>(&c)) timers_.push_back(*t);
  }
}

void lone_state::leave(const record& r) {
  const auto& s = program_->get().states[r.state];
  status_ = trace_.why ? status::caught : status::succeeded;
  output_ = r.payload;
  if (r.next != no_state) next_ = program_->state_name(r.next);
  if (r.more && r.more->assigned)
    for (const auto& [name, value] : r.more->assigned.tree().get_object()) variables_[name] = value;
  if (!trace_.why) return;
  why_ = *trace_.why;
  for (size_t i = 0; i < s.catches.size() && handler_ < 0; ++i)
    if (names_error(s.catches[i].errors, why_.error)) handler_ = static_cast<int>(i);
}

}  // namespace mdlc::asl
