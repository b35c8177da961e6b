// The rows of stacks: what the API shows, and what the next operation begins from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/cloudformation/operation.h"
#include "store/database.h"

namespace mdlc::services::cloudformation {

inline constexpr size_t max_stack_name_length = 128;

std::span<const store::migration> schema();

// How a stack stands at the end of an operation.
struct ending {
  std::string aftermath;              // JSON, or empty for a stable one
  std::vector<item> items;            // what there is
  bool keeps_rows = false;            // of resources that are not there
  const revision* current = nullptr;  // null: as it was
  std::string description;            // of its template
  json::value outputs;                // null: as they were
  json::object tags;
  std::optional<std::set<std::string>> imports;  // nothing: as they were
};

// Writes a stack's rows inside a unit of work.
class stack_rows {
 public:
  stack_rows(store::transaction& t, const stack_identity& stack) : t_(t), stack_(stack) {}

  void add_event(const std::string& logical_id, const std::string& physical_id, const std::string& type,
                 const std::string& status, const std::string& reason, const json::object& properties,
                 const std::string& token, base::time_point);
  void set_status(const std::string& status, const std::string& reason, base::time_point);
  void put_resource(const item&, const std::string& status, const std::string& reason, base::time_point);
  void end_resource(const std::string& logical_id, const std::string& status, const std::string& reason,
                    base::time_point);
  void finish(const ending&);
  // It is deleted: exports, imports and change sets go with it.
  void forget_stack();

 private:
  store::transaction& t_;
  const stack_identity& stack_;
};

struct stack {
  stack_identity identity;
  std::string status, status_reason, description;
  revision current;
  json::value outputs;
  json::value capabilities;
  std::string operation;  // uid of the newest
  std::string role;
  bool protected_from_deletion = false;
  bool disable_rollback = false;
  std::optional<int64_t> timeout_minutes;
  std::string change_set;  // ARN of the last that was executed
  std::optional<cloudformation::aftermath> aftermath;
  base::time_point created{};
  std::optional<base::time_point> updated, deleted;
};

// By name (of one that is not deleted) or by ARN (deleted ones too).
std::optional<stack> find_stack(store::reader&, const base::scope&, std::string_view name_or_id);
// Newest first. `deleted` with those that are gone.
std::vector<stack> list_stacks(store::reader&, const base::scope&, bool deleted);
void insert_stack(store::transaction&, const stack&);
// What was under review is to be made: its template, parameters and description.
void replace_review(store::transaction&, const stack&);
// A new operation begins on it: status, what is asked for, and whose operation it is.
void begin_operation(store::transaction&, const stack&, const std::string& status, const std::string& uid,
                     const std::string& token, base::time_point);

struct resource_row {
  item what;
  std::string status, reason;
  base::time_point updated;
};
std::vector<resource_row> resources_of(store::reader&, const stack_identity&);

struct export_row {
  std::string name, stack_id, value;
};
std::vector<export_row> exports(store::reader&, const base::scope&);
// Names of stacks that import it.
std::vector<std::string> importers(store::reader&, const base::scope&, std::string_view export_name);
// Makes the stack's exports those of `outputs` and no others, or refuses in AWS's words and changes nothing: a name
// that is another stack's, an export that is in use and would go or change. The same again is the same.
api::answer<void> claim_exports(store::transaction&, const base::scope&, const std::string& stack_id,
                                const json::value& outputs);
// Remembers that the stack uses these exports.
void note_imports(store::transaction&, const stack_identity&, const std::set<std::string>& names);

// AWS's: "Stack with id X does not exist"; most operations say "Stack [X] does not exist".
tl::unexpected<api::error> no_such_stack(std::string_view name);
tl::unexpected<api::error> stack_does_not_exist(std::string_view name);
// Nothing, or what is wrong with a new stack's name.
std::optional<api::error> wrong_stack_name(const std::string& name);

}  // namespace mdlc::services::cloudformation
