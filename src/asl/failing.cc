// Retry, Catch, and what neither takes.
#include <cmath>

#include "asl/interpreter.h"

namespace mdlc::asl {

bool is_terminal(const std::optional<std::string>& error) {
  return error == "States.Runtime" || error == "States.DataLimitExceeded";
}

bool names_error(const std::vector<std::string>& errors, const std::optional<std::string>& error) {
  bool terminal = is_terminal(error);
  bool timeout = error == "States.Timeout" || error == "States.HeartbeatTimeout";
  for (const auto& e : errors) {
    if (error && e == *error) return true;
    if (e == "States.ALL" && !terminal) return true;
    if (e == "States.TaskFailed" && !terminal && !timeout) return true;
    if (e == "States.Timeout" && timeout) return true;
  }
  return false;
}

int64_t retry_delay_ms(const retrier& r, int attempt, chance& luck) {
  double seconds = r.interval_s * std::pow(r.backoff_rate, attempt);
  seconds = std::min(seconds, r.max_delay_s.value_or(static_cast<double>(max_seconds)));
  if (r.full_jitter) seconds *= luck.unit();
  return static_cast<int64_t>(std::min(seconds, static_cast<double>(max_seconds)) * 1000);
}

bool interpreter::retry(frame& f, const failure& why) {
  const state& s = state_of(f);
  for (size_t i = 0; i < s.retries.size(); ++i) {
    const auto& r = s.retries[i];
    if (!names_error(r.errors, why.error)) continue;
    int used = i < f.retried.size() ? f.retried[i] : 0;
    if (used >= r.max_attempts) return false;  // the first that names it decides
    record out = make(f, record_kind::waiting);
    out.command.sequence = take_sequence();
    out.due = stimulus_.time + std::chrono::milliseconds{retry_delay_ms(r, used, luck_)};
    auto more = std::make_shared<record_details>();
    more->retrier = static_cast<int32_t>(i);
    out.more = std::move(more);
    out_.opened.emplace_back(timer_command{out.command.sequence, out.due});
    emit(std::move(out));
    return true;
  }
  return false;
}

// Takes it, or leaves in `why` what ends the state: where a catcher's own expression fails, that.
bool interpreter::caught(frame& f, failure& why) {
  const state& s = state_of(f);
  for (const auto& c : s.catches) {
    if (!names_error(c.errors, why.error)) continue;
    json::object error;
    if (why.error) error["Error"] = *why.error;
    if (why.cause) error["Cause"] = *why.cause;
    auto told = document::from_tree(std::move(error));
    document assigned;
    auto evaluate = [&](const payload_template& t) {
      return s.speaks_jsonata ? fill(f, t, f.input, {.error_output = &told}) : fill(f, t, told);
    };
    auto replaced = [&](failure by) {
      if (s.speaks_jsonata) {
        why = std::move(by);
        emit_evaluation_failed(f, why);
      }
      return false;
    };
    if (c.assign) {
      auto values = evaluate(c.assign);
      if (!values) return replaced(std::move(values).error());
      assigned = std::move(*values);
    }
    auto output = c.output ? evaluate(c.output) : s.speaks_jsonata ? told : place(f, c.result, f.input, told);
    if (!output) return replaced(std::move(output).error());
    if (output->text().size() > limits_.payload_bytes) return false;
    exit(f, std::move(*output), c.next, std::move(assigned));
    return true;
  }
  return false;
}

// A terminal error ends the execution at once, unless somebody on the way up names it.
bool interpreter::handled_anywhere(const frame& f, const failure& why) const {
  for (const frame* at = &f; at; at = at->id ? x_.find(at->parent) : nullptr) {
    const state& s = state_of(*at);
    for (const auto& r : s.retries)
      if (names_error(r.errors, why.error)) return true;
    for (const auto& c : s.catches)
      if (names_error(c.errors, why.error)) return true;
  }
  return false;
}

void interpreter::fail(frame& f, failure why) {
  if (trace_) trace_->why = why;
  const bool is_evaluation = evaluation_failed_at_.has_value();
  emit_evaluation_failed(f, why);
  if (is_terminal(why.error) && !handled_anywhere(f, why))
    return end_execution(event_type::execution_failed, &f, {}, std::move(why));
  if (retry(f, why)) return;
  const state& s = state_of(f);
  if (f.failed_event_due || (is_evaluation && s.type == state_type::map)) {
    record r = make(f, record_kind::noted,
                    s.type == state_type::map ? event_type::map_state_failed : event_type::parallel_state_failed);
    r.previous = f.tip;
    emit(std::move(r));
  }
  if (caught(f, why)) return;
  if (f.id == 0) return end_execution(event_type::execution_failed, &f, {}, std::move(why));
  fail_child(f, why);
}

}  // namespace mdlc::asl
