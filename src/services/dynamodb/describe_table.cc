#include "services/dynamodb/describe.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/rows.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

template <class Description>
void add_sizes(store::reader& r, const table& t, std::optional<std::vector<Description>>& descriptions) {
  if (!descriptions) return;
  for (auto& d : *descriptions) {
    const auto counted = read_size(r, t, t.index_ids.at(*d.IndexName));
    d.ItemCount = counted.items;
    d.IndexSizeBytes = counted.bytes;
  }
}

}  // namespace

model::TableDescription describe(store::reader& r, const table& t) {
  auto out = t.about;
  const auto counted = read_size(r, t, 0);
  out.ItemCount = counted.items;
  out.TableSizeBytes = counted.bytes;
  add_sizes(r, t, out.LocalSecondaryIndexes);
  add_sizes(r, t, out.GlobalSecondaryIndexes);
  const bool is_updating = std::any_of(t.indexes.begin(), t.indexes.end(), [](const auto& i) { return !i.is_ready; });
  out.TableStatus = is_updating ? "UPDATING" : "ACTIVE";
  return out;
}

api::answer<catalog::pointer> find_named_table(catalog& tables, store::reader& r, const base::scope& scope,
                                               std::string_view name_or_arn) {
  MDLC_TRY(const auto name, table_name(scope, name_or_arn));
  auto found = tables.find(r, scope, name);
  if (!found) return no_such_table(name);
  return found;
}

api::answer<model::DescribeTableOutput> describe_table(service& s, api::call& call,
                                                       const model::DescribeTableInput& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::DescribeTableOutput> {
    MDLC_TRY(const auto found, find_named_table(s.tables, r, call.context.scope, in.TableName));
    model::DescribeTableOutput out;
    out.Table = describe(r, *found);
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
