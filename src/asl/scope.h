// What an expression sees while it is evaluated: the input, the context object, the variables, chance.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "asl/document.h"
#include "asl/record.h"
#include "base/time.h"
#include "json/value.h"

namespace mdlc::asl {

// Chance out of a stimulus's seed (splitmix64): the same seed gives the same numbers.
class chance {
 public:
  explicit chance(uint64_t seed) : state_(seed) {}
  uint64_t next();
  double unit();  // [0, 1)
  std::string uuid();

 private:
  uint64_t state_;
};

// The context object, `$$`, made only as far as a path needs it: with an execution's input and a Map's item in it, it
// may be large, and a Map asks for it once an item.
struct context_object {
  const execution_info* info = nullptr;
  document input;  // the execution's
  int redrives = 0;
  std::string_view state_name;
  base::time_point entered;
  std::optional<int> retries;  // of states that can be retried
  std::string_view token;      // Task.Token, while a task is made
  int64_t item_index = -1;     // of the Map around, or of the item being selected
  document item;
  const json::value* given = nullptr;  // all of it but a Map's item and the token, instead of what stands above

  // `payloads`: with Execution.Input and Map.Item.Value.
  json::value build(bool payloads = true) const;
};

struct scope {
  const document& input;  // `$`
  const context_object& context;
  // The variable's value, or none. Whoever answers keeps it for as long as results of the evaluation are used.
  const std::function<document(std::string_view)>& variable;
  chance& luck;
  base::time_point now{};
  // What JSONata sees as $states.result and $states.errorOutput; null where there is none.
  const document* result = nullptr;
  const document* error_output = nullptr;
};

}  // namespace mdlc::asl
