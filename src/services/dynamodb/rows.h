// Items and index entries as rows.
#pragma once

#include <functional>
#include <optional>

#include "services/dynamodb/table.h"

namespace mdlc::services::dynamodb {

std::optional<item> read_item(store::reader&, const table&, const key_bytes&);

// Puts `after` in the place of `before` (null: there is none) with all that follows from it: index entries, counts.
// Both have the key; `after`'s index keys were checked.
void write_item(store::transaction&, const table&, const key_bytes&, const item* before, const item* after);

// The entry that an index has for an item: none where the item lacks one of its key attributes.
struct index_entry {
  std::string hash;
  std::string order;
  bool operator==(const index_entry&) const = default;
};
std::optional<index_entry> entry_of(const index&, const key_bytes&, const item&);
// The bounds of order keys: what is less than all entries whose sort key has these bytes and greater than all before.
std::string order_bound(std::string_view range_key);

// Makes the entries of an index that is new for the items after `after` in the table's order, `limit` of them at most;
// the last one's key, or nothing if that were all.
std::optional<key_bytes> fill_index(store::transaction&, const table&, const index&, const key_bytes& after,
                                    int64_t limit);

struct size {
  int64_t items = 0;
  int64_t bytes = 0;
};
// Of the table (0) or one of its indexes.
size read_size(store::reader&, const table&, int64_t index_id);

// Which rows are read, in which order.
struct source {
  const dynamodb::index* index = nullptr;  // null: the table
  std::optional<std::string> hash;         // one partition's only (Query)
  std::string low;                         // sort keys from here on
  std::optional<std::string> high;         // and below this
  bool forward = true;
  std::optional<item> start;  // behind the item with these keys (index keys too where there is an index)
};
// Calls `visit` until it returns false.
void each_item(store::reader&, const table&, const source&, const std::function<bool(const key_bytes&, item)>& visit);

}  // namespace mdlc::services::dynamodb
