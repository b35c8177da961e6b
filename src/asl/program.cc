#include "asl/program.h"

#include "asl/builder.h"
#include "asl/source.h"

namespace mdlc::asl {
namespace {

// The definition's JSON, or the one diagnostic that says that it is none.
base::result<json::value, diagnostic> parse(std::string_view definition) {
  auto not_an_object = [] {
    return tl::unexpected(diagnostic{diagnostic::severity::error, "SCHEMA_VALIDATION_FAILED",
                                     "Definition must be a valid JSON object", ""});
  };
  if (definition.find_first_not_of(" \t\r\n") == std::string_view::npos) return not_an_object();
  if (definition.size() > max_definition_bytes)
    return tl::unexpected(diagnostic{diagnostic::severity::error, "SCHEMA_VALIDATION_FAILED",
                                     fmt::format("Definition must not exceed {} bytes", max_definition_bytes), ""});
  auto v = json::parse(definition);
  if (!v) {
    auto fault = find_fault(definition);
    return tl::unexpected(diagnostic{diagnostic::severity::error, "INVALID_JSON_DESCRIPTION", fault.message,
                                     fault.location, fault.at.line, fault.at.column});
  }
  if (!v->is_object()) return not_an_object();
  return std::move(*v);
}

void place(std::vector<diagnostic>& found, std::string_view definition) {
  if (found.empty()) return;
  std::vector<std::string> locations;
  for (const auto& d : found) locations.push_back(d.location == "/" ? "" : d.location);
  auto places = locate(definition, locations);
  for (size_t i = 0; i < found.size(); ++i) {
    found[i].line = places[i].line;
    found[i].column = places[i].column;
  }
}

void variables_of(const state& s, std::set<std::string>& out) {
  auto path = [&](const std::shared_ptr<const path_expression>& p) {
    if (p) p->variables(out);
  };
  path(s.input.path);
  path(s.output.path);
  auto number = [&](const number_field& f) {
    path(f.path);
    f.computed.variables(out);
  };
  for (const auto* t : {&s.parameters, &s.produced, &s.selector, &s.assign}) t->variables(out);
  for (const auto& c : s.catches)
    for (const auto* t : {&c.assign, &c.output}) t->variables(out);
  if (auto* f = std::get_if<task_fields>(&s.fields)) {
    number(f->timeout_s);
    number(f->heartbeat_s);
    f->credentials.variables(out);
  } else if (auto* f = std::get_if<choice_fields>(&s.fields)) {
    for (const auto& r : f->rules) {
      if (r.when) r.when->variables(out);
      for (const auto* t : {&r.test, &r.assign, &r.output}) t->variables(out);
    }
  } else if (auto* f = std::get_if<wait_fields>(&s.fields)) {
    path(f->seconds_path);
    path(f->until_path);
    for (const auto* t : {&f->computed_seconds, &f->computed_until}) t->variables(out);
  } else if (auto* f = std::get_if<fail_fields>(&s.fields)) {
    if (f->error_path) f->error_path->variables(out);
    if (f->cause_path) f->cause_path->variables(out);
    for (const auto* t : {&f->computed_error, &f->computed_cause}) t->variables(out);
  } else if (auto* f = std::get_if<map_fields>(&s.fields)) {
    path(f->items.path);
    f->listed.variables(out);
    number(f->max_concurrency);
    f->selector.variables(out);
    if (!f->distributed) return;
    const auto& d = *f->distributed;
    for (const auto* n : {&d.max_items, &d.batch_items, &d.batch_bytes, &d.tolerated_count}) number(*n);
    path(d.tolerated_percentage.path);
    for (const auto* t : {&d.reader.arguments, &d.writer.arguments, &d.batch_input, &d.tolerated_percentage.computed})
      t->variables(out);
  }
}

}  // namespace

program::program(std::unique_ptr<const body> b) : body_(std::move(b)) {}
program::~program() = default;

size_t program::states() const { return body_->states.size(); }
std::string_view program::state_name(state_index i) const { return body_->states[i].name; }

std::vector<std::string> program::task_resources() const {
  std::vector<std::string> out;
  for (const auto& s : body_->states)
    if (auto* f = std::get_if<task_fields>(&s.fields)) out.push_back(f->what.resource);
  return out;
}

json::value program::variable_references() const {
  json::object out;
  for (const auto& s : body_->states) {
    std::set<std::string> names;
    variables_of(s, names);
    if (names.empty()) continue;
    json::array list;
    for (const auto& n : names) list.emplace_back(json::string(n));
    out[s.name] = std::move(list);
  }
  if (out.empty()) return nullptr;
  return out;
}

base::result<std::shared_ptr<const program>, std::vector<diagnostic>> compile(std::string_view definition,
                                                                              const compile_options& options) {
  auto tree = parse(definition);
  if (!tree) return tl::unexpected(std::vector{std::move(tree).error()});
  builder b{options};
  b.read(*tree);
  if (!b.problems.empty()) {
    place(b.problems, definition);
    return tl::unexpected(std::move(b.problems));
  }
  return std::make_shared<const program>(std::make_unique<program::body>(std::move(b.body)));
}

std::vector<diagnostic> validate(std::string_view definition, const compile_options& options) {
  auto tree = parse(definition);
  if (!tree) return {std::move(tree).error()};
  builder b{options};
  b.read(*tree);
  place(b.problems, definition);
  return std::move(b.problems);
}

std::string refusal(const std::vector<diagnostic>& found) {
  std::vector<std::string> parts;
  for (const auto& d : found)
    parts.push_back(fmt::format("{}: {} at {}", d.code, d.message, d.location.empty() ? "null" : d.location));
  return fmt::format("Invalid State Machine Definition: '{}'", fmt::join(parts, ", "));
}

}  // namespace mdlc::asl
