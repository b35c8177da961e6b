#include "services/dynamodb/describe.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {

// The name is free and the items unseen with this commit; the sweeper takes the rows away afterwards, piece by piece.
api::answer<model::DeleteTableOutput> delete_table(service& s, api::call& call, const model::DeleteTableInput& in) {
  const auto& scope = call.context.scope;
  return call.commit([&](store::transaction& t) -> api::answer<model::DeleteTableOutput> {
    MDLC_TRY(const auto found, find_named_table(s.tables, t, scope, in.TableName));
    if (found->about.DeletionProtectionEnabled.value_or(false))
      return invalid(
          "Resource cannot be deleted as it is currently protected against deletion. Disable deletion "
          "protection first.");
    model::DeleteTableOutput out;
    out.TableDescription = describe(t, *found);
    out.TableDescription->TableStatus = "DELETING";
    t.run("DELETE FROM dynamodb_tables WHERE account = ?1 AND region = ?2 AND name = ?3",
          {scope.account, scope.region, found->name()});
    t.run("INSERT INTO dynamodb_dropped (account, region, table_id, index_id) VALUES (?1, ?2, ?3, 0)",
          {scope.account, scope.region, found->id});
    t.after_commit([&s] { s.sweeper.start(); });
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
