// The compiled form of a definition. For the interpreter alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "asl/choice.h"
#include "asl/expression.h"
#include "asl/payload_template.h"
#include "asl/program.h"
#include "asl/record.h"

namespace mdlc::asl {

enum class state_type : uint8_t { pass, task, choice, wait, succeed, fail, parallel, map };

// InputPath, OutputPath, ItemsPath. Null in the definition: discards.
struct path_field {
  std::shared_ptr<const path_expression> path;  // null: `$`
  bool discards = false;
};

// Where a result goes: ResultPath. Null in the definition: nowhere.
struct result_path {
  std::shared_ptr<const expr::jsonpath::path> path;  // null: `$`
  bool discards = false;
};

// A number that is either written down, read by a …Path, or a JSONata expression's.
struct number_field {
  std::optional<int64_t> literal;
  std::shared_ptr<const path_expression> path;
  payload_template computed;
};

struct retrier {
  std::vector<std::string> errors;
  double interval_s = 1;
  int64_t max_attempts = 3;
  double backoff_rate = 2;
  std::optional<double> max_delay_s;
  bool full_jitter = false;
};

struct catcher {
  std::vector<std::string> errors;
  state_index next = no_state;
  result_path result;
  payload_template assign;
  payload_template output;  // JSONata; none: the error itself
};

struct task_fields {
  task what;  // kind, pattern, resource and its parts
  number_field timeout_s, heartbeat_s;
  payload_template credentials;
};

struct choice_fields {
  struct rule {
    std::shared_ptr<const condition> when;
    payload_template test;  // JSONata's Condition
    state_index next = no_state;
    payload_template assign;
    payload_template output;  // JSONata; none: the state's
  };
  std::vector<rule> rules;
  state_index otherwise = no_state;
};

struct wait_fields {
  std::optional<int64_t> seconds;
  std::optional<base::time_point> until;
  std::shared_ptr<const path_expression> seconds_path, until_path;
  payload_template computed_seconds, computed_until;  // JSONata
};

struct fail_fields {
  failure why;
  std::shared_ptr<const expression> error_path, cause_path;
  payload_template computed_error, computed_cause;  // JSONata
};

struct parallel_fields {
  std::vector<state_index> branches;  // where each starts
};

// What a number between 0 and 100 is: literal, read by a path, or computed.
struct percentage_field {
  std::optional<double> literal;
  std::shared_ptr<const path_expression> path;
  payload_template computed;
};

// An integration that a Map reads its items from or writes its results to.
struct map_resource {
  std::string action;  // "s3:getObject"; empty: none
  payload_template arguments;
  json::value config;  // ReaderConfig or WriterConfig, as written; null: none
};

// What only a Map in distributed mode has.
struct distributed_fields {
  bool express = false;  // what its children are
  std::string label;     // empty: one is made up
  map_resource reader, writer;
  number_field max_items;
  bool batches = false;
  number_field batch_items, batch_bytes;
  payload_template batch_input;
  number_field tolerated_count;
  percentage_field tolerated_percentage;
};

struct map_fields {
  state_index start = no_state;
  path_field items;
  payload_template listed;    // JSONata's Items
  payload_template selector;  // ItemSelector; a legacy Map's Parameters too
  number_field max_concurrency;
  std::shared_ptr<const distributed_fields> distributed;  // null: inline
};

struct state {
  std::string name;
  state_type type = state_type::pass;
  state_index next = no_state;  // no_state: End, or Succeed

  bool speaks_jsonata = false;
  path_field input, output;
  payload_template parameters;  // of Pass, Task, Parallel; JSONata's Arguments
  payload_template produced;    // JSONata's Output
  payload_template selector;    // ResultSelector
  result_path result;
  payload_template assign;
  document constant;  // Pass: Result
  std::vector<retrier> retries;
  std::vector<catcher> catches;

  std::variant<std::monostate, task_fields, choice_fields, wait_fields, fail_fields, parallel_fields, map_fields>
      fields;
};

struct program::body {
  std::vector<state> states;
  state_index start = no_state;
  std::optional<int64_t> timeout_s;
};

}  // namespace mdlc::asl
