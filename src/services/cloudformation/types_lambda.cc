#include <fmt/format.h>

#include "base/bytes.h"
#include "runner/zip.h"
#include "services/cloudformation/types.h"

namespace mdlc::services::cloudformation {
namespace {

operation_call on_function(std::string_view operation, std::string_view function, json::object more = {}) {
  more["FunctionName"] = function;
  return {"lambda", std::string{operation}, std::move(more)};
}

// Text in a template becomes index.py or index.js, as on AWS.
json::object code(const resource& r) {
  auto* given = r.properties.if_contains("Code");
  if (!given || !given->is_object()) return {};
  auto out = pick(given->get_object(), {"S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri"});
  if (auto* text = json::find(*given, "ZipFile"); text && text->is_string()) {
    bool node = json::text(r.properties, "Runtime").starts_with("nodejs");
    out["ZipFile"] = base::to_base64(runner::zip_file(node ? "index.js" : "index.py", json::view(text->get_string())));
  }
  return out;
}

json::object configuration(const resource& r) {
  auto out = pick(r.properties, {"Role", "Handler", "Runtime", "Description", "VpcConfig", "DeadLetterConfig",
                                 "TracingConfig", "Layers", "EphemeralStorage", "LoggingConfig"});
  if (auto* key = r.properties.if_contains("KmsKeyArn")) out["KMSKeyArn"] = *key;
  for (auto name : {"Timeout", "MemorySize"})
    if (auto* given = r.properties.if_contains(name)) out[name] = as_integer(*given);
  if (auto* environment = r.properties.if_contains("Environment")) {
    json::object variables;
    auto* given = json::find(*environment, "Variables");
    if (given && given->is_object())
      for (const auto& [name, value] : given->get_object())
        variables[name] = value.is_string() ? value : json::value(json::print(value));
    out["Environment"] = json::object{{"Variables", std::move(variables)}};
  }
  return out;
}

api::answer<calls> create_function(const stack_identity& stack, const resource& r) {
  auto name = json::text(r.properties, "FunctionName");
  auto input = configuration(r);
  input["Code"] = code(r);
  for (auto property : {"Architectures", "PackageType"})
    if (auto* given = r.properties.if_contains(property)) input[property] = *given;
  if (auto tags = merged_tags(stack, r); !tags.empty()) input["Tags"] = std::move(tags);
  calls out{on_function("CreateFunction", name, std::move(input))};
  if (auto* reserved = r.properties.if_contains("ReservedConcurrentExecutions"))
    out.push_back(
        on_function("PutFunctionConcurrency", name, {{"ReservedConcurrentExecutions", as_integer(*reserved)}}));
  return out;
}

void absorb_function(const stack_identity&, resource& r, const operation_call&, const json::value& answer) {
  if (auto arn = json::text(answer, "FunctionArn"); !arn.empty()) r.attributes["Arn"] = arn;
  r.physical_id = json::text(r.properties, "FunctionName");
}

// What a setting is where the template does not give it.
json::object defaults() {
  return {{"Description", ""},
          {"Timeout", 3},
          {"MemorySize", 128},
          {"Environment", json::object{{"Variables", json::object{}}}},
          {"TracingConfig", json::object{{"Mode", "PassThrough"}}},
          {"DeadLetterConfig", json::object{{"TargetArn", ""}}},
          {"VpcConfig", json::object{{"SubnetIds", json::array{}}, {"SecurityGroupIds", json::array{}}}},
          {"EphemeralStorage", json::object{{"Size", 512}}},
          {"Layers", json::array{}}};
}

api::answer<calls> update_function(const stack_identity& stack, const resource& r, const former& before) {
  calls out;
  if (differs(r, before, "Code")) out.push_back(on_function("UpdateFunctionCode", r.physical_id, code(r)));
  json::object changed;
  auto now = configuration(r);
  resource old = r;
  old.properties = before.properties;
  auto then = configuration(old);
  for (const auto& [name, value] : now)
    if (auto* was = then.if_contains(name); !was || *was != value) changed[name] = value;
  for (const auto& [name, value] : defaults())
    if (then.contains(name) && !now.contains(name)) changed[name] = value;
  if (!changed.empty()) out.push_back(on_function("UpdateFunctionConfiguration", r.physical_id, std::move(changed)));
  if (differs(r, before, "ReservedConcurrentExecutions")) {
    if (auto* reserved = r.properties.if_contains("ReservedConcurrentExecutions"))
      out.push_back(on_function("PutFunctionConcurrency", r.physical_id,
                                {{"ReservedConcurrentExecutions", as_integer(*reserved)}}));
    else
      out.push_back(on_function("DeleteFunctionConcurrency", r.physical_id));
  }
  auto arn = json::text(r.attributes, "Arn");
  auto tags = changed_tags(stack, r, before);
  if (!tags.put.empty())
    out.push_back({"lambda", "TagResource", json::object{{"Resource", arn}, {"Tags", std::move(tags.put)}}});
  if (!tags.gone.empty())
    out.push_back({"lambda", "UntagResource", json::object{{"Resource", arn}, {"TagKeys", std::move(tags.gone)}}});
  return out;
}

calls remove_function(const stack_identity&, const resource& r) {
  return {on_function("DeleteFunction", r.physical_id)};
}

operation_call get_function(const resource& r) { return on_function("GetFunctionConfiguration", r.physical_id); }

readiness function_is_active(const api::answer<json::value>& answer) {
  if (!answer) return says_missing(answer.error()) ? readiness::failed : readiness::not_yet;
  auto state = json::text(*answer, "State", "Active");
  if (state == "Failed" || json::text(*answer, "LastUpdateStatus") == "Failed") return readiness::failed;
  return state == "Active" && json::text(*answer, "LastUpdateStatus", "Successful") == "Successful"
             ? readiness::ready
             : readiness::not_yet;
}

api::answer<calls> create_permission(const stack_identity&, const resource& r) {
  auto input = pick(r.properties, {"Action", "Principal", "SourceArn", "SourceAccount", "EventSourceToken"});
  input["StatementId"] = json::text(r.properties, "StatementId");
  return calls{on_function("AddPermission", json::text(r.properties, "FunctionName"), std::move(input))};
}

void absorb_permission(const stack_identity&, resource& r, const operation_call&, const json::value&) {
  r.physical_id = json::text(r.properties, "StatementId");
  r.attributes["Id"] = r.physical_id;
}

calls remove_permission(const stack_identity&, const resource& r) {
  return {on_function("RemovePermission", json::text(r.properties, "FunctionName"), {{"StatementId", r.physical_id}})};
}

api::answer<calls> create_version(const stack_identity&, const resource& r) {
  return calls{on_function("PublishVersion", json::text(r.properties, "FunctionName"),
                           pick(r.properties, {"Description", "CodeSha256"}))};
}

void absorb_version(const stack_identity&, resource& r, const operation_call&, const json::value& answer) {
  r.physical_id = json::text(answer, "FunctionArn");
  r.attributes["Version"] = json::text(answer, "Version");
  r.attributes["FunctionArn"] = r.physical_id;
}

// A version goes with its function.
calls remove_version(const stack_identity&, const resource&) { return {}; }

api::answer<calls> create_alias(const stack_identity&, const resource& r) {
  return calls{on_function("CreateAlias", json::text(r.properties, "FunctionName"),
                           pick(r.properties, {"Name", "FunctionVersion", "Description", "RoutingConfig"}))};
}

void absorb_alias(const stack_identity&, resource& r, const operation_call&, const json::value& answer) {
  if (auto arn = json::text(answer, "AliasArn"); !arn.empty()) r.physical_id = arn;
  r.attributes["AliasArn"] = r.physical_id;
}

api::answer<calls> update_alias(const stack_identity&, const resource& r, const former&) {
  return calls{on_function("UpdateAlias", json::text(r.properties, "FunctionName"),
                           pick(r.properties, {"Name", "FunctionVersion", "Description", "RoutingConfig"}))};
}

calls remove_alias(const stack_identity&, const resource& r) {
  return {on_function("DeleteAlias", json::text(r.properties, "FunctionName"), pick(r.properties, {"Name"}))};
}

}  // namespace

std::span<const resource_type> lambda_types() {
  static const std::array types{
      resource_type{.name = "AWS::Lambda::Function",
                    .name_property = "FunctionName",
                    .properties = {"Architectures",
                                   "CapacityProviderConfig",
                                   "Code",
                                   "CodeSigningConfigArn",
                                   "DeadLetterConfig",
                                   "Description",
                                   "DurableConfig",
                                   "Environment",
                                   "EphemeralStorage",
                                   "FileSystemConfigs",
                                   "FunctionName",
                                   "FunctionScalingConfig",
                                   "Handler",
                                   "ImageConfig",
                                   "KmsKeyArn",
                                   "Layers",
                                   "LoggingConfig",
                                   "MemorySize",
                                   "PackageType",
                                   "PublishToLatestPublished",
                                   "RecursiveLoop",
                                   "ReservedConcurrentExecutions",
                                   "Role",
                                   "Runtime",
                                   "RuntimeManagementConfig",
                                   "SnapStart",
                                   "Tags",
                                   "TenancyConfig",
                                   "Timeout",
                                   "TracingConfig",
                                   "VpcConfig"},
                    .required = {"Code", "Role"},
                    .replaced_by = {"FunctionName", "PackageType"},
                    .create = create_function,
                    .absorb = absorb_function,
                    .update = update_function,
                    .remove = remove_function,
                    .settle = get_function,
                    .settled = function_is_active},
      resource_type{
          .name = "AWS::Lambda::Permission",
          .name_property = "StatementId",  // a template cannot give it
          .name_length = 100,
          .properties = {"Action", "EventSourceToken", "FunctionName", "FunctionUrlAuthType", "InvokedViaFunctionUrl",
                         "Principal", "PrincipalOrgID", "SourceAccount", "SourceArn"},
          .required = {"Action", "FunctionName", "Principal"},
          .create = create_permission,
          .absorb = absorb_permission,
          .remove = remove_permission},
      resource_type{.name = "AWS::Lambda::Version",
                    .properties = {"CodeSha256", "Description", "FunctionName", "FunctionScalingConfig",
                                   "ProvisionedConcurrencyConfig", "RuntimePolicy"},
                    .required = {"FunctionName"},
                    .replaced_by = {"FunctionName", "CodeSha256", "Description"},
                    .create = create_version,
                    .absorb = absorb_version,
                    .remove = remove_version},
      resource_type{.name = "AWS::Lambda::Alias",
                    .properties = {"Description", "FunctionName", "FunctionVersion", "Name",
                                   "ProvisionedConcurrencyConfig", "RoutingConfig"},
                    .required = {"FunctionName", "FunctionVersion", "Name"},
                    .replaced_by = {"FunctionName", "Name"},
                    .create = create_alias,
                    .absorb = absorb_alias,
                    .update = update_alias,
                    .remove = remove_alias},
  };
  return types;
}

}  // namespace mdlc::services::cloudformation
