#include "expr/dynamo/attribute.h"
#include "services/dynamodb/capacity.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {

api::answer<model::GetItemOutput> get_item(service& s, api::call& call, const model::GetItemInput& in) {
  const parameters expressions{{"ProjectionExpression", in.ProjectionExpression.has_value()}};
  MDLC_CHECK(check_style({{"AttributesToGet", in.AttributesToGet.has_value()}}, expressions));
  MDLC_TRY(const auto key, to_item(in.Key));
  MDLC_TRY(const auto shown, read_projection(in.AttributesToGet, in.ProjectionExpression, in.ExpressionAttributeNames));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetItemOutput> {
    MDLC_TRY(const auto found, find_table(s.tables, r, call.context.scope, in.TableName));
    MDLC_TRY(const auto bytes, key_of_key(found->keys, key));
    const auto there = read_item(r, *found, bytes);
    model::GetItemOutput out;
    if (there) out.Item = to_map(shown ? shown->apply(*there) : *there);
    out.ConsumedCapacity =
        report(in.ReturnConsumedCapacity, *found,
               usage_of_read(there ? dynamo::size_of(*there) : 0, in.ConsistentRead.value_or(false)));
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
