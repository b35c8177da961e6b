#include <map>

#include "services/cloudformation/types.h"

namespace mdlc::services::cloudformation {
namespace {

operation_call on_table(std::string_view operation, const std::string& table, json::object more = {}) {
  more["TableName"] = table;
  return {"dynamodb", std::string{operation}, std::move(more)};
}

// Throughput that a template wrote as text.
json::value throughput(const json::value& v) {
  json::object out;
  if (v.is_object())
    for (const auto& [name, value] : v.get_object()) out[name] = as_integer(value);
  return out;
}

json::value encryption(const json::value& v) {
  json::object out;
  if (auto* enabled = json::find(v, "SSEEnabled")) out["Enabled"] = as_boolean(*enabled);
  for (auto name : {"SSEType", "KMSMasterKeyId"})
    if (auto* value = json::find(v, name)) out[name] = *value;
  return out;
}

json::array indexes(const json::value& v) {
  json::array out;
  if (v.is_array())
    for (const auto& one : v.get_array()) {
      json::object index;
      if (one.is_object()) index = pick(one.get_object(), {"IndexName", "KeySchema", "Projection"});
      if (auto* given = json::find(one, "ProvisionedThroughput")) index["ProvisionedThroughput"] = throughput(*given);
      out.push_back(std::move(index));
    }
  return out;
}

// The attribute by which items expire; empty where they do not. Asking for what is so already is an error there.
std::string expires_by(const json::object& properties) {
  auto* given = properties.if_contains("TimeToLiveSpecification");
  if (!given) return {};
  auto* enabled = json::find(*given, "Enabled");
  if (enabled && as_boolean(*enabled) == json::value(false)) return {};
  return std::string{json::text(*given, "AttributeName")};
}

operation_call time_to_live(const std::string& table, const std::string& attribute, bool enabled) {
  return on_table("UpdateTimeToLive", table,
                  {{"TimeToLiveSpecification", json::object{{"AttributeName", attribute}, {"Enabled", enabled}}}});
}

std::optional<operation_call> backups(const resource& r, const std::string& table) {
  auto* given = r.properties.if_contains("PointInTimeRecoverySpecification");
  if (!given) return {};
  json::object specification;
  auto* enabled = json::find(*given, "PointInTimeRecoveryEnabled");
  specification["PointInTimeRecoveryEnabled"] = enabled ? as_boolean(*enabled) : json::value(true);
  return on_table("UpdateContinuousBackups", table, {{"PointInTimeRecoverySpecification", std::move(specification)}});
}

api::answer<calls> create_table(const stack_identity& stack, const resource& r) {
  std::string table{json::text(r.properties, "TableName")};
  auto input = pick(r.properties, {"AttributeDefinitions", "KeySchema", "BillingMode", "LocalSecondaryIndexes",
                                   "StreamSpecification", "TableClass"});
  if (auto* given = r.properties.if_contains("GlobalSecondaryIndexes"))
    input["GlobalSecondaryIndexes"] = indexes(*given);
  if (auto* given = r.properties.if_contains("ProvisionedThroughput"))
    input["ProvisionedThroughput"] = throughput(*given);
  if (auto* given = r.properties.if_contains("DeletionProtectionEnabled"))
    input["DeletionProtectionEnabled"] = as_boolean(*given);
  if (auto* given = r.properties.if_contains("SSESpecification")) input["SSESpecification"] = encryption(*given);
  // A stream is given by its view alone in a template.
  if (auto* stream = input.if_contains("StreamSpecification"); stream && stream->is_object())
    stream->get_object()["StreamEnabled"] = true;
  if (auto tags = tag_list(stack, r); !tags.empty()) input["Tags"] = std::move(tags);
  calls out{on_table("CreateTable", table, std::move(input))};
  if (auto attribute = expires_by(r.properties); !attribute.empty())
    out.push_back(time_to_live(table, attribute, true));
  if (auto call = backups(r, table)) out.push_back(std::move(*call));
  return out;
}

void absorb_table(const stack_identity& stack, resource& r, const operation_call&, const json::value& answer) {
  r.physical_id = json::text(r.properties, "TableName");
  r.attributes["Arn"] = stack.scope.arn("dynamodb", "table/" + r.physical_id);
  auto* description = json::find(answer, "TableDescription");
  if (auto stream = description ? json::text(*description, "LatestStreamArn") : ""; !stream.empty())
    r.attributes["StreamArn"] = stream;
}

// Tags, and what is taken away by being switched off.
void update_table_aside(const stack_identity& stack, const resource& r, const former& before, calls& out) {
  if (auto now = expires_by(r.properties), then = expires_by(before.properties); now != then) {
    if (!then.empty()) out.push_back(time_to_live(r.physical_id, then, false));
    if (!now.empty()) out.push_back(time_to_live(r.physical_id, now, true));
  }
  if (differs(r, before, "PointInTimeRecoverySpecification")) {
    if (auto call = backups(r, r.physical_id))
      out.push_back(std::move(*call));
    else
      out.push_back(
          on_table("UpdateContinuousBackups", r.physical_id,
                   {{"PointInTimeRecoverySpecification", json::object{{"PointInTimeRecoveryEnabled", false}}}}));
  }
  auto tags = changed_tags(stack, r, before);
  auto arn = json::text(r.attributes, "Arn");
  json::array put;
  for (const auto& [name, value] : tags.put) put.push_back(json::object{{"Key", name}, {"Value", value}});
  if (!put.empty()) out.push_back({"dynamodb", "TagResource", json::object{{"ResourceArn", arn}, {"Tags", put}}});
  if (!tags.gone.empty())
    out.push_back({"dynamodb", "UntagResource", json::object{{"ResourceArn", arn}, {"TagKeys", tags.gone}}});
}

api::answer<calls> update_table(const stack_identity& stack, const resource& r, const former& before) {
  calls out;
  auto input = json::object{};
  for (auto name : {"BillingMode", "ProvisionedThroughput", "AttributeDefinitions"}) {
    auto* now = r.properties.if_contains(name);
    if (now && differs(r, before, name))
      input[name] = name == std::string_view{"ProvisionedThroughput"} ? throughput(*now) : *now;
  }
  if (differs(r, before, "DeletionProtectionEnabled")) {
    auto* protect = r.properties.if_contains("DeletionProtectionEnabled");
    input["DeletionProtectionEnabled"] = protect ? as_boolean(*protect) : json::value(false);
  }
  if (differs(r, before, "TableClass")) input["TableClass"] = json::text(r.properties, "TableClass", "STANDARD");
  if (differs(r, before, "SSESpecification")) {
    auto* given = r.properties.if_contains("SSESpecification");
    input["SSESpecification"] = given ? encryption(*given) : json::value(json::object{{"Enabled", false}});
  }
  if (differs(r, before, "StreamSpecification")) {
    json::object stream{{"StreamEnabled", r.properties.contains("StreamSpecification")}};
    if (auto* given = r.properties.if_contains("StreamSpecification"))
      stream["StreamViewType"] = json::text(*given, "StreamViewType");
    input["StreamSpecification"] = std::move(stream);
  }
  auto names_of = [](const json::object& properties) {
    std::map<std::string, json::value> named;
    auto* given = properties.if_contains("GlobalSecondaryIndexes");
    auto list = given ? indexes(*given) : json::array{};
    for (const auto& index : list) named.emplace(json::text(index, "IndexName"), index);
    return named;
  };
  json::array changes;
  auto now = names_of(r.properties), then = names_of(before.properties);
  for (const auto& [name, index] : now)
    if (!then.contains(name)) changes.push_back(json::object{{"Create", index}});
  for (const auto& [name, index] : then)
    if (!now.contains(name)) changes.push_back(json::object{{"Delete", json::object{{"IndexName", name}}}});
  if (!changes.empty()) {
    input["GlobalSecondaryIndexUpdates"] = std::move(changes);
    if (auto* definitions = r.properties.if_contains("AttributeDefinitions"))
      input["AttributeDefinitions"] = *definitions;
  }
  if (!input.empty()) out.push_back(on_table("UpdateTable", r.physical_id, std::move(input)));
  update_table_aside(stack, r, before, out);
  return out;
}

calls remove_table(const stack_identity&, const resource& r) { return {on_table("DeleteTable", r.physical_id)}; }

operation_call describe_table(const resource& r) { return on_table("DescribeTable", r.physical_id); }

readiness table_is_active(const api::answer<json::value>& answer) {
  if (!answer) return says_missing(answer.error()) ? readiness::failed : readiness::not_yet;
  auto* table = json::find(*answer, "Table");
  if (!table || json::text(*table, "TableStatus") != "ACTIVE") return readiness::not_yet;
  if (auto* more = json::find(*table, "GlobalSecondaryIndexes"); more && more->is_array())
    for (const auto& index : more->get_array())
      if (json::text(index, "IndexStatus", "ACTIVE") != "ACTIVE") return readiness::not_yet;
  return readiness::ready;
}

}  // namespace

std::span<const resource_type> dynamodb_types() {
  static const std::array types{
      resource_type{.name = "AWS::DynamoDB::Table",
                    .name_property = "TableName",
                    .name_length = 255,
                    .properties = {"AttributeDefinitions",
                                   "BillingMode",
                                   "ContributorInsightsSpecification",
                                   "DeletionProtectionEnabled",
                                   "GlobalSecondaryIndexes",
                                   "ImportSourceSpecification",
                                   "KeySchema",
                                   "KinesisStreamSpecification",
                                   "LocalSecondaryIndexes",
                                   "OnDemandThroughput",
                                   "PointInTimeRecoverySpecification",
                                   "ProvisionedThroughput",
                                   "ResourcePolicy",
                                   "SSESpecification",
                                   "StreamSpecification",
                                   "TableClass",
                                   "TableName",
                                   "Tags",
                                   "TimeToLiveSpecification",
                                   "WarmThroughput"},
                    .required = {"KeySchema"},
                    .replaced_by = {"TableName", "KeySchema", "LocalSecondaryIndexes"},
                    .create = create_table,
                    .absorb = absorb_table,
                    .update = update_table,
                    .remove = remove_table,
                    .settle = describe_table,
                    .settled = table_is_active,
                    .settles_after_remove = true},
  };
  return types;
}

}  // namespace mdlc::services::cloudformation
