// The rows of stacks: what the API shows, and what the next operation begins from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/cloudformation/operation.h"
#include "store/database.h"

namespace mdlc::services::cloudformation {

std::span<const store::migration> schema();

// Writes a stack's rows inside a unit of work.
class stack_rows {
 public:
  stack_rows(store::transaction& t, const stack_identity& stack) : t_(t), stack_(stack) {}

  void add_event(const std::string& logical_id, const std::string& physical_id, const std::string& type,
                 const std::string& status, const std::string& reason, const json::object& properties,
                 const std::string& token, base::time_point);
  void set_status(const std::string& status, const std::string& reason, base::time_point);
  void put_resource(const item&, const std::string& status, const std::string& reason, base::time_point);
  void end_resource(const std::string& logical_id, const std::string& status, base::time_point);
  // The operation is over: what stands now. `current` null: as it was.
  void finish(bool gone, const revision* current, const json::value& outputs, const std::vector<const item*>& items);

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
  base::time_point created{};
  std::optional<base::time_point> updated, deleted;
};

// By name (of one that is not deleted) or by ARN (deleted ones too).
std::optional<stack> find_stack(store::reader&, const base::scope&, std::string_view name_or_id);
// Newest first. `deleted` with those that are gone.
std::vector<stack> list_stacks(store::reader&, const base::scope&, bool deleted);
void insert_stack(store::transaction&, const stack&);
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

// AWS's: "Stack with id X does not exist".
tl::unexpected<api::error> no_such_stack(std::string_view name);

}  // namespace mdlc::services::cloudformation
