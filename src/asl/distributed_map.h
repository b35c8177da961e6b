// A Map in distributed mode: what the interpreter leaves to whoever runs the children.
//
// The state is a task of kind map_run, whose `resource` is the map run's ARN and whose `parameters` are its plan, all
// expressions of the state evaluated but for ItemSelector:
//
//   {"label", "express": bool, "max_concurrency" (0: no bound of its own),
//    "items": array                                             or, with ItemReader,
//    "reader": {"action", "arguments", "config", "max_items"?, "failed"?: why it cannot be read},
//    "batch"?: {"items"?, "bytes"?, "input"?}, "writer"?: {"action"?, "arguments"?, "config"?},
//    "tolerated_count"?, "tolerated_percentage"?,
//    "scene": {"state", "input", "variables", "entered_ms", "entered_event"}   for item_maker}
//
// Redriven, the same run goes on and the plan is {"redrive": how often by now}.
#pragma once

#include "asl/execution.h"

namespace mdlc::asl {

// MaxItems at most, and what no MaxItems or 0 means.
inline constexpr int64_t max_items_most = 100'000'000;

// Where a child of the Map begins: asl::started::start. REQUIRES: `map` is a Map.
state_index item_processor(const program&, state_index map);

// Makes children's inputs out of items, as the Map's ItemSelector says. One thread at a time.
class item_maker {
 public:
  // `plan` as above; `parent` and `input` are of the execution in which the Map is.
  item_maker(std::shared_ptr<const program>, const json::value& plan, const execution_info& parent, document input);

  base::result<document, failure> make(int64_t index, const document& item, base::time_point now, uint64_t seed);

 private:
  std::shared_ptr<const program> program_;
  execution execution_;
};

}  // namespace mdlc::asl
