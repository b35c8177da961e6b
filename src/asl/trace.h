// What passes through one state, phase by phase, for whoever tests it (lone_state.h). Executions have none.
#pragma once

#include <optional>

#include "asl/document.h"
#include "asl/record.h"

namespace mdlc::asl {

struct trace {
  // Null where the state has no such phase, or did not come to it.
  document after_input_path, after_parameters, after_arguments, result, after_selector, after_result_path;
  document after_items_path, after_item_selector, after_item_batcher, after_items_pointer;
  std::optional<int64_t> max_concurrency, tolerated_count;
  std::optional<double> tolerated_percentage;
  std::optional<failure> why;  // the last thing that went wrong
  // The context object that expressions see instead of the execution's own.
  json::value context;
};

}  // namespace mdlc::asl
