#include "base/bytes.h"
#include "services/sagemaker_runtime/operations.h"
#include "services/sagemaker_runtime/service.h"

namespace mdlc::services::sagemaker_runtime {

void invoke_endpoint(service& s, std::shared_ptr<api::call> c, model::InvokeEndpointInput in,
                     api::completion<model::InvokeEndpointOutput> done) {
  const auto refuse = [&](std::string why) { done(api::refuse("ValidationError", std::move(why))); };
  if (in.TargetModel)
    return refuse(fmt::format("Endpoint {} is not a multi-model endpoint and does not support target model header.",
                              in.EndpointName));
  if (in.InferenceComponentName)
    return refuse(fmt::format("Endpoint {} has no inference component {}: inference components are not there yet.",
                              in.EndpointName, *in.InferenceComponentName));
  if (in.SessionId) return refuse("Sessions are not there yet: leave SessionId away.");
  const auto scope = c->context.scope;
  s.invoke(scope, std::move(in), std::move(done));
}

void add_operations(api::registry& r, service& self) {
  r.add(model::api, MDLC_OPERATION_TABLE(MDLC_SAGEMAKER_RUNTIME_OPERATIONS));
}

}  // namespace mdlc::services::sagemaker_runtime
