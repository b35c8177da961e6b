// Key conditions: what one Query reads: a partition and a range of sort keys in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "expr/dynamo/condition.h"

namespace mdlc::expr::dynamo {

struct key_condition {
  json::value partition;  // equals this
  struct range {
    op what;          // eq, lt, le, gt, ge, between, begins_with
    json::value low;  // the only one, but for between
    json::value high;
  };
  std::optional<range> sort;

  // `sort_name` is empty where the schema has none.
  static answer<key_condition> parse(std::string_view text, placeholders&, std::string_view partition_name,
                                     std::string_view sort_name);
  // From a tree that is a conjunction of conditions.
  static answer<key_condition> make(const node& root, std::string_view partition_name, std::string_view sort_name);
};

}  // namespace mdlc::expr::dynamo
