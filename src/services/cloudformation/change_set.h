// A change set as it stands in its row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/cloudformation/model.h"
#include "services/cloudformation/submission.h"

namespace mdlc::services::cloudformation {

struct change_set {
  std::string stack_id, name, id;
  json::object content;  // as CreateChangeSet wrote it
  base::time_point created;
};

tl::unexpected<api::error> no_such_change_set(std::string_view name);
// By name, of a stack, or by ARN.
std::optional<change_set> find_change_set(store::reader&, const base::scope&, std::string_view name_or_id,
                                          const std::optional<stack>& of);
void put_change_set(store::transaction&, const base::scope&, const change_set&);
void remove_change_set(store::transaction&, const base::scope&, const change_set&);

// What DescribeChangeSet shows: an executed one follows its stack.
std::string execution_status(const change_set&, const stack&);

// What executing it would do, as far as that can be told before: properties that refer to others' attributes are
// compared by what stands now.
std::vector<model::Change> foresee(const submission&, const stack& existing, const std::vector<resource_row>&);

}  // namespace mdlc::services::cloudformation
