#include "services/sts/operations.h"
#include "services/sts/service.h"

namespace mdlc::services::sts {

api::answer<model::GetCallerIdentityResponse> get_caller_identity(service&, api::call& c,
                                                                  const model::GetCallerIdentityRequest&) {
  return model::GetCallerIdentityResponse{c.context.principal_id, c.context.scope.account, c.context.principal};
}

}  // namespace mdlc::services::sts
