// How payloads come into a state and out of it, and the words of what goes wrong there.
#include <charconv>

#include "asl/interpreter.h"

namespace mdlc::asl {

failure interpreter::runtime(const frame& f, std::string_view what, std::string_view error) const {
  return {std::string{error},
          fmt::format("An error occurred while executing the state '{}' (entered at the event id #{}). {}",
                      state_of(f).name, f.entered_event, what)};
}

failure interpreter::too_large(const frame& f) const {
  return {"States.DataLimitExceeded",
          fmt::format(
              "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit.",
              state_of(f).name)};
}

failure interpreter::explain(const frame& f, const trouble& t, const expression& e, std::string_view field,
                             const document& input) {
  using enum trouble::kind;
  switch (t.what) {
    case missing:
      return runtime(f,
                     fmt::format("The JSONPath '{}' specified for the field '{}' could not be found in the input '{}'",
                                 e.text(), field, input.text()));
    case missing_argument:
      return runtime(
          f, fmt::format("The function '{}' had the following error: The JsonPath argument for the field '{}' could "
                         "not be found in the input '{}'",
                         e.text(), t.detail, input.text()));
    case function:
      return runtime(f, fmt::format("The function '{}' had the following error: {}", e.text(), t.detail),
                     "States.IntrinsicFailure");
    case query:
      return query_failed(
          f, fmt::format("The JSONata expression '{}' specified for the field '{}' {}", e.text(), field, t.detail),
          field);
    case other:
      break;
  }
  return runtime(f, t.detail);
}

context_object interpreter::context(const frame& f, std::string_view token) const {
  const state& s = state_of(f);
  context_object out;
  out.info = &x_.info;
  out.input = x_.input;
  out.redrives = x_.redrives;
  out.state_name = s.name;
  out.entered = f.entered;
  if (s.type == state_type::task || s.type == state_type::map || s.type == state_type::parallel)
    out.retries = f.retries;
  out.token = token;
  if (trace_) {
    out.given = &trace_->context;
    out.input = {};
    return out;
  }
  for (const frame* at = &f; at; at = at->id ? x_.find(at->parent) : nullptr)
    if (at->item) {
      out.item_index = at->index;
      out.item = at->item;
      break;
    }
  return out;
}

document interpreter::variable(const frame& f, std::string_view name) const {
  for (const frame* at = &f; at; at = at->id ? x_.find(at->parent) : nullptr)
    if (auto it = at->variables.find(name); it != at->variables.end()) return it->second;
  return {};
}

outcome<document> interpreter::value(const frame& f, const expression& e, std::string_view field,
                                     const document& input) {
  auto around = context(f);
  std::function<document(std::string_view)> lookup = [&](std::string_view name) { return variable(f, name); };
  auto hit = e.evaluate({input, around, lookup, luck_});
  if (!hit) return tl::unexpected(explain(f, hit.error(), e, field, input));
  return document::from_tree(std::move(*hit).take());
}

outcome<document> interpreter::select(const frame& f, const path_field& field, const document& from) {
  static const document nothing = document::from_text("{}");
  if (field.discards) return nothing;
  if (!field.path || field.path->is_identity()) return from;
  auto around = context(f);
  std::function<document(std::string_view)> lookup = [&](std::string_view name) { return variable(f, name); };
  auto hit = field.path->evaluate({from, around, lookup, luck_});
  if (!hit)
    return tl::unexpected(runtime(f, fmt::format("Invalid path '{}' : {}", field.path->text(), hit.error().detail)));
  return document::from_tree(std::move(*hit).take());
}

outcome<document> interpreter::fill(const frame& f, const payload_template& t, const document& input, sight seen) {
  context_object own;
  if (!seen.context) own = context(f);
  std::function<document(std::string_view)> lookup = [&](std::string_view name) { return variable(f, name); };
  auto made = t.evaluate(
      {input, seen.context ? *seen.context : own, lookup, luck_, stimulus_.time, seen.result, seen.error_output});
  if (!made) return tl::unexpected(explain(f, made.error().why, *made.error().at, made.error().field, input));
  return std::move(*made);
}

outcome<document> interpreter::place(const frame& f, const result_path& where, const document& raw,
                                     const document& result) {
  if (where.discards) return raw;
  if (!where.path || where.path->size() == 0) return result;
  json::value out = raw.tree();
  if (!where.path->put(out, result.tree()))
    return tl::unexpected(
        runtime(f, fmt::format("Unable to apply ReferencePath {} to input {}", where.path->text(), raw.text()),
                "States.ResultPathMatchFailure"));
  return document::from_tree(std::move(out));
}

outcome<std::optional<int64_t>> interpreter::number(const frame& f, const number_field& field, std::string_view name,
                                                    const document& input) {
  if (field.computed) return typed_number(f, field.computed, name.substr(0, name.size() - 4));
  if (!field.path) return field.literal;
  auto at = select(f, path_field{field.path, false}, input);
  if (!at) return tl::unexpected(std::move(at).error());
  const auto& v = at->tree();
  if (v.is_int64()) return v.get_int64();
  std::string shown = v.is_string() ? std::string{json::view(v.get_string())} : json::print(v);
  // A number in a string is as good, as AWS has it.
  int64_t parsed = 0;
  auto [end, error] = std::from_chars(shown.data(), shown.data() + shown.size(), parsed);
  if (v.is_string() && error == std::errc{} && end == shown.data() + shown.size()) return parsed;
  return tl::unexpected(runtime(f, fmt::format("The {} field refers to value \"{}\" which is not a valid integer: {}",
                                               name, shown, field.path->text())));
}

outcome<std::string> interpreter::text(const frame& f, const expression& e, std::string_view field,
                                       const document& input) {
  auto v = value(f, e, field, input);
  if (!v) return tl::unexpected(std::move(v).error());
  if (!v->tree().is_string())
    return tl::unexpected(runtime(f, fmt::format("The {} field must refer to a string: {}", field, e.text())));
  return std::string{json::view(v->tree().get_string())};
}

}  // namespace mdlc::asl
