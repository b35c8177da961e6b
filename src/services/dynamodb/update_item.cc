#include "services/dynamodb/capacity.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

std::optional<attribute_map> shown(const std::optional<std::string>& wanted, const item_write& w, const written& done) {
  const std::string what = wanted.value_or("NONE");
  const auto& side = what.ends_with("OLD") ? done.before : done.after;
  if (what == "NONE" || !side) return std::nullopt;
  if (what.starts_with("ALL")) return to_map(*side);
  if (!w.change) return std::nullopt;
  auto out = to_map(dynamo::projection(w.change->paths()).apply(*side));
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace

api::answer<model::UpdateItemOutput> update_item(service& s, api::call& call, const model::UpdateItemInput& in) {
  const parameters expressions{{"UpdateExpression", in.UpdateExpression.has_value()},
                               {"ConditionExpression", in.ConditionExpression.has_value()}};
  MDLC_CHECK(check_style({{"AttributeUpdates", in.AttributeUpdates.has_value()}, {"Expected", in.Expected.has_value()}},
                         expressions));
  item_write w{item_write::kind::update};
  MDLC_CHECK(read_write(in, in.Key, expressions, w));
  MDLC_CHECK(read_expected_of(in, w));
  if (in.AttributeUpdates) {
    MDLC_TRY(w.change, read_updates(*in.AttributeUpdates));
    w.is_old_style = true;
  }
  return call.commit([&](store::transaction& t) -> api::answer<model::UpdateItemOutput> {
    MDLC_TRY(const auto done, perform(t, s.tables, call.context.scope, w));
    model::UpdateItemOutput out;
    out.Attributes = shown(in.ReturnValues, w, done);
    out.ConsumedCapacity = report(in.ReturnConsumedCapacity, *done.in, usage_of(done));
    out.ItemCollectionMetrics = collection_metrics(in.ReturnItemCollectionMetrics, *done.in, w.given);
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
