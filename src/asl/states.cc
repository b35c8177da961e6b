// The states that need nobody else: Pass, Choice, Wait, Fail. (Succeed has no more than its paths.)
#include "asl/interpreter.h"

namespace mdlc::asl {

void interpreter::run_pass(frame& f, const state& s) {
  auto input = select(f, s.input, f.input);
  if (!input) return fail(f, std::move(input).error());
  document result = *input;
  const bool works_on_input = !s.constant && !s.speaks_jsonata;
  if (works_on_input) seen(&trace::after_input_path, result);
  if (s.parameters) {
    auto made = fill(f, s.parameters, *input);
    if (!made) return fail(f, std::move(made).error());
    result = std::move(*made);
  }
  if (works_on_input) seen(&trace::after_parameters, result);
  if (s.constant) {
    result = s.constant;
    seen(&trace::result, result);
  }
  finish(f, std::move(result));
}

void interpreter::run_choice(frame& f, const state& s) {
  if (s.speaks_jsonata) return run_choice_query(f, s);
  const auto& c = std::get<choice_fields>(s.fields);
  auto input = select(f, s.input, f.input);
  if (!input) return fail(f, std::move(input).error());
  seen(&trace::after_input_path, *input);
  auto around = context(f);
  std::function<document(std::string_view)> lookup = [&](std::string_view name) { return variable(f, name); };
  state_index next = c.otherwise;
  const payload_template* assign = &s.assign;
  for (const auto& rule : c.rules) {
    auto holds = rule.when->holds({*input, around, lookup, luck_});
    if (!holds)
      return fail(
          f, runtime(f, fmt::format("Invalid path '{}': The choice state's condition path references an invalid value.",
                                    holds.error())));
    if (!*holds) continue;
    next = rule.next;
    assign = &rule.assign;
    break;
  }
  if (next == no_state)
    return fail(f, runtime(f, "Failed to transition out of the state. The state does not point to a next state."));
  document assigned;
  if (*assign) {
    auto values = fill(f, *assign, *input);
    if (!values) return fail(f, std::move(values).error());
    assigned = std::move(*values);
  }
  auto output = select(f, s.output, *input);
  if (!output) return fail(f, std::move(output).error());
  exit(f, std::move(*output), next, std::move(assigned));
}

outcome<base::time_point> interpreter::wake_time(const frame& f, const state& s, const document& input) {
  const auto& w = std::get<wait_fields>(s.fields);
  using std::chrono::seconds;
  if (s.speaks_jsonata) return wake_time_query(f, w);
  if (w.seconds) return stimulus_.time + seconds{*w.seconds};
  if (w.until) return *w.until;
  const auto& path = w.seconds_path ? *w.seconds_path : *w.until_path;
  std::string_view field = w.seconds_path ? "SecondsPath" : "TimestampPath";
  auto around = context(f);
  std::function<document(std::string_view)> lookup = [&](std::string_view name) { return variable(f, name); };
  auto hit = path.evaluate({input, around, lookup, luck_});
  if (!hit)
    return tl::unexpected(
        runtime(f, fmt::format("The {} parameter does not reference an input value: {}", field, path.text())));
  const auto& v = hit->get();
  std::string shown = v.is_string() ? std::string{json::view(v.get_string())} : json::print(v);
  if (w.seconds_path) {
    if (!v.is_int64())
      return tl::unexpected(
          runtime(f, fmt::format("The SecondsPath parameter does not reference a valid integer value: {} == {}",
                                 path.text(), shown)));
    if (v.get_int64() < 0 || v.get_int64() > max_wait_s)
      return tl::unexpected(
          runtime(f, fmt::format("The SecondsPath parameter references a value that is out of range: {} == {}",
                                 path.text(), shown)));
    return stimulus_.time + seconds{v.get_int64()};
  }
  auto until = v.is_string() ? base::from_iso8601(shown) : base::result<base::time_point>(base::fail("no string"));
  if (!until)
    return tl::unexpected(
        runtime(f, fmt::format("The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
                               "date-time format string: {} == {}",
                               path.text(), shown)));
  return *until;
}

void interpreter::run_wait(frame& f, const state& s) {
  auto input = select(f, s.input, f.input);
  if (!input) return fail(f, std::move(input).error());
  if (!s.speaks_jsonata) seen(&trace::after_input_path, *input);
  auto due = wake_time(f, s, *input);
  if (!due) return fail(f, std::move(due).error());
  if (*due - stimulus_.time > std::chrono::seconds{max_wait_s})
    return fail(f, runtime(f, "Wait state delay is too long."));
  if (*due <= stimulus_.time) return finish(f, std::move(*input));
  record r = make(f, record_kind::waiting);
  r.command.sequence = take_sequence();
  r.due = *due;
  out_.opened.emplace_back(timer_command{r.command.sequence, *due});
  emit(std::move(r));
}

void interpreter::run_fail(frame& f, const state& s) {
  const auto& fields = std::get<fail_fields>(s.fields);
  failure why = fields.why;
  if (!s.speaks_jsonata) seen(&trace::after_input_path, f.input);
  for (auto [computed, field, into] :
       {std::tuple{&fields.computed_error, "Error", &why.error}, {&fields.computed_cause, "Cause", &why.cause}}) {
    if (!*computed) continue;
    auto t = typed_text(f, *computed, field);
    if (!t) return fail(f, std::move(t).error());
    *into = std::move(*t);
  }
  if (fields.error_path) {
    auto t = text(f, *fields.error_path, "ErrorPath", f.input);
    if (!t) return fail(f, std::move(t).error());
    why.error = std::move(*t);
  }
  if (fields.cause_path) {
    auto t = text(f, *fields.cause_path, "CausePath", f.input);
    if (!t) return fail(f, std::move(t).error());
    why.cause = std::move(*t);
  }
  fail(f, std::move(why));
}

}  // namespace mdlc::asl
