#include "expr/dynamo/attribute.h"
#include "expr/dynamo/key_condition.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/page.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

using dynamo::key_condition;
using dynamo::op;

api::answer<void> check_type(const key_schema& schema, const key_attribute& a, const json::value& value) {
  if (dynamo::type_of(value) != a.type)
    return invalid_parameters("Condition parameter type does not match schema type");
  return check_key_value(schema, a, value);
}

api::answer<void> set_range(const key_schema& schema, const key_condition::range& wanted, source& from) {
  MDLC_CHECK(check_type(schema, *schema.range, wanted.low));
  auto low = bytes_of(wanted.low);
  switch (wanted.what) {
    case op::eq:
      from.high = successor(low);
      from.low = std::move(low);
      break;
    case op::lt:
      from.high = std::move(low);
      break;
    case op::le:
      from.high = successor(std::move(low));
      break;
    case op::gt:
      from.low = successor(std::move(low));
      break;
    case op::ge:
      from.low = std::move(low);
      break;
    case op::begins_with:
      if (schema.range->type == "N")
        return invalid(
            "Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or "
            "function: begins_with, operand type: N");
      from.high = after_prefix(low);
      from.low = std::move(low);
      break;
    default:  // between
      MDLC_CHECK(check_type(schema, *schema.range, wanted.high));
      from.low = std::move(low);
      from.high = successor(bytes_of(wanted.high));
      break;
  }
  return {};
}

api::answer<key_condition> read_conditions(const model::QueryInput& in, dynamo::placeholders& all,
                                           const key_schema& keys) {
  const std::string sort = keys.range ? keys.range->name : "";
  if (in.KeyConditionExpression)
    return checked(key_condition::parse(*in.KeyConditionExpression, all, keys.hash.name, sort));
  MDLC_TRY(const auto conditions, read_filter(*in.KeyConditions, std::nullopt));
  return checked(key_condition::make(conditions.root(), keys.hash.name, sort));
}

api::answer<void> check_filter(const key_schema& keys, const page_request& request) {
  if (!request.filter) return {};
  std::optional<std::string> key;
  each_path(request.filter->root(), [&](const dynamo::path& p) {
    if (!key && keys.has(p.front().name)) key = p.front().name;
  });
  if (!key) return {};
  return invalid(
      fmt::format("Filter Expression can only contain non-primary key attributes: Primary key attribute: {}", *key));
}

// What does not depend on the table.
api::answer<void> read_expressions(const model::QueryInput& in, dynamo::placeholders& all, page_request& request) {
  if (in.FilterExpression) {
    MDLC_TRY(request.filter, checked(dynamo::condition::parse("FilterExpression", *in.FilterExpression, all)));
  } else if (in.QueryFilter && !in.QueryFilter->empty()) {
    MDLC_TRY(request.filter, read_filter(*in.QueryFilter, in.ConditionalOperator));
  }
  if (in.ProjectionExpression) {
    MDLC_TRY(request.shown, checked(dynamo::projection::parse(*in.ProjectionExpression, all)));
  } else if (in.AttributesToGet) {
    MDLC_TRY(request.shown, read_attributes(*in.AttributesToGet));
  }
  request.limit = in.Limit;
  request.from.forward = in.ScanIndexForward.value_or(true);
  return {};
}

api::answer<void> read_source(const model::QueryInput& in, const table& t, dynamo::placeholders& all,
                              page_request& request) {
  auto& from = request.from;
  MDLC_TRY(from.index, find_index(t, in.IndexName, in.ConsistentRead));
  const auto& keys = from.index ? from.index->keys : t.keys;
  MDLC_TRY(const auto wanted, read_conditions(in, all, keys));
  MDLC_CHECK(checked(all.check_all_used()));
  MDLC_CHECK(check_type(keys, keys.hash, wanted.partition));
  from.hash = bytes_of(wanted.partition);
  if (wanted.sort) MDLC_CHECK(set_range(keys, *wanted.sort, from));
  MDLC_CHECK(check_filter(keys, request));
  MDLC_CHECK(read_select(t, from.index, in.Select, request));
  MDLC_TRY(from.start, read_start(t, from.index, in.ExclusiveStartKey));
  if (from.start && bytes_of(from.start->at(keys.hash.name)) != *from.hash)
    return invalid("The provided starting key is outside query boundaries based on provided conditions");
  return {};
}

}  // namespace

api::answer<model::QueryOutput> query(service& s, api::call& call, const model::QueryInput& in) {
  const parameters expressions{{"ProjectionExpression", in.ProjectionExpression.has_value()},
                               {"FilterExpression", in.FilterExpression.has_value()},
                               {"KeyConditionExpression", in.KeyConditionExpression.has_value()}};
  MDLC_CHECK(check_style({{"AttributesToGet", in.AttributesToGet.has_value()},
                          {"QueryFilter", in.QueryFilter.has_value()},
                          {"ConditionalOperator", in.ConditionalOperator.has_value()},
                          {"KeyConditions", in.KeyConditions.has_value()}},
                         expressions));
  if (!in.KeyConditionExpression && (!in.KeyConditions || in.KeyConditions->empty()))
    return invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
  MDLC_TRY(auto all, read_placeholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues, expressions));
  page_request request;
  MDLC_CHECK(read_expressions(in, all, request));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::QueryOutput> {
    MDLC_TRY(const auto found, find_table(s.tables, r, call.context.scope, in.TableName));
    MDLC_CHECK(read_source(in, *found, all, request));
    return write_page<model::QueryOutput>(read_page(r, *found, request), in, *found, request.from.index);
  });
}

}  // namespace mdlc::services::dynamodb
