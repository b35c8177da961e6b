#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {

// AWS's own default quotas; nothing here is throttled.
api::answer<model::DescribeLimitsOutput> describe_limits(service&, api::call&, const model::DescribeLimitsInput&) {
  model::DescribeLimitsOutput out;
  out.AccountMaxReadCapacityUnits = out.AccountMaxWriteCapacityUnits = 80000;
  out.TableMaxReadCapacityUnits = out.TableMaxWriteCapacityUnits = 40000;
  return out;
}

// For clients that look for their endpoint: it is the one they have.
api::answer<model::DescribeEndpointsResponse> describe_endpoints(service& s, api::call&,
                                                                 const model::DescribeEndpointsRequest&) {
  constexpr int64_t a_day_minutes = 1440;
  const auto& url = s.host.endpoint;
  const auto scheme = url.find("://");
  model::DescribeEndpointsResponse out;
  out.Endpoints.push_back({scheme == std::string::npos ? url : url.substr(scheme + 3), a_day_minutes});
  return out;
}

}  // namespace mdlc::services::dynamodb
