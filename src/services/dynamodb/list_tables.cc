#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr int64_t default_limit = 100;

}  // namespace

api::answer<model::ListTablesOutput> list_tables(service& s, api::call& call, const model::ListTablesInput& in) {
  const auto& scope = call.context.scope;
  const int64_t limit = in.Limit.value_or(default_limit);
  model::ListTablesOutput out;
  out.TableNames.emplace();
  const auto rows = s.host.db.read([&](store::reader& r) {
    return r.query(
        "SELECT name FROM dynamodb_tables WHERE account = ?1 AND region = ?2 AND name > ?3 ORDER BY name "
        "LIMIT ?4",
        {scope.account, scope.region, in.ExclusiveStartTableName.value_or(""), limit + 1});
  });
  for (const auto& row : rows) {
    if (static_cast<int64_t>(out.TableNames->size()) == limit) {
      out.LastEvaluatedTableName = out.TableNames->back();
      break;
    }
    out.TableNames->push_back(row.text(0));
  }
  return out;
}

}  // namespace mdlc::services::dynamodb
