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

api::answer<calls> update_model(const stack_identity& stack, const resource& r, const former& before) {
  calls out;
  auto tags = changed_tags(stack, r, before);
  json::array put;
  for (const auto& [name, value] : tags.put) put.push_back(json::object{{"Key", name}, {"Value", value}});
  if (!put.empty())
    out.push_back({"sagemaker", "AddTags", json::object{{"ResourceArn", r.physical_id}, {"Tags", std::move(put)}}});
  if (!tags.gone.empty())
    out.push_back(
        {"sagemaker", "DeleteTags", json::object{{"ResourceArn", r.physical_id}, {"TagKeys", std::move(tags.gone)}}});
  return out;
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
                    .properties = {"Containers", "EnableNetworkIsolation", "ExecutionRoleArn",
                                   "InferenceExecutionConfig", "ModelName", "PrimaryContainer", "Tags", "VpcConfig"},
                    .replaced_by = {"Containers", "EnableNetworkIsolation", "ExecutionRoleArn",
                                    "InferenceExecutionConfig", "ModelName", "PrimaryContainer", "VpcConfig"},
                    .create = create_model,
                    .absorb = absorb_model,
                    .update = update_model,
                    .remove = remove_model},
  };
  return types;
}

}  // namespace mdlc::services::cloudformation
