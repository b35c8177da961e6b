// A table's definition, and the catalog that finds it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/arn.h"
#include "services/dynamodb/key.h"
#include "services/dynamodb/model.h"
#include "store/database.h"

namespace mdlc::services::dynamodb {

struct index {
  int64_t id = 0;  // never 0, never used again in its table
  std::string name;
  bool is_global = false;
  bool is_ready = true;  // false while its entries are still being made
  key_schema keys;
  std::string projection;             // "ALL", "KEYS_ONLY" or "INCLUDE"
  std::vector<std::string> included;  // attributes of INCLUDE

  bool projects_all() const { return projection == "ALL"; }
};

// What is stored of a table. Immutable once it is in the catalog.
struct table {
  base::scope scope;
  int64_t id = 0;
  std::string revision;           // another at every change
  model::TableDescription about;  // as it was ordered; sizes and counts are not in it
  std::vector<model::Tag> tags;
  std::optional<std::string> ttl_attribute;
  std::optional<int64_t> recovery_days;  // point in time recovery is on
  int64_t next_index_id = 1;

  // Made of `about` and the ids by read_schema.
  std::map<std::string, int64_t> index_ids;
  key_schema keys;
  std::vector<index> indexes;

  const std::string& name() const { return *about.TableName; }
  const index* find_index(std::string_view name) const;
  bool has_local_indexes() const;
  // The attributes of an item that a read of the index shows.
  item project(const index&, const item&) const;
};

std::string table_arn(const base::scope&, std::string_view name);
// The table's name, where a request gives it or its ARN.
api::answer<std::string> table_name(const base::scope&, std::string_view name_or_arn);

// Fills `keys` and `indexes`.
void read_schema(table&);

std::string print_definition(const table&);

// Tables by name. Definitions are kept in memory, valid as long as the row has the same revision, which every read
// asks for in its own snapshot: so there is nothing to invalidate. Thread-safe.
class catalog {
 public:
  using pointer = std::shared_ptr<const table>;

  // Null if there is none.
  pointer find(store::reader&, const base::scope&, std::string_view name);

  // Writes a definition under a new revision; the table's id is given if it has none.
  static void write(store::transaction&, table&, std::string revision);

 private:
  std::mutex mutex_;
  std::map<std::pair<base::scope, std::string>, pointer> known_;
};

// ResourceNotFoundException as data operations word it, where there is no such table.
api::answer<catalog::pointer> find_table(catalog&, store::reader&, const base::scope&, std::string_view name_or_arn);

}  // namespace mdlc::services::dynamodb
