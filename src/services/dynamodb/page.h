// A page of items: what Query and Scan have in common.
#pragma once

#include <optional>

#include "expr/dynamo/condition.h"
#include "expr/dynamo/projection.h"
#include "services/dynamodb/capacity.h"
#include "services/dynamodb/rows.h"

namespace mdlc::services::dynamodb {

inline constexpr int64_t max_page_bytes = 1024 * 1024;

struct page_request {
  source from;
  std::optional<dynamo::condition> filter;
  std::optional<dynamo::projection> shown;
  bool shows_all = false;  // of an index: attributes that it does not project too
  bool counts_only = false;
  std::optional<int64_t> limit;
  int64_t segment = 0, segments = 1;  // by the partition key
};

struct page {
  std::vector<attribute_map> items;
  int64_t count = 0;
  int64_t scanned = 0;
  int64_t bytes = 0;
  std::optional<attribute_map> last_key;  // where the next page begins; none at the end
};

page read_page(store::reader&, const table&, const page_request&);

// The index that a request names; null without one.
api::answer<const index*> find_index(const table&, const std::optional<std::string>& name,
                                     const std::optional<bool>& consistent);

// ExclusiveStartKey: the table's key and the index's, and nothing else.
api::answer<std::optional<item>> read_start(const table&, const index*, const std::optional<attribute_map>&);

// Select, AttributesToGet and ProjectionExpression against each other and the index.
api::answer<void> read_select(const table&, const index*, const std::optional<std::string>& select, page_request&);

template <class Out, class In>
Out write_page(page&& p, const In& in, const table& t, const index* i) {
  Out out;
  out.Count = p.count;
  out.ScannedCount = p.scanned;
  if (in.Select != "COUNT") out.Items = std::move(p.items);
  out.LastEvaluatedKey = std::move(p.last_key);
  out.ConsumedCapacity =
      report(in.ReturnConsumedCapacity, t, usage_of_read(p.bytes, in.ConsistentRead.value_or(false), i));
  return out;
}

}  // namespace mdlc::services::dynamodb
