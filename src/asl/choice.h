// The rules of a Choice state.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "asl/expression.h"
#include "base/result.h"

namespace mdlc::asl {

// Nesting of And, Or and Not that is read at most.
inline constexpr int max_choice_depth = 64;

class condition {
 public:
  virtual ~condition() = default;
  // On failure the path that refers to nothing.
  virtual base::result<bool, std::string> holds(const scope&) const = 0;
  virtual void variables(std::set<std::string>&) const = 0;
};

// What is wrong with a rule, and in which of its members ("" for the rule itself, "Variable", "And[0]/Variable").
struct rule_problem {
  std::string message;
  std::string where;
};

// A rule as the definition has it; `Next`, `Assign`, `Comment` and `Output` are not looked at.
base::result<std::shared_ptr<const condition>, rule_problem> compile_condition(const json::value& rule, int depth = 0);

}  // namespace mdlc::asl
