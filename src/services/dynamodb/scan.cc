#include "services/dynamodb/operations.h"
#include "services/dynamodb/page.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

api::answer<void> read_segment(const model::ScanInput& in, page_request& request) {
  if (!in.Segment && !in.TotalSegments) return {};
  if (!in.TotalSegments)
    return invalid(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter "
        "is present");
  if (!in.Segment)
    return invalid(
        "The Segment parameter is required but was not present in the request when parameter TotalSegments "
        "is present");
  if (*in.Segment >= *in.TotalSegments)
    return invalid(
        fmt::format("The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                    "Segment: {} is not less than TotalSegments: {}",
                    *in.Segment, *in.TotalSegments));
  request.segment = *in.Segment;
  request.segments = *in.TotalSegments;
  return {};
}

api::answer<void> read_expressions(const model::ScanInput& in, dynamo::placeholders& all, page_request& request) {
  if (in.FilterExpression) {
    MDLC_TRY(request.filter, checked(dynamo::condition::parse("FilterExpression", *in.FilterExpression, all)));
  } else if (in.ScanFilter && !in.ScanFilter->empty()) {
    MDLC_TRY(request.filter, read_filter(*in.ScanFilter, in.ConditionalOperator));
  }
  if (in.ProjectionExpression) {
    MDLC_TRY(request.shown, checked(dynamo::projection::parse(*in.ProjectionExpression, all)));
  } else if (in.AttributesToGet) {
    MDLC_TRY(request.shown, read_attributes(*in.AttributesToGet));
  }
  request.limit = in.Limit;
  return checked(all.check_all_used());
}

}  // namespace

api::answer<model::ScanOutput> scan(service& s, api::call& call, const model::ScanInput& in) {
  const parameters expressions{{"ProjectionExpression", in.ProjectionExpression.has_value()},
                               {"FilterExpression", in.FilterExpression.has_value()}};
  MDLC_CHECK(check_style({{"AttributesToGet", in.AttributesToGet.has_value()},
                          {"ScanFilter", in.ScanFilter.has_value()},
                          {"ConditionalOperator", in.ConditionalOperator.has_value()}},
                         expressions));
  MDLC_TRY(auto all, read_placeholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues, expressions));
  page_request request;
  MDLC_CHECK(read_expressions(in, all, request));
  MDLC_CHECK(read_segment(in, request));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ScanOutput> {
    MDLC_TRY(const auto found, find_table(s.tables, r, call.context.scope, in.TableName));
    MDLC_TRY(request.from.index, find_index(*found, in.IndexName, in.ConsistentRead));
    MDLC_CHECK(read_select(*found, request.from.index, in.Select, request));
    MDLC_TRY(request.from.start, read_start(*found, request.from.index, in.ExclusiveStartKey));
    return write_page<model::ScanOutput>(read_page(r, *found, request), in, *found, request.from.index);
  });
}

}  // namespace mdlc::services::dynamodb
