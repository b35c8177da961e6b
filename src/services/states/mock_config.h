// Mocked service integrations by file, as Step Functions Local has them: the environment's SFN_MOCK_CONFIG names a file
//   {"StateMachines": {NAME: {"TestCases": {CASE: {STATE: RESPONSE}}}},
//    "MockedResponses": {RESPONSE: {"0": {"Return": …}, "1-2": {"Throw": {"Error": …, "Cause": …}}}}}
// and an execution that is started on the ARN …:stateMachine:NAME#CASE has the case's answers instead of calls.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/error.h"
#include "asl/record.h"
#include "json/value.h"
#include "sys/files.h"

namespace mdlc::services::states {

inline constexpr const char* mock_config_variable = "SFN_MOCK_CONFIG";
inline constexpr size_t mock_config_bytes_max = 1024 * 1024;

class mock_config {
 public:
  // Errors, for whoever wrote the file, say what is wrong and at which member.
  static base::result<mock_config> parse(std::string_view text);
  static base::result<mock_config> read(const sys::path&);

  // What the case's states answer: {STATE: {"0": …, "1-2": …}}. Refuses ValidationException.
  api::answer<json::object> test_case(std::string_view machine, std::string_view name) const;

 private:
  explicit mock_config(json::value tree) : tree_(std::move(tree)) {}
  json::value tree_;
};

// …:stateMachine:NAME#CASE in its two parts; an ARN without '#' has no case.
struct machine_and_case {
  std::string arn;
  std::optional<std::string> test_case;
};
machine_and_case split_case(std::string_view arn);

// A case of the file that the variable names, which is read anew. Refuses ValidationException.
api::answer<json::object> read_case(std::string_view machine, std::string_view name);

// Where the variable names a file that cannot be used: why.
base::result<void> check_mock_config();

// Which tasks of an execution are mocked, and how they are answered: a fold of its records, so that it is the same
// after a restart. A state's invocations are counted over the whole execution, be they retries, rounds of a loop or
// iterations of a Map, as Step Functions Local counts them.
class mocked_tasks {
 public:
  explicit mocked_tasks(json::object states = {}) : states_(std::move(states)) {}

  const json::object& states() const { return states_; }
  // REQUIRES: all records, in their order.
  void fold(const asl::record&);
  // {"Return": …} or {"Throw": {"Error", "Cause"}} for a task that is open and mocked; null for others.
  const json::value* answer_to(const asl::command_id&) const;

 private:
  json::value invoke(const std::string& state);

  json::object states_;
  std::map<asl::frame_id, std::string> mocked_frames_;  // that are in a mocked state: its name
  std::map<std::string, int64_t> invocations_;          // so far, by state
  std::map<asl::command_id, json::value> open_;
};

}  // namespace mdlc::services::states
