// What states do otherwise in JSONata: there are no paths, and what an expression gives has to be of the type that its
// field wants.
#include <cmath>

#include "asl/interpreter.h"
#include "asl/jsonata_expression.h"

namespace mdlc::asl {
namespace {

bool is_a(std::string_view type, const json::value& v) {
  if (type == "array") return v.is_array();
  if (type == "boolean") return v.is_bool();
  if (type == "string") return v.is_string();
  return json::is_number(v);
}

}  // namespace

failure interpreter::query_failed(const frame& f, std::string_view what, std::string_view location) {
  evaluation_failed_at_ = location;
  return runtime(f, what, "States.QueryEvaluationError");
}

void interpreter::emit_evaluation_failed(const frame& f, const failure& why) {
  if (!evaluation_failed_at_) return;
  record r = make(f, record_kind::noted, event_type::evaluation_failed);
  // As AWS counts: a state that has done nothing else is passed by.
  if (f.previous == f.entered_event) r.previous = f.entered_previous;
  auto more = std::make_shared<record_details>();
  more->why = why;
  more->location = *std::exchange(evaluation_failed_at_, {});
  more->state = state_of(f).name;
  r.more = std::move(more);
  emit(std::move(r));
}

outcome<document> interpreter::typed(const frame& f, const payload_template& t, std::string_view field,
                                     std::string_view expected) {
  MDLC_TRY(document value, fill(f, t, f.input));
  if (is_a(expected, value.tree())) return value;
  return tl::unexpected(
      query_failed(f,
                   fmt::format("The JSONata expression '{}' specified for the field '{}' {}",
                               t.text() ? *t.text() : value.text(), field, unexpected_type(expected, value.tree())),
                   field));
}

outcome<int64_t> interpreter::typed_number(const frame& f, const payload_template& t, std::string_view field) {
  MDLC_TRY(document value, typed(f, t, field, "number"));
  const double number = json::to_double(value.tree());
  if (number != std::floor(number) || std::abs(number) > static_cast<double>(max_wait_s))
    return tl::unexpected(query_failed(
        f, fmt::format("The value {} specified for the field '{}' is not an integer in range.", value.text(), field),
        field));
  return static_cast<int64_t>(number);
}

outcome<std::string> interpreter::typed_text(const frame& f, const payload_template& t, std::string_view field) {
  MDLC_TRY(document value, typed(f, t, field, "string"));
  return std::string{json::view(value.tree().get_string())};
}

// Output and Assign both see the variables as they were.
void interpreter::finish_query(frame& f, const state& s, const document& result) {
  const bool has_result = s.type == state_type::task || s.type == state_type::parallel || s.type == state_type::map;
  const sight seen{.result = has_result ? &result : nullptr};
  document assigned, output = result;
  if (s.assign) {
    auto values = fill(f, s.assign, f.input, seen);
    if (!values) return fail(f, std::move(values).error());
    assigned = std::move(*values);
  }
  if (s.produced) {
    auto made = fill(f, s.produced, f.input, seen);
    if (!made) return fail(f, std::move(made).error());
    output = std::move(*made);
  }
  exit(f, std::move(output), s.next, std::move(assigned));
}

void interpreter::run_choice_query(frame& f, const state& s) {
  const auto& c = std::get<choice_fields>(s.fields);
  // The state's own Assign and Output belong to Default.
  state_index next = c.otherwise;
  const payload_template *assign = &s.assign, *produced = &s.produced;
  for (size_t n = 0; n < c.rules.size(); ++n) {
    const auto& rule = c.rules[n];
    auto holds = typed(f, rule.test, fmt::format("Choices[{}]/Condition", n), "boolean");
    if (!holds) return fail(f, std::move(holds).error());
    if (!holds->tree().get_bool()) continue;
    next = rule.next;
    assign = &rule.assign;
    produced = &rule.output;
    break;
  }
  if (next == no_state)
    return fail(f, runtime(f, "Failed to transition out of the state. The state does not point to a next state."));
  document assigned, output = f.input;
  for (auto [from, into] : {std::pair{assign, &assigned}, {produced, &output}}) {
    if (!*from) continue;
    auto made = fill(f, *from, f.input);
    if (!made) return fail(f, std::move(made).error());
    *into = std::move(*made);
  }
  exit(f, std::move(output), next, std::move(assigned));
}

outcome<base::time_point> interpreter::wake_time_query(const frame& f, const wait_fields& w) {
  if (w.computed_seconds) {
    MDLC_TRY(int64_t seconds, typed_number(f, w.computed_seconds, "Seconds"));
    if (seconds < 0)
      return tl::unexpected(query_failed(
          f, fmt::format("The value {} specified for the field 'Seconds' is out of range.", seconds), "Seconds"));
    return stimulus_.time + std::chrono::seconds{seconds};
  }
  MDLC_TRY(std::string until, typed_text(f, w.computed_until, "Timestamp"));
  auto time = base::from_iso8601(until);
  if (!time)
    return tl::unexpected(query_failed(
        f, fmt::format("The value {} specified for the field 'Timestamp' is not a valid ISO-8601 timestamp.", until),
        "Timestamp"));
  return *time;
}

outcome<document> interpreter::items_query(const frame& f, const map_fields& m) {
  if (m.listed) return typed(f, m.listed, "Items", "array");
  if (f.input.tree().is_array()) return f.input;
  return tl::unexpected(
      query_failed(f, fmt::format("Map state input must be an array but was: {}", f.input.text()), ""));
}

}  // namespace mdlc::asl
