#include "services/dynamodb/schema.h"

namespace mdlc::services::dynamodb {
namespace {

// An item's keys are bytes that sort as DynamoDB sorts the values (key.h). An index's entries point to items; order_key
// is the entry's sort key and then the item's own key, so that entries with equal keys have an order to page by.
// What stands in dynamodb_dropped is no longer seen by anyone and is removed piece by piece (sweeper.h).
constexpr std::string_view first = R"(
CREATE TABLE dynamodb_tables (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  id INTEGER NOT NULL,
  revision TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (account, region, name));
CREATE TABLE dynamodb_items (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  table_id INTEGER NOT NULL,
  hash_key BLOB NOT NULL,
  range_key BLOB NOT NULL,
  size INTEGER NOT NULL,
  item TEXT NOT NULL,
  PRIMARY KEY (account, region, table_id, hash_key, range_key)) WITHOUT ROWID;
CREATE TABLE dynamodb_index_entries (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  table_id INTEGER NOT NULL,
  index_id INTEGER NOT NULL,
  hash_key BLOB NOT NULL,
  order_key BLOB NOT NULL,
  item_hash BLOB NOT NULL,
  item_range BLOB NOT NULL,
  PRIMARY KEY (account, region, table_id, index_id, hash_key, order_key)) WITHOUT ROWID;
CREATE TABLE dynamodb_sizes (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  table_id INTEGER NOT NULL,
  index_id INTEGER NOT NULL,
  items INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (account, region, table_id, index_id)) WITHOUT ROWID;
CREATE TABLE dynamodb_dropped (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  table_id INTEGER NOT NULL,
  index_id INTEGER NOT NULL,
  PRIMARY KEY (account, region, table_id, index_id));
CREATE TABLE dynamodb_tokens (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  token TEXT NOT NULL,
  request TEXT NOT NULL,
  expires_ms INTEGER NOT NULL,
  PRIMARY KEY (account, region, token));
CREATE INDEX dynamodb_tokens_by_time ON dynamodb_tokens (expires_ms);
)";

constexpr std::array steps{store::migration{1, first}};

}  // namespace

const std::span<const store::migration> migrations{steps};

}  // namespace mdlc::services::dynamodb
