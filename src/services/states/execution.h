// Executions as rows, and what a machine's ARN means to one that is started.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "services/states/machine.h"
#include "store/journal.h"

namespace mdlc::services::states {

class service;

struct execution_row {
  base::scope scope;
  std::string machine_name, name, uid, arn;
  std::string machine, revision;
  std::optional<std::string> version_arn, alias_arn, trace;
  std::string input;
  base::time_point started;
  std::string status;
  std::optional<base::time_point> stopped;
  std::optional<std::string> output, error, cause;
  std::optional<std::string> map_run;  // a child's: its ARN
  std::optional<int64_t> items;        // and how many it was given
  int64_t redrives = 0;
  std::optional<base::time_point> redriven;  // when last
  std::optional<std::string> redrive_token;
  store::sequence last = 0;  // 0 while it runs
  int64_t id = 0;

  bool is_express() const { return arn.find(":express:") != arn.npos; }
  std::string machine_uid() const { return machine.substr(0, machine.find('/')); }  // of a child: its parent's

  std::string machine_arn() const;  // without qualifier
};

// Refuse InvalidArn and ExecutionDoesNotExist.
api::answer<execution_row> need_execution(store::reader&, const std::string& arn);
std::optional<execution_row> find_execution(store::reader&, const std::string& arn);
void insert_execution(store::transaction&, const execution_row&);
// `filter` is SQL over the table's columns; rows with an id below `before`, newest first.
std::vector<execution_row> query_executions(store::reader&, const std::string& machine_uid, int64_t before,
                                            std::string_view status, const std::string& version_arn,
                                            const std::string& alias_arn, int64_t limit);
std::vector<execution_row> query_children(store::reader&, const std::string& map_run, int64_t before,
                                          std::string_view status, std::string_view redrives, int64_t limit);
// A map run's children in the order of their items, beyond the row `after`, until `visit` says false. `condition` is
// SQL over the table's columns.
void each_child(store::reader&, const std::string& map_run, std::string_view condition, int64_t after,
                const std::function<bool(const execution_row&)>& visit);

// AWS's bounds.
inline constexpr int64_t redrives_max = 1000;
inline constexpr auto redrivable_for = std::chrono::days{14};

// Why it cannot be redriven, in AWS's words; none where it can.
std::optional<std::string> why_not_redriven(const execution_row&, base::time_point now);

// What an ARN names: a machine's current revision, a version, or the version that an alias picks.
struct runnable {
  states::machine machine;
  std::string revision;
  std::optional<states::version> version;
  std::optional<std::string> version_arn, alias_arn;
};
// Refuses StateMachineDoesNotExist. An alias picks by its weights, with the service's chance.
api::answer<runnable> resolve(store::reader&, service&, const machine_arn&);

// Checks the input's words and size. Refuses InvalidExecutionInput.
inline constexpr size_t input_bytes_max = 262'144;
api::answer<void> check_input(const std::string& input);

// Inserts and begins an execution; the caller's unit must not fail after it.
struct start_request {
  runnable run;
  std::string name;
  std::string arn;
  std::string uid;
  std::string input;
  std::optional<std::string> trace;
  base::time_point now;
  json::object mocks;  // of a test case (mock_config.h)
};
api::answer<void> start(service&, store::transaction&, const start_request&);

}  // namespace mdlc::services::states
