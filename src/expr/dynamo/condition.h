// Condition and filter expressions, parsed once, evaluated over items.
#pragma once

#include <string_view>

#include "expr/dynamo/node.h"
#include "expr/dynamo/placeholders.h"

namespace mdlc::expr::dynamo {

class condition {
 public:
  // `kind` is the request's parameter, for the messages: "ConditionExpression", "FilterExpression", …
  static answer<condition> parse(std::string_view kind, std::string_view text, placeholders&);
  // From the parameters that were there before expressions. The tree must be one that parse could have made.
  explicit condition(node root) : root_(std::move(root)) {}

  // An item that does not exist is empty.
  bool holds(const json::object& item) const;

  const node& root() const { return root_; }

 private:
  node root_;
};

}  // namespace mdlc::expr::dynamo
