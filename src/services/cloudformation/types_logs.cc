#include "services/cloudformation/types.h"

namespace mdlc::services::cloudformation {
namespace {

operation_call on_group(std::string_view operation, std::string_view group, json::object more = {}) {
  more["logGroupName"] = group;
  return {"logs", std::string{operation}, std::move(more)};
}

std::optional<operation_call> retention(const resource& r, std::string_view group) {
  auto* days = r.properties.if_contains("RetentionInDays");
  if (!days) return {};
  return on_group("PutRetentionPolicy", group, {{"retentionInDays", as_integer(*days)}});
}

api::answer<calls> create_group(const stack_identity& stack, const resource& r) {
  auto name = json::text(r.properties, "LogGroupName");
  json::object input;
  if (auto tags = merged_tags(stack, r); !tags.empty()) input["tags"] = std::move(tags);
  if (auto* key = r.properties.if_contains("KmsKeyId")) input["kmsKeyId"] = *key;
  calls out{on_group("CreateLogGroup", name, std::move(input))};
  if (auto call = retention(r, name)) out.push_back(std::move(*call));
  return out;
}

void absorb_group(const stack_identity& stack, resource& r, const operation_call&, const json::value&) {
  r.physical_id = json::text(r.properties, "LogGroupName");
  r.attributes["Arn"] = stack.scope.arn("logs", "log-group:" + r.physical_id + ":*");
}

api::answer<calls> update_group(const stack_identity& stack, const resource& r, const former& before) {
  calls out;
  if (differs(r, before, "RetentionInDays"))
    out.push_back(retention(r, r.physical_id).value_or(on_group("DeleteRetentionPolicy", r.physical_id)));
  auto arn = stack.scope.arn("logs", "log-group:" + r.physical_id);
  auto tags = changed_tags(stack, r, before);
  if (!tags.put.empty())
    out.push_back({"logs", "TagResource", json::object{{"resourceArn", arn}, {"tags", std::move(tags.put)}}});
  if (!tags.gone.empty())
    out.push_back({"logs", "UntagResource", json::object{{"resourceArn", arn}, {"tagKeys", std::move(tags.gone)}}});
  return out;
}

calls remove_group(const stack_identity&, const resource& r) { return {on_group("DeleteLogGroup", r.physical_id)}; }

}  // namespace

std::span<const resource_type> logs_types() {
  static const std::array types{
      resource_type{.name = "AWS::Logs::LogGroup",
                    .name_property = "LogGroupName",
                    .name_length = 512,
                    .properties = {"BearerTokenAuthenticationEnabled", "DataProtectionPolicy",
                                   "DeletionProtectionEnabled", "FieldIndexPolicies", "KmsKeyId", "LogGroupClass",
                                   "LogGroupName", "ResourcePolicyDocument", "RetentionInDays", "Tags"},
                    .replaced_by = {"LogGroupName"},
                    .create = create_group,
                    .absorb = absorb_group,
                    .update = update_group,
                    .remove = remove_group},
  };
  return types;
}

}  // namespace mdlc::services::cloudformation
