// Reads a definition: finds what is wrong with it, and builds the program as it goes.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "asl/program.h"
#include "asl/program_body.h"

namespace mdlc::asl {

// Parallel and Map inside each other, at most.
inline constexpr int max_machine_depth = 50;
inline constexpr size_t max_state_name = 80;

enum class query_language { jsonpath, jsonata };

class builder {
 public:
  explicit builder(const compile_options& o) : options_(o) {}

  void read(const json::value& definition);

  std::vector<diagnostic> problems;
  program::body body;

 private:
  struct target {
    std::string name;
    std::string at;
    state_index from;  // no_state: StartAt
    std::function<void(state_index)> set;
  };
  // One machine: the top one, a branch, an item processor.
  struct machine {
    std::map<std::string, state_index, std::less<>> names;
    std::vector<std::pair<std::string, state_index>> order;
    std::vector<target> targets;
    std::string at;  // "" or "/States/P/Branches[0]"
  };

  // -- builder.cc
  void problem(std::string message, std::string at, std::string code = "SCHEMA_VALIDATION_FAILED");
  void required(const json::value&, std::string_view at, std::initializer_list<std::string_view> names);
  state_index machine_at(const json::value&, std::string at, query_language inherited, int depth,
                         std::initializer_list<std::string_view> fields);
  void connect(machine&);
  query_language language(const json::value&, const std::string& at, query_language inherited, bool is_state);
  void state_at(machine&, const std::string& name, const json::value&, query_language inherited, int depth);
  void fields_allowed(state_type, const json::value&, query_language, const std::string& at);
  state& now(state_index i) { return body.states[i]; }
  bool is_terminal(state_index) const;

  // -- read_fields.cc: each looks for one member and says what is wrong with it
  const json::value* member(const json::value&, std::string_view name);
  std::optional<std::string> text(const json::value&, std::string_view name, const std::string& at);
  std::optional<bool> flag(const json::value&, std::string_view name, const std::string& at);
  std::optional<int64_t> whole(const json::value&, std::string_view name, const std::string& at, int64_t least,
                               int64_t most);
  path_field path(const json::value&, std::string_view name, const std::string& at);
  result_path where(const json::value&, std::string_view name, const std::string& at);
  std::shared_ptr<const path_expression> reference(const json::value&, std::string_view name, const std::string& at);
  std::shared_ptr<const expression> computed(const json::value&, std::string_view name, const std::string& at);
  payload_template filled(const json::value&, std::string_view name, const std::string& at);
  number_field number(const json::value&, std::string_view name, const std::string& at, int64_t least, query_language);
  std::vector<std::string> errors(const json::value&, const std::string& at);
  void transition(machine&, state_index, const json::value&, const std::string& at);
  void retries(state_index, const json::value&, const std::string& at);
  void catches(machine&, state_index, const json::value&, query_language, const std::string& at);
  // A value in JSONata; `location` is how messages call the field: "Choices[0]/Output".
  payload_template query(const json::value&, std::string_view name, const std::string& location, const std::string& at);
  payload_template query(const json::value&, std::string_view name, const std::string& at);

  // -- read_states.cc
  void read_io(state_index, const json::value&, query_language, const std::string& at);
  void read_task(state_index, const json::value&, query_language, const std::string& at);
  void read_resource(task&, std::string_view arn, const std::string& at);
  void read_choice(machine&, state_index, const json::value&, query_language, const std::string& at);
  void read_wait(state_index, const json::value&, query_language, const std::string& at);
  void read_fail(state_index, const json::value&, query_language, const std::string& at);
  void read_parallel(state_index, const json::value&, query_language, const std::string& at, int depth);
  void read_map(state_index, const json::value&, query_language inherited, query_language spoken, const std::string& at,
                int depth);

  // -- read_distributed.cc
  std::shared_ptr<const distributed_fields> read_distributed(const json::value& map, const json::value& config,
                                                             query_language, const std::string& at,
                                                             const std::string& config_at);
  void read_reader(distributed_fields&, const json::value&, query_language, const std::string& at);
  void read_batcher(distributed_fields&, const json::value&, query_language, const std::string& at);
  void read_writer(distributed_fields&, const json::value&, query_language, const std::string& at);
  void read_tolerance(distributed_fields&, const json::value&, query_language, const std::string& at);
  map_resource read_resource_of(const json::value&, std::string_view config, query_language, const std::string& at);

  const compile_options& options_;
  query_language top_ = query_language::jsonpath;
  std::set<std::string, std::less<>> all_names_;
};

}  // namespace mdlc::asl
