#include "asl/builder.h"

namespace mdlc::asl {
namespace {

// Which fields a state may have: in both languages, and in one alone.
struct allowed {
  std::string_view type;
  std::vector<std::string_view> both, jsonpath, jsonata;
};

const std::vector<allowed>& table() {
  static const std::vector<allowed> all{
      {"Task",
       {"Resource", "Retry", "Catch", "TimeoutSeconds", "HeartbeatSeconds", "Credentials", "Assign", "Next", "End"},
       {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "TimeoutSecondsPath",
        "HeartbeatSecondsPath"},
       {"Arguments", "Output"}},
      {"Wait",
       {"Seconds", "Timestamp", "Assign", "Next", "End"},
       {"InputPath", "OutputPath", "SecondsPath", "TimestampPath"},
       {"Output"}},
      {"Pass",
       {"Assign", "Next", "End"},
       {"InputPath", "OutputPath", "ResultPath", "Parameters", "Result"},
       {"Output"}},
      {"Succeed", {}, {"InputPath", "OutputPath"}, {"Output"}},
      {"Fail", {"Error", "Cause"}, {"ErrorPath", "CausePath"}, {}},
      {"Choice", {"Choices", "Default", "Assign"}, {"InputPath", "OutputPath"}, {"Output"}},
      {"Parallel",
       {"Branches", "Retry", "Catch", "Assign", "Next", "End"},
       {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector"},
       {"Arguments", "Output"}},
      {"Map",
       {"ItemProcessor", "Iterator", "ItemSelector", "MaxConcurrency", "ItemReader", "ItemBatcher", "ResultWriter",
        "Label", "ToleratedFailureCount", "ToleratedFailurePercentage", "Retry", "Catch", "Assign", "Next", "End"},
       {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "ItemsPath", "MaxConcurrencyPath",
        "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"},
       {"Items", "Output"}},
  };
  return all;
}

std::optional<state_type> type_of(std::string_view name) {
  static const std::map<std::string_view, state_type> types{
      {"Pass", state_type::pass}, {"Task", state_type::task},         {"Choice", state_type::choice},
      {"Wait", state_type::wait}, {"Succeed", state_type::succeed},   {"Fail", state_type::fail},
      {"Map", state_type::map},   {"Parallel", state_type::parallel},
  };
  auto it = types.find(name);
  return it == types.end() ? std::nullopt : std::optional{it->second};
}

bool holds(const std::vector<std::string_view>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

void builder::problem(std::string message, std::string at, std::string code) {
  if (problems.size() > max_diagnostics) return;
  problems.push_back({diagnostic::severity::error, std::move(code), std::move(message), std::move(at)});
}

void builder::required(const json::value& v, std::string_view at, std::initializer_list<std::string_view> names) {
  std::vector<std::string_view> missing;
  for (auto n : names)
    if (!json::find(v, n)) missing.push_back(n);
  if (!missing.empty())
    problem(fmt::format("These fields are required: [{}]", fmt::join(missing, ", ")),
            at.empty() ? "/" : std::string{at});
}

void builder::read(const json::value& definition) {
  top_ = language(definition, "", query_language::jsonpath, false);
  body.timeout_s = whole(definition, "TimeoutSeconds", "", 1, 99'999'999);
  body.start = machine_at(definition, "", top_, 0,
                          {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"});
}

query_language builder::language(const json::value& v, const std::string& at, query_language inherited, bool is_state) {
  const auto* named = json::find(v, "QueryLanguage");
  if (!named) return inherited;
  auto name = named->is_string() ? json::view(named->get_string()) : std::string_view{};
  if (name != "JSONPath" && name != "JSONata")
    problem("The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]", at + "/QueryLanguage");
  if (is_state && name == "JSONPath" && top_ == query_language::jsonata) {
    problem("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", at);
    return query_language::jsonata;
  }
  return name == "JSONPath" ? query_language::jsonpath : query_language::jsonata;
}

state_index builder::machine_at(const json::value& v, std::string at, query_language inherited, int depth,
                                std::initializer_list<std::string_view> fields) {
  if (!v.is_object()) {
    problem("Expected value of type Object", at);
    return no_state;
  }
  if (depth > max_machine_depth) {
    problem("The state machine is nested too deeply", at);
    return no_state;
  }
  required(v, at, {"States", "StartAt"});
  for (const auto& [key, value] : v.get_object()) {
    std::string_view name{key.data(), key.size()};
    if (std::find(fields.begin(), fields.end(), name) == fields.end())
      problem(fmt::format("Field '{}' is not supported", name), at.empty() ? "/" : at);
  }
  machine m;
  m.at = at;
  auto start = no_state;
  if (auto named = text(v, "StartAt", at))
    m.targets.push_back({*named, at + "/StartAt", no_state, [&](state_index i) { start = i; }});
  if (const auto* states = json::find(v, "States")) {
    if (!states->is_object() || states->get_object().empty()) {
      problem("Expected a non-empty Object", at + "/States");
      return no_state;
    }
    // The top machine's at once: inside, room for one more at a time would move all of them each time.
    if (depth == 0) body.states.reserve(states->get_object().size());
    for (const auto& [key, value] : states->get_object())
      state_at(m, std::string{key.data(), key.size()}, value, inherited, depth);
  }
  if (problems.empty()) connect(m);
  return start;
}

bool builder::is_terminal(state_index i) const {
  const state& s = body.states[i];
  if (s.type == state_type::succeed || s.type == state_type::fail) return true;
  return s.type != state_type::choice && s.next == no_state;
}

void builder::connect(machine& m) {
  std::set<state_index> dangling;  // their Next names nobody: no ends
  for (auto& t : m.targets) {
    auto it = m.names.find(t.name);
    if (it != m.names.end()) {
      t.set(it->second);
    } else {
      problem(fmt::format("Missing 'Next' target: {}", t.name), t.at, "MISSING_TRANSITION_TARGET");
      if (t.from != no_state && t.at.ends_with("/Next") && !t.at.ends_with("]/Next")) dangling.insert(t.from);
    }
  }
  bool ends = std::any_of(m.order.begin(), m.order.end(),
                          [&](const auto& s) { return is_terminal(s.second) && !dangling.contains(s.second); });
  if (!ends) return problem("Workflow has no terminal state", "", "MISSING_END_STATE");
  std::set<state_index> reached;
  std::vector<state_index> open;
  auto reach = [&](const std::string& name) {
    auto it = m.names.find(name);
    if (it != m.names.end() && reached.insert(it->second).second) open.push_back(it->second);
  };
  std::multimap<state_index, const std::string*> ways;
  for (const auto& t : m.targets) ways.emplace(t.from, &t.name);
  auto follow = [&](state_index from) {
    auto [first, last] = ways.equal_range(from);
    for (auto it = first; it != last; ++it) reach(*it->second);
  };
  follow(no_state);
  if (open.empty()) return;
  while (!open.empty()) {
    auto from = open.back();
    open.pop_back();
    follow(from);
  }
  for (const auto& [name, index] : m.order)
    if (!reached.contains(index))
      problem(fmt::format("State \"{}\" is not reachable.", name), m.at + "/States/" + name,
              "MISSING_TRANSITION_TARGET");
}

void builder::fields_allowed(state_type, const json::value& v, query_language language, const std::string& at) {
  const auto& row =
      *std::find_if(table().begin(), table().end(), [&](const auto& r) { return r.type == json::text(v, "Type"); });
  bool jsonata = language == query_language::jsonata;
  for (const auto& [key, value] : v.get_object()) {
    std::string_view name{key.data(), key.size()};
    if (name == "Type" || name == "Comment" || name == "QueryLanguage" || holds(row.both, name)) continue;
    bool other = holds(jsonata ? row.jsonpath : row.jsonata, name);
    if (other)
      problem(
          fmt::format("The QueryLanguage is set to '{}', but field '{}' is only supported for the '{}' QueryLanguage",
                      jsonata ? "JSONata" : "JSONPath", name, jsonata ? "JSONPath" : "JSONata"),
          at);
    else if (!holds(jsonata ? row.jsonata : row.jsonpath, name))
      problem(fmt::format("Field '{}' is not supported", name), at);
  }
}

void builder::state_at(machine& m, const std::string& name, const json::value& v, query_language inherited, int depth) {
  std::string at = m.at + "/States/" + name;
  if (!v.is_object()) return problem("Expected value of type Object", at);
  if (name.size() > max_state_name)
    problem(fmt::format("State name must not exceed {} characters", max_state_name), at);
  if (!all_names_.insert(name).second)
    problem(fmt::format("Duplicate state name: {}", name), at, "DUPLICATE_STATE_NAME");
  const auto* named = json::find(v, "Type");
  if (!named) return required(v, at, {"Type"});
  auto type = named->is_string() ? type_of(json::view(named->get_string())) : std::nullopt;
  if (!type)
    return problem(
        "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]",
        at + "/Type");
  auto index = static_cast<state_index>(body.states.size());
  body.states.emplace_back();
  now(index).name = name;
  now(index).type = *type;
  m.names[name] = index;
  m.order.emplace_back(name, index);
  auto spoken = language(v, at, inherited, true);
  fields_allowed(*type, v, spoken, at);
  // The top machine's language is the one that nested states inherit, not that of the Map or Parallel around them.
  now(index).speaks_jsonata = spoken == query_language::jsonata;
  read_io(index, v, spoken, at);
  if (*type != state_type::choice && *type != state_type::succeed && *type != state_type::fail)
    transition(m, index, v, at);
  switch (*type) {
    case state_type::task:
      read_task(index, v, spoken, at);
      break;
    case state_type::choice:
      read_choice(m, index, v, spoken, at);
      break;
    case state_type::wait:
      read_wait(index, v, spoken, at);
      break;
    case state_type::fail:
      read_fail(index, v, spoken, at);
      break;
    case state_type::parallel:
      read_parallel(index, v, inherited, at, depth);
      break;
    case state_type::map:
      read_map(index, v, inherited, spoken, at, depth);
      break;
    case state_type::pass:
    case state_type::succeed:
      break;
  }
  if (*type == state_type::task || *type == state_type::parallel || *type == state_type::map) {
    retries(index, v, at);
    catches(m, index, v, spoken, at);
  }
}

}  // namespace mdlc::asl
