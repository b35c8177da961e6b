#include "services/dynamodb/describe.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {

// The setting is kept and shown. Items stay: on AWS too they may, for days.
api::answer<model::UpdateTimeToLiveOutput> update_time_to_live(service& s, api::call& call,
                                                               const model::UpdateTimeToLiveInput& in) {
  const auto& wanted = in.TimeToLiveSpecification;
  return call.commit([&](store::transaction& t) -> api::answer<model::UpdateTimeToLiveOutput> {
    MDLC_TRY(const auto found, find_named_table(s.tables, t, call.context.scope, in.TableName));
    if (found->ttl_attribute && *found->ttl_attribute != wanted.AttributeName)
      return invalid(fmt::format("TimeToLive is active on a different AttributeName: current AttributeName is {}",
                                 *found->ttl_attribute));
    if (wanted.Enabled == found->ttl_attribute.has_value())
      return invalid(fmt::format("TimeToLive is already {}", wanted.Enabled ? "enabled" : "disabled"));
    table changed = *found;
    changed.ttl_attribute = wanted.Enabled ? std::optional(wanted.AttributeName) : std::nullopt;
    catalog::write(t, changed, s.host.env.uuid());
    model::UpdateTimeToLiveOutput out;
    out.TimeToLiveSpecification = wanted;
    return out;
  });
}

api::answer<model::DescribeTimeToLiveOutput> describe_time_to_live(service& s, api::call& call,
                                                                   const model::DescribeTimeToLiveInput& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::DescribeTimeToLiveOutput> {
    MDLC_TRY(const auto found, find_named_table(s.tables, r, call.context.scope, in.TableName));
    model::DescribeTimeToLiveOutput out;
    auto& about = out.TimeToLiveDescription.emplace();
    about.TimeToLiveStatus = found->ttl_attribute ? "ENABLED" : "DISABLED";
    about.AttributeName = found->ttl_attribute;
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
