// What SageMaker Runtime does here: THE list.
#pragma once

#include "api/operation.h"
#include "services/sagemaker_runtime/model.h"

namespace mdlc::services::sagemaker_runtime {

class service;

#define MDLC_SAGEMAKER_RUNTIME_OPERATIONS(op, deferred) deferred(InvokeEndpoint, invoke_endpoint)

MDLC_DECLARE_OPERATIONS(MDLC_SAGEMAKER_RUNTIME_OPERATIONS)

}  // namespace mdlc::services::sagemaker_runtime
