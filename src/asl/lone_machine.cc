#include "asl/lone_machine.h"

#include <vector>

namespace mdlc::asl {
namespace {

constexpr std::string_view processors[] = {"ItemProcessor", "Iterator"};

// Calls `visit(name, state)` for each state of a machine and of those inside it, until it answers true.
template <class F>
bool visit_states(const json::value& machine, const F& visit);

template <class F>
bool visit_inner(const json::value& state, const F& visit) {
  for (auto field : processors)
    if (const auto* inner = json::find(state, field))
      if (visit_states(*inner, visit)) return true;
  const auto* branches = json::find(state, "Branches");
  if (!branches || !branches->is_array()) return false;
  for (const auto& branch : branches->get_array())
    if (visit_states(branch, visit)) return true;
  return false;
}

template <class F>
bool visit_states(const json::value& machine, const F& visit) {
  const auto* states = json::find(machine, "States");
  if (!states || !states->is_object()) return false;
  for (const auto& [key, state] : states->get_object())
    if (visit(std::string_view{key.data(), key.size()}, state) || visit_inner(state, visit)) return true;
  return false;
}

void add_targets(const json::value& v, std::initializer_list<std::string_view> fields, std::vector<std::string>& out) {
  for (auto field : fields)
    if (auto to = json::text(v, field); !to.empty()) out.emplace_back(to);
}

std::vector<std::string> targets_of(const json::value& state) {
  std::vector<std::string> out;
  add_targets(state, {"Next", "Default"}, out);
  for (std::string_view list : {"Choices", "Catch"}) {
    const auto* rules = json::find(state, list);
    if (!rules || !rules->is_array()) continue;
    for (const auto& rule : rules->get_array()) add_targets(rule, {"Next"}, out);
  }
  return out;
}

// What stands where the tested state goes to: the test ends before.
json::value end_state() { return {{"Type", "Succeed"}}; }

json::value shortest_machine() { return {{"StartAt", "inside"}, {"States", {{"inside", end_state()}}}}; }

// Without what is never run, and what lone_state works out from the definition itself.
json::object bare(const json::object& state) {
  json::object out = state;
  for (std::string_view field :
       {"ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailureCount", "ToleratedFailureCountPath",
        "ToleratedFailurePercentage", "ToleratedFailurePercentagePath"})
    out.erase(field);
  for (auto field : processors)
    if (auto* found = out.if_contains(field)) *found = shortest_machine();
  if (auto* branches = out.if_contains("Branches")) *branches = json::array{shortest_machine()};
  return out;
}

}  // namespace

bool lone_definition::speaks_jsonata() const {
  auto own = json::text(state, "QueryLanguage");
  return own.empty() ? in_jsonata : own == "JSONata";
}

bool lone_definition::contains(std::string_view state_name) const {
  return visit_inner(state, [&](std::string_view name, const json::value&) { return name == state_name; });
}

std::string lone_definition::machine(bool whole) const {
  json::object states;
  states[lone_state_name] = whole || !state.is_object() ? state : json::value(bare(state.get_object()));
  for (const auto& to : targets_of(state))
    if (to != lone_state_name) states[to] = end_state();
  json::object out{{"StartAt", lone_state_name}, {"States", std::move(states)}};
  if (in_jsonata) out["QueryLanguage"] = "JSONata";
  return json::print(out);
}

lone_definition lone_definition_of(json::value state) { return {std::move(state), false}; }

std::optional<lone_definition> find_lone_state(const json::value& machine, std::string_view name) {
  std::optional<lone_definition> out;
  visit_states(machine, [&](std::string_view here, const json::value& state) {
    if (here != name) return false;
    out = lone_definition{state, json::text(machine, "QueryLanguage") == "JSONata"};
    return true;
  });
  return out;
}

}  // namespace mdlc::asl
