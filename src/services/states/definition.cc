#include "services/states/definition.h"

#include <fmt/format.h>

#include "services/states/integrations/sdk_form.h"

namespace mdlc::services::states {
namespace {

using asl::diagnostic;

class parameter_check {
 public:
  parameter_check(const integrations::catalogue& c, std::vector<diagnostic>& out) : catalogue_(c), out_(out) {}

  void states(const json::value& machine, const std::string& at) {
    auto* all = json::find(machine, "States");
    if (!all || !all->is_object()) return;
    for (const auto& [name, state] : all->get_object())
      one(state, fmt::format("{}/States/{}", at, std::string_view{name}));
  }

 private:
  void one(const json::value& state, const std::string& at) {
    for (std::string_view inner : {"Iterator", "ItemProcessor"})
      if (auto* machine = json::find(state, inner)) states(*machine, fmt::format("{}/{}", at, inner));
    if (auto* branches = json::find(state, "Branches"); branches && branches->is_array()) {
      size_t n = 0;
      for (const auto& b : branches->get_array()) states(b, fmt::format("{}/Branches[{}]", at, n++));
    }
    if (json::text(state, "Type") == "Task") task(state, at);
  }

  void task(const json::value& state, const std::string& at) {
    auto t = integrations::catalogue::task_of_resource(json::text(state, "Resource"));
    auto* integration = catalogue_.find(t);
    auto* shape = integration ? integration->input_shape(t) : nullptr;
    if (!shape) return;
    for (std::string_view field : {"Parameters", "Arguments"}) {
      auto* given = json::find(state, field);
      if (!given) continue;
      std::vector<std::string> unknown;
      integrations::find_unknown(*shape, *given, unknown);
      for (const auto& name : unknown)
        out_.push_back({.code = "SCHEMA_VALIDATION_FAILED",
                        .message = fmt::format("The field \"{}\" is not supported by Step Functions", name),
                        .location = fmt::format("{}/{}", at, field)});
    }
  }

  const integrations::catalogue& catalogue_;
  std::vector<diagnostic>& out_;
};

}  // namespace

asl::machine_type machine_type_of(std::string_view type) {
  return type == "EXPRESS" ? asl::machine_type::express : asl::machine_type::standard;
}

std::vector<diagnostic> examine(const integrations::catalogue& c, std::string_view definition, asl::machine_type type) {
  auto found = asl::validate(definition, {.type = type});
  for (const auto& d : found)
    if (d.level == diagnostic::severity::error) return found;
  std::vector<diagnostic> ours;
  if (auto tree = json::parse(definition)) parameter_check{c, ours}.states(*tree, "");
  found.insert(found.begin(), ours.begin(), ours.end());
  return found;
}

api::answer<void> check_definition(const integrations::catalogue& c, std::string_view definition,
                                   asl::machine_type type) {
  auto found = examine(c, definition, type);
  std::erase_if(found, [](const diagnostic& d) { return d.level != diagnostic::severity::error; });
  if (!found.empty()) return api::refuse("InvalidDefinition", asl::refusal(found));
  // Sound, and yet nothing that can be run here: better said now than when it is started.
  auto compiled = asl::compile(definition, {.type = type});
  if (!compiled) return api::refuse("InvalidDefinition", asl::refusal(compiled.error()));
  return {};
}

}  // namespace mdlc::services::states
