#include "services/cloudformation/types.h"

namespace mdlc::services::cloudformation {
namespace {

api::answer<calls> create_model(const stack_identity& stack, const resource& r) {
  auto input = pick(r.properties, {"ModelName", "PrimaryContainer", "Containers", "InferenceExecutionConfig",
                                   "ExecutionRoleArn", "VpcConfig"});
  if (auto* isolation = r.properties.if_contains("EnableNetworkIsolation"))
    input["EnableNetworkIsolation"] = as_boolean(*isolation);
  if (auto tags = tag_list(stack, r); !tags.empty()) input["Tags"] = std::move(tags);
  return calls{{"sagemaker", "CreateModel", std::move(input)}};
}

void absorb_model(const stack_identity&, resource& r, const operation_call&, const json::value& answer) {
  r.physical_id = json::text(answer, "ModelArn");
  r.attributes["ModelName"] = json::text(r.properties, "ModelName");
}

calls remove_model(const stack_identity&, const resource& r) {
  return {{"sagemaker", "DeleteModel", json::object{{"ModelName", json::text(r.attributes, "ModelName")}}}};
}

}  // namespace

std::span<const resource_type> sagemaker_types() {
  static const std::array types{
      resource_type{.name = "AWS::SageMaker::Model",
                    .name_property = "ModelName",
                    .name_length = 63,
                    .create = create_model,
                    .absorb = absorb_model,
                    .remove = remove_model},
  };
  return types;
}

}  // namespace mdlc::services::cloudformation
