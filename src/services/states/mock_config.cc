#include "services/states/mock_config.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

namespace mdlc::services::states {
namespace {

using result = base::result<void>;

struct range {
  int64_t first = 0, last = 0;
};

std::optional<int64_t> read_number(std::string_view digits) {
  int64_t n = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (error != std::errc{} || end != digits.data() + digits.size() || n < 0) return {};
  return n;
}

// "3", "1-2"
std::optional<range> read_range(std::string_view text) {
  auto dash = text.find('-');
  auto first = read_number(text.substr(0, dash));
  auto last = dash == text.npos ? first : read_number(text.substr(dash + 1));
  if (!first || !last || *last < *first) return {};
  return range{*first, *last};
}

base::result<const json::object*> object_at(const json::value* v, std::string_view where) {
  if (!v) return base::fail(fmt::format("{} is missing", where));
  if (!v->is_object()) return base::fail(fmt::format("{} must be an object", where));
  return &v->get_object();
}

std::string at(std::string_view where, const json::object::value_type& member) {
  return fmt::format("{}.{}", where, std::string_view{member.key()});
}

result check_throw(const json::value& v, const std::string& where) {
  MDLC_TRY(const auto* thrown, object_at(&v, where));
  const auto* error = json::find(*thrown, "Error");
  if (!error || !error->is_string()) return base::fail(fmt::format("{}.Error must be a string", where));
  const auto* cause = json::find(*thrown, "Cause");
  if (cause && !cause->is_string()) return base::fail(fmt::format("{}.Cause must be a string", where));
  return {};
}

result check_answer(const json::value& v, const std::string& where) {
  MDLC_TRY(const auto* answer, object_at(&v, where));
  const auto* thrown = json::find(*answer, "Throw");
  if (answer->size() != 1 || (!thrown && !json::find(*answer, "Return")))
    return base::fail(fmt::format("{} must have either Return or Throw", where));
  return thrown ? check_throw(*thrown, where + ".Throw") : result{};
}

result check_response(const json::value& v, const std::string& where) {
  MDLC_TRY(const auto* response, object_at(&v, where));
  std::vector<range> seen;
  for (const auto& member : *response) {
    auto numbers = read_range(member.key());
    if (!numbers)
      return base::fail(
          fmt::format("{} must be the number of an invocation, as 0, or a range of them, as 1-2", at(where, member)));
    seen.push_back(*numbers);
    MDLC_CHECK(check_answer(member.value(), at(where, member)));
  }
  std::sort(seen.begin(), seen.end(), [](const range& a, const range& b) { return a.first < b.first; });
  for (size_t i = 1; i < seen.size(); ++i)
    if (seen[i].first <= seen[i - 1].last)
      return base::fail(fmt::format("{} answers invocation {} twice", where, seen[i].first));
  return {};
}

result check_case(const json::value& v, const json::object& responses, const std::string& where) {
  MDLC_TRY(const auto* states, object_at(&v, where));
  for (const auto& member : *states) {
    if (!member.value().is_string()) return base::fail(fmt::format("{} must be a string", at(where, member)));
    auto response = json::view(member.value().get_string());
    if (!json::find(responses, response))
      return base::fail(fmt::format("{} names '{}', which is not in MockedResponses", at(where, member), response));
  }
  return {};
}

result check(const json::value& tree) {
  MDLC_TRY([[maybe_unused]] const auto* all, object_at(&tree, "the file"));
  MDLC_TRY(const auto* responses, object_at(json::find(tree, "MockedResponses"), "MockedResponses"));
  for (const auto& member : *responses) MDLC_CHECK(check_response(member.value(), at("MockedResponses", member)));
  MDLC_TRY(const auto* machines, object_at(json::find(tree, "StateMachines"), "StateMachines"));
  for (const auto& machine : *machines) {
    auto where = at("StateMachines", machine) + ".TestCases";
    MDLC_TRY(const auto* cases, object_at(json::find(machine.value(), "TestCases"), where));
    for (const auto& one : *cases) MDLC_CHECK(check_case(one.value(), *responses, at(where, one)));
  }
  return {};
}

tl::unexpected<api::error> refuse(std::string message) {
  return api::refuse("ValidationException", std::move(message));
}

const char* file_name() {
  const char* file = std::getenv(mock_config_variable);
  return file && *file ? file : nullptr;
}

}  // namespace

base::result<mock_config> mock_config::parse(std::string_view text) {
  if (text.size() > mock_config_bytes_max)
    return base::fail(fmt::format("it has more than {} bytes", mock_config_bytes_max));
  MDLC_TRY(auto tree, json::parse(text));
  MDLC_CHECK(check(tree));
  return mock_config{std::move(tree)};
}

base::result<mock_config> mock_config::read(const sys::path& file) {
  MDLC_TRY(auto text, sys::read_file(file));
  return parse(text);
}

api::answer<json::object> mock_config::test_case(std::string_view machine, std::string_view name) const {
  const auto* found = json::find(tree_.at("StateMachines"), machine);
  if (!found) return refuse(fmt::format("The mock configuration has no state machine '{}'", machine));
  const auto* states = json::find(found->at("TestCases"), name);
  if (!states)
    return refuse(fmt::format("The mock configuration's state machine '{}' has no test case '{}'", machine, name));
  json::object out;
  for (const auto& member : states->get_object())
    out[member.key()] = tree_.at("MockedResponses").at(member.value().get_string());
  return out;
}

machine_and_case split_case(std::string_view arn) {
  auto mark = arn.find('#');
  if (mark == arn.npos) return {std::string{arn}, {}};
  return {std::string{arn.substr(0, mark)}, std::string{arn.substr(mark + 1)}};
}

api::answer<json::object> read_case(std::string_view machine, std::string_view name) {
  const char* file = file_name();
  if (!file)
    return refuse(
        fmt::format("Test case '{}' is not known: the server was started without a mock configuration "
                    "({})",
                    name, mock_config_variable));
  auto config = mock_config::read(file);
  if (!config) return refuse(fmt::format("The mock configuration cannot be used: {}", config.error().message));
  return config->test_case(machine, name);
}

base::result<void> check_mock_config() {
  const char* file = file_name();
  if (!file) return {};
  auto config = mock_config::read(file);
  if (!config)
    return base::fail(
        fmt::format("The mock configuration {} ({}): {}", file, mock_config_variable, config.error().message));
  return {};
}

void mocked_tasks::fold(const asl::record& r) {
  if (states_.empty()) return;
  switch (r.kind) {
    case asl::record_kind::entered:
      mocked_frames_.erase(r.frame);
      if (json::find(states_, r.name)) mocked_frames_[r.frame] = r.name;
      return;
    case asl::record_kind::exited:
      mocked_frames_.erase(r.frame);
      return;
    case asl::record_kind::command_opened:
      // A map run is a Map state's, and no call.
      if (r.more->command->kind == asl::task_kind::map_run) return;
      if (auto in = mocked_frames_.find(r.frame); in != mocked_frames_.end()) open_[r.command] = invoke(in->second);
      return;
    case asl::record_kind::command_ended:
      open_.erase(r.command);
      return;
    default:
      return;
  }
}

json::value mocked_tasks::invoke(const std::string& state) {
  auto number = invocations_[state]++;
  for (const auto& member : states_.at(state).as_object()) {
    auto numbers = read_range(member.key());
    if (numbers && numbers->first <= number && number <= numbers->last) return member.value();
  }
  // Not to be retried, nor caught: the file lacks something, the machine does not.
  return {{"Throw",
           {{"Error", "States.Runtime"},
            {"Cause",
             fmt::format("The mock configuration has no response for invocation {} of state '{}'", number, state)}}}};
}

const json::value* mocked_tasks::answer_to(const asl::command_id& id) const {
  auto found = open_.find(id);
  return found == open_.end() ? nullptr : &found->second;
}

}  // namespace mdlc::services::states
