#include "services/dynamodb/definition.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::services::dynamodb {
namespace {

using elements = std::vector<model::KeySchemaElement>;

std::string list(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const auto& name : names) out += (out.size() > 1 ? ", " : "") + name;
  return out + "]";
}

std::vector<std::string> names_of(const elements& keys) {
  std::vector<std::string> out;
  for (const auto& e : keys) out.push_back(e.AttributeName);
  return out;
}

api::answer<void> check_name(const std::string& name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  if (name.size() >= 3 && name.size() <= 255 && std::all_of(name.begin(), name.end(), is_allowed)) return {};
  return invalid(
      "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may "
      "contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'");
}

api::answer<void> check_keys(const elements& keys) {
  if (keys.size() > 2) return invalid_parameters("Too many KeySchemaElements: at most one HASH and one RANGE key");
  if (keys[0].KeyType != "HASH") return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  if (keys.size() == 1) return {};
  if (keys[0].AttributeName == keys[1].AttributeName)
    return invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name");
  if (keys[1].KeyType != "RANGE")
    return invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  return {};
}

api::answer<void> check_defined(const elements& keys, const std::vector<std::string>& defined) {
  for (const auto& name : names_of(keys))
    if (std::find(defined.begin(), defined.end(), name) == defined.end())
      return invalid_parameters(
          fmt::format("Some index key attributes are not defined in AttributeDefinitions. Keys: "
                      "{}, AttributeDefinitions: {}",
                      list(names_of(keys)), list(defined)));
  return {};
}

api::answer<void> check_projection(const model::Projection& p) {
  const auto type = p.ProjectionType.value_or("null");
  if (type == "INCLUDE" && !p.NonKeyAttributes)
    return invalid_parameters("ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
  if (type != "INCLUDE" && p.NonKeyAttributes)
    return invalid_parameters(fmt::format("ProjectionType is {}, but NonKeyAttributes is specified", type));
  if (type != "ALL" && type != "KEYS_ONLY" && type != "INCLUDE")
    return invalid_parameters(fmt::format("Unknown ProjectionType: {}", type));
  return {};
}

// What is checked of one index after another.
struct checker {
  const model::TableDescription& about;
  std::vector<std::string> defined{};
  std::set<std::string> used{};
  std::set<std::string> index_names{};
  size_t projected = 0;

  template <class Description>
  api::answer<void> check_index(const Description& d) {
    MDLC_CHECK(check_name(*d.IndexName));
    MDLC_CHECK(check_keys(*d.KeySchema));
    MDLC_CHECK(check_defined(*d.KeySchema, defined));
    MDLC_CHECK(check_projection(*d.Projection));
    if (!index_names.insert(*d.IndexName).second)
      return invalid_parameters(fmt::format("Duplicate index name: {}", *d.IndexName));
    for (auto& name : names_of(*d.KeySchema)) used.insert(name);
    if (d.Projection->NonKeyAttributes) projected += d.Projection->NonKeyAttributes->size();
    return {};
  }

  api::answer<void> check_local(const model::LocalSecondaryIndexDescription& d) {
    const auto& hash = d.KeySchema->front().AttributeName;
    const auto& table_hash = about.KeySchema->front().AttributeName;
    if (about.KeySchema->size() < 2)
      return invalid_parameters(
          "Table KeySchema does not have a range key, which is required when specifying a "
          "LocalSecondaryIndex");
    MDLC_CHECK(check_index(d));
    if (d.KeySchema->size() < 2)
      return invalid_parameters(fmt::format("Index KeySchema does not have a range key for index: {}", *d.IndexName));
    if (hash == table_hash) return {};
    return invalid_parameters(
        fmt::format("Index KeySchema does not have the same leading hash key as table KeySchema "
                    "for index: {}. index hash key: {}, table hash key: {}",
                    *d.IndexName, hash, table_hash));
  }

  api::answer<void> check_indexes() {
    if (about.LocalSecondaryIndexes) {
      if (about.LocalSecondaryIndexes->size() > max_local_indexes)
        return invalid_parameters("Number of LocalSecondaryIndexes exceeds per-table limit of 5");
      for (const auto& d : *about.LocalSecondaryIndexes) MDLC_CHECK(check_local(d));
    }
    if (about.GlobalSecondaryIndexes) {
      if (about.GlobalSecondaryIndexes->size() > max_global_indexes)
        return invalid_parameters("GlobalSecondaryIndex count exceeds the per-table limit of 20");
      for (const auto& d : *about.GlobalSecondaryIndexes) MDLC_CHECK(check_index(d));
    }
    if (projected > max_projected_attributes)
      return invalid_parameters("Total number of attributes in NonKeyAttributes exceeds the per-table limit of 100");
    return {};
  }

  api::answer<void> check_all_used() const {
    if (defined.size() == used.size()) return {};
    if (!about.LocalSecondaryIndexes && !about.GlobalSecondaryIndexes)
      return invalid_parameters(
          "Number of attributes in KeySchema does not exactly match number of attributes defined "
          "in AttributeDefinitions");
    return invalid_parameters(
        fmt::format("Some AttributeDefinitions are not used. AttributeDefinitions: {}, keys used: "
                    "{}",
                    list(defined), list({used.begin(), used.end()})));
  }
};

}  // namespace

api::answer<void> check_definition(const model::TableDescription& about) {
  MDLC_CHECK(check_name(*about.TableName));
  if (!about.AttributeDefinitions || !about.KeySchema)
    return invalid_parameters("AttributeDefinitions and KeySchema must be specified");
  checker c{about};
  for (const auto& d : *about.AttributeDefinitions) {
    if (std::find(c.defined.begin(), c.defined.end(), d.AttributeName) != c.defined.end())
      return invalid_parameters(fmt::format("Duplicate AttributeName in AttributeDefinitions: {}", d.AttributeName));
    c.defined.push_back(d.AttributeName);
  }
  MDLC_CHECK(check_keys(*about.KeySchema));
  MDLC_CHECK(check_defined(*about.KeySchema, c.defined));
  for (auto& name : names_of(*about.KeySchema)) c.used.insert(name);
  MDLC_CHECK(c.check_indexes());
  return c.check_all_used();
}

model::ProvisionedThroughputDescription describe_throughput(const std::optional<model::ProvisionedThroughput>& p) {
  model::ProvisionedThroughputDescription out;
  out.NumberOfDecreasesToday = 0;
  out.ReadCapacityUnits = p ? p->ReadCapacityUnits : 0;
  out.WriteCapacityUnits = p ? p->WriteCapacityUnits : 0;
  return out;
}

model::GlobalSecondaryIndexDescription describe_global(const base::scope& scope, const std::string& table,
                                                       const model::GlobalSecondaryIndex& in) {
  model::GlobalSecondaryIndexDescription out;
  out.IndexName = in.IndexName;
  out.KeySchema = in.KeySchema;
  out.Projection = in.Projection;
  out.IndexStatus = "ACTIVE";
  out.ProvisionedThroughput = describe_throughput(in.ProvisionedThroughput);
  out.OnDemandThroughput = in.OnDemandThroughput;
  out.IndexArn = fmt::format("{}/index/{}", table_arn(scope, table), in.IndexName);
  return out;
}

model::LocalSecondaryIndexDescription describe_local(const base::scope& scope, const std::string& table,
                                                     const model::LocalSecondaryIndex& in) {
  model::LocalSecondaryIndexDescription out;
  out.IndexName = in.IndexName;
  out.KeySchema = in.KeySchema;
  out.Projection = in.Projection;
  out.IndexArn = fmt::format("{}/index/{}", table_arn(scope, table), in.IndexName);
  return out;
}

api::answer<void> set_billing(model::TableDescription& about, const std::optional<std::string>& mode,
                              const std::optional<model::ProvisionedThroughput>& throughput, base::time_point now) {
  const bool was_on_demand = about.BillingModeSummary && about.BillingModeSummary->BillingMode == "PAY_PER_REQUEST";
  const bool on_demand = mode ? *mode == "PAY_PER_REQUEST" : was_on_demand;
  if (on_demand && throughput)
    return invalid_parameters(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST");
  const bool is_new = !about.ProvisionedThroughput;
  if (!on_demand && !throughput && (is_new || was_on_demand))
    return invalid_parameters(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
        "PROVISIONED");
  if (throughput || on_demand) about.ProvisionedThroughput = describe_throughput(throughput);
  if (mode && (on_demand || !is_new)) {
    if (!about.BillingModeSummary) about.BillingModeSummary.emplace();
    about.BillingModeSummary->BillingMode = *mode;
    if (on_demand && !was_on_demand) about.BillingModeSummary->LastUpdateToPayPerRequestDateTime = now;
  }
  return {};
}

void set_encryption(table& t, const model::SSESpecification& in) {
  if (!in.Enabled.value_or(false)) {
    t.about.SSEDescription.reset();
    return;
  }
  auto& out = t.about.SSEDescription.emplace();
  out.Status = "ENABLED";
  out.SSEType = in.SSEType.value_or("KMS");
  const auto key = in.KMSMasterKeyId.value_or("alias/aws/dynamodb");
  out.KMSMasterKeyArn =
      key.starts_with("arn:") ? key : t.scope.arn("kms", key.starts_with("alias/") ? key : "key/" + key);
}

void set_stream(model::TableDescription& about, const model::StreamSpecification& in) {
  if (in.StreamEnabled)
    about.StreamSpecification = in;
  else
    about.StreamSpecification.reset();
}

void set_class(model::TableDescription& about, const std::string& name, base::time_point now) {
  auto& out = about.TableClassSummary.emplace();
  out.TableClass = name;
  out.LastUpdateDateTime = now;
}

}  // namespace mdlc::services::dynamodb
