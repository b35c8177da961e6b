// ConsumedCapacity and ItemCollectionMetrics as DynamoDB would count them. Nothing is throttled.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "services/dynamodb/write.h"

namespace mdlc::services::dynamodb {

struct usage {
  double table = 0;
  std::map<std::string, double> indexes;  // by name
  bool is_write = false;

  usage& operator+=(const usage&);
  usage doubled() const;  // transactions prepare and commit
};

usage usage_of(const written&);
// Of `bytes` that were read together, of the table or of one of its indexes.
usage usage_of_read(int64_t bytes, bool consistent, const index* = nullptr);

// Nothing unless `wanted` is TOTAL or INDEXES.
std::optional<model::ConsumedCapacity> report(const std::optional<std::string>& wanted, const table&, const usage&);
// The same, and the read or write units by name, as transactions report.
std::optional<model::ConsumedCapacity> report_transaction(const std::optional<std::string>& wanted, const table&,
                                                          const usage&);

// Nothing unless `wanted` is SIZE and the table has local indexes. `whole` has the table's hash key.
std::optional<model::ItemCollectionMetrics> collection_metrics(const std::optional<std::string>& wanted, const table&,
                                                               const item& whole);

}  // namespace mdlc::services::dynamodb
