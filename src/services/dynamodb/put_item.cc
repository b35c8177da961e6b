#include "services/dynamodb/capacity.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {

api::answer<model::PutItemOutput> put_item(service& s, api::call& call, const model::PutItemInput& in) {
  if (in.ReturnValues && *in.ReturnValues != "NONE" && *in.ReturnValues != "ALL_OLD")
    return invalid("ReturnValues can only be ALL_OLD or NONE");
  const parameters expressions{{"ConditionExpression", in.ConditionExpression.has_value()}};
  MDLC_CHECK(check_style({{"Expected", in.Expected.has_value()}}, expressions));
  item_write w{item_write::kind::put};
  MDLC_CHECK(read_write(in, in.Item, expressions, w));
  MDLC_CHECK(read_expected_of(in, w));
  return call.commit([&](store::transaction& t) -> api::answer<model::PutItemOutput> {
    MDLC_TRY(const auto done, perform(t, s.tables, call.context.scope, w));
    model::PutItemOutput out;
    if (in.ReturnValues == "ALL_OLD" && done.before) out.Attributes = to_map(*done.before);
    out.ConsumedCapacity = report(in.ReturnConsumedCapacity, *done.in, usage_of(done));
    out.ItemCollectionMetrics = collection_metrics(in.ReturnItemCollectionMetrics, *done.in, w.given);
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
