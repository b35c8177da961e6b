// Update expressions, parsed once, applied to items.
#pragma once

#include <string_view>
#include <vector>

#include "expr/dynamo/node.h"
#include "expr/dynamo/placeholders.h"

namespace mdlc::expr::dynamo {

class update {
 public:
  static answer<update> parse(std::string_view text, placeholders&);

  struct action {
    enum class verb : uint8_t { set, remove, add, delete_ };
    verb what;
    path where;
    node operand;  // none for remove; a value for add and delete_
  };
  // From the parameters that were there before expressions.
  explicit update(std::vector<action> actions) : actions_(std::move(actions)) {}

  // The item after it; one that does not exist yet is given as its key alone, or empty. All operands are those of the
  // item before.
  answer<json::object> apply(const json::object& item) const;

  // What it touches.
  std::vector<path> paths() const;
  const std::vector<action>& actions() const { return actions_; }

 private:
  std::vector<action> actions_;  // in the order in which they are applied
};

}  // namespace mdlc::expr::dynamo
