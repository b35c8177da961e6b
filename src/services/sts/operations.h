// THE list of STS's operations that are served.
#pragma once

#include "api/operation.h"
#include "services/sts/model.h"

namespace mdlc::services::sts {

class service;

#define MDLC_STS_OPERATIONS(op, deferred) \
  op(AssumeRole, assume_role) op(GetCallerIdentity, get_caller_identity) op(GetSessionToken, get_session_token)

MDLC_DECLARE_OPERATIONS(MDLC_STS_OPERATIONS)

}  // namespace mdlc::services::sts
