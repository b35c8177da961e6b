// SageMaker Runtime: requests to the endpoints that sagemaker keeps in service.
#pragma once

#include "api/operation.h"
#include "api/registry.h"
#include "services/sagemaker_runtime/model.h"

namespace mdlc::services::sagemaker_runtime {

// What answers; sagemaker has it.
class service {
 public:
  virtual ~service() = default;
  // `done` is called once, from any thread; nobody waits for it meanwhile.
  virtual void invoke(const base::scope&, model::InvokeEndpointInput,
                      api::completion<model::InvokeEndpointOutput> done) = 0;
};

// Registers the operations.
void add_operations(api::registry&, service&);

}  // namespace mdlc::services::sagemaker_runtime
