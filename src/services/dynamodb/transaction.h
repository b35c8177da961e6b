// What TransactWriteItems and TransactGetItems have in common.
#pragma once

#include <set>
#include <vector>

#include "services/dynamodb/capacity.h"

namespace mdlc::services::dynamodb {

inline constexpr int64_t max_transaction_bytes = 4 * 1024 * 1024;

// Why actions were refused, one reason each; "None" where an action was not.
class cancellation {
 public:
  explicit cancellation(size_t actions) : reasons_(actions) {}

  // Whether the error is an action's own, so that the others are looked at too; else it is the whole request's.
  static bool is_reason(const api::error&);
  void add(size_t action, const api::error&);
  bool any() const { return any_; }
  api::error error() const;

 private:
  struct reason {
    std::string code = "None";
    std::string message;
    json::value item;
  };
  std::vector<reason> reasons_;
  bool any_ = false;
};

// Capacity by table, of all actions together.
class transaction_usage {
 public:
  void add(const catalog::pointer&, const usage&);
  std::optional<std::vector<model::ConsumedCapacity>> report(const std::optional<std::string>& wanted) const;

 private:
  std::map<int64_t, std::pair<catalog::pointer, usage>> tables_;
};

}  // namespace mdlc::services::dynamodb
