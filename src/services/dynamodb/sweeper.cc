#include "services/dynamodb/sweeper.h"

#include "services/dynamodb/rows.h"

namespace mdlc::services::dynamodb {
namespace {

// The primary key's columns beyond the table's, of the rows that go.
int64_t remove_some(store::transaction& t, std::string_view rows_of, const base::scope& scope, int64_t table_id,
                    std::optional<int64_t> index_id) {
  const bool is_items = rows_of == "dynamodb_items";
  const std::string columns = is_items ? "hash_key, range_key" : "index_id, hash_key, order_key";
  const auto where =
      fmt::format("account = ?1 AND region = ?2 AND table_id = ?3{}", index_id ? " AND index_id = ?5" : "");
  const auto sql = fmt::format("DELETE FROM {0} WHERE {1} AND ({2}) IN (SELECT {2} FROM {0} WHERE {1} LIMIT ?4)",
                               rows_of, where, columns);
  if (index_id) return t.run(sql, {scope.account, scope.region, table_id, sweep_rows, *index_id});
  return t.run(sql, {scope.account, scope.region, table_id, sweep_rows});
}

// Whether anything was left to remove.
bool remove_dropped(store::transaction& t) {
  const auto row = t.first("SELECT account, region, table_id, index_id FROM dynamodb_dropped LIMIT 1");
  if (!row) return false;
  const base::scope scope{row->text(0), row->text(1)};
  const int64_t table_id = row->integer(2), index_id = row->integer(3);
  const auto only = index_id ? std::optional(index_id) : std::nullopt;
  if (remove_some(t, "dynamodb_index_entries", scope, table_id, only) > 0) return true;
  if (!only && remove_some(t, "dynamodb_items", scope, table_id, only) > 0) return true;
  t.run("DELETE FROM dynamodb_sizes WHERE account = ?1 AND region = ?2 AND table_id = ?3 AND (index_id = ?4 OR ?4 = 0)",
        {scope.account, scope.region, table_id, index_id});
  t.run("DELETE FROM dynamodb_dropped WHERE account = ?1 AND region = ?2 AND table_id = ?3 AND index_id = ?4",
        {scope.account, scope.region, table_id, index_id});
  return true;
}

}  // namespace

sweeper::sweeper(api::host& host, catalog& tables)
    : host_(host),
      tables_(tables),
      work_(host.db, host.pool, "sweeping DynamoDB's tables",
            [this](store::transaction& t) { return remove_dropped(t) || fill_some(t); }) {}

bool sweeper::fill_some(store::transaction& t) {
  // Index statuses are in the definitions, which are few and change seldom.
  const auto rows = t.query(
      "SELECT account, region, name FROM dynamodb_tables WHERE definition LIKE "
      "'%\"IndexStatus\":\"CREATING\"%'");
  for (const auto& row : rows) {
    const auto found = tables_.find(t, {row.text(0), row.text(1)}, row.text(2));
    for (const auto& i : found->indexes) {
      if (i.is_ready) continue;
      const auto id = std::pair{*found->about.TableId, i.id};
      auto last = fill_index(t, *found, i, filled_[id], sweep_rows);
      if (!last) finish(t, *found, i);
      t.after_commit([this, id, last = std::move(last)] {
        if (last)
          filled_[id] = *last;
        else
          filled_.erase(id);
      });
      return true;
    }
  }
  return false;
}

void sweeper::finish(store::transaction& t, const table& in, const index& i) {
  table changed = in;
  for (auto& d : *changed.about.GlobalSecondaryIndexes) {
    if (d.IndexName != i.name) continue;
    d.IndexStatus = "ACTIVE";
    d.Backfilling.reset();
  }
  catalog::write(t, changed, host_.env.uuid());
}

}  // namespace mdlc::services::dynamodb
