#include "expr/dynamo/attribute.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"
#include "services/dynamodb/transaction.h"

namespace mdlc::services::dynamodb {
namespace {

struct wanted {
  std::string table;
  item key;
  std::optional<dynamo::projection> shown;
};

struct found_item {
  std::optional<item> there;
  catalog::pointer in;
};

api::answer<found_item> read_one(service& s, store::reader& r, const base::scope& scope, const wanted& w) {
  found_item out;
  MDLC_TRY(out.in, find_table(s.tables, r, scope, w.table));
  MDLC_TRY(const auto key, key_of_key(out.in->keys, w.key));
  out.there = read_item(r, *out.in, key);
  return out;
}

}  // namespace

api::answer<model::TransactGetItemsOutput> transact_get_items(service& s, api::call& call,
                                                              const model::TransactGetItemsInput& in) {
  std::vector<wanted> all;
  for (const auto& each : in.TransactItems) {
    wanted w{each.Get.TableName, {}, {}};
    MDLC_TRY(w.key, to_item(each.Get.Key));
    MDLC_TRY(w.shown, read_projection(std::nullopt, each.Get.ProjectionExpression, each.Get.ExpressionAttributeNames));
    all.push_back(std::move(w));
  }
  return s.host.db.read([&](store::reader& r) -> api::answer<model::TransactGetItemsOutput> {
    model::TransactGetItemsOutput out;
    out.Responses.emplace();
    cancellation cancelled(all.size());
    transaction_usage used;
    int64_t bytes = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      auto one = read_one(s, r, call.context.scope, all[i]);
      if (!one) {
        if (!cancellation::is_reason(one.error())) return tl::unexpected(std::move(one).error());
        cancelled.add(i, one.error());
        continue;
      }
      const auto size = one->there ? dynamo::size_of(*one->there) : 0;
      bytes += size;
      used.add(one->in, usage_of_read(size, true));
      auto& response = out.Responses->emplace_back();
      if (one->there) response.Item = to_map(all[i].shown ? all[i].shown->apply(*one->there) : *one->there);
    }
    if (cancelled.any()) return tl::unexpected(cancelled.error());
    if (bytes > max_transaction_bytes)
      return invalid("Aggregated size of the items in the transaction exceeds the limit of 4 MB");
    out.ConsumedCapacity = used.report(in.ReturnConsumedCapacity);
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
