#include "services/dynamodb/definition.h"
#include "services/dynamodb/describe.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr size_t max_tables = 2500;  // in an account and region, as on AWS

void add_indexes(table& out, const model::CreateTableInput& in, const std::string& name) {
  if (in.LocalSecondaryIndexes) {
    auto& all = out.about.LocalSecondaryIndexes.emplace();
    for (const auto& i : *in.LocalSecondaryIndexes) all.push_back(describe_local(out.scope, name, i));
  }
  if (in.GlobalSecondaryIndexes) {
    auto& all = out.about.GlobalSecondaryIndexes.emplace();
    for (const auto& i : *in.GlobalSecondaryIndexes) all.push_back(describe_global(out.scope, name, i));
  }
}

void number_indexes(table& out) {
  const auto number = [&](const std::string& name) { out.index_ids[name] = out.next_index_id++; };
  if (out.about.LocalSecondaryIndexes)
    for (const auto& d : *out.about.LocalSecondaryIndexes) number(*d.IndexName);
  if (out.about.GlobalSecondaryIndexes)
    for (const auto& d : *out.about.GlobalSecondaryIndexes) number(*d.IndexName);
}

api::answer<table> make_table(service& s, const base::scope& scope, const model::CreateTableInput& in) {
  if (in.VectorIndexes) return invalid_parameters("VectorIndexes are not supported");
  if (in.GlobalTableSourceArn) return invalid_parameters("Global tables are not supported");
  const auto now = s.host.env.now();
  table out;
  out.scope = scope;
  auto& about = out.about;
  MDLC_TRY(about.TableName, table_name(scope, in.TableName));
  about.AttributeDefinitions = in.AttributeDefinitions;
  about.KeySchema = in.KeySchema;
  add_indexes(out, in, *about.TableName);
  MDLC_CHECK(check_definition(about));
  MDLC_CHECK(set_billing(about, in.BillingMode, in.ProvisionedThroughput, now));
  about.TableStatus = "ACTIVE";
  about.CreationDateTime = now;
  about.TableArn = table_arn(scope, *about.TableName);
  about.TableId = s.host.env.uuid();
  about.DeletionProtectionEnabled = in.DeletionProtectionEnabled.value_or(false);
  about.OnDemandThroughput = in.OnDemandThroughput;
  if (in.SSESpecification) set_encryption(out, *in.SSESpecification);
  if (in.StreamSpecification) set_stream(about, *in.StreamSpecification);
  if (in.TableClass) set_class(about, *in.TableClass, now);
  if (in.Tags) out.tags = *in.Tags;
  number_indexes(out);
  read_schema(out);
  return out;
}

}  // namespace

api::answer<model::CreateTableOutput> create_table(service& s, api::call& call, const model::CreateTableInput& in) {
  const auto& scope = call.context.scope;
  MDLC_TRY(auto made, make_table(s, scope, in));
  return call.commit([&](store::transaction& t) -> api::answer<model::CreateTableOutput> {
    if (s.tables.find(t, scope, made.name()))
      return api::refuse("ResourceInUseException", fmt::format("Table already exists: {}", made.name()));
    const auto count = t.first("SELECT count(*) FROM dynamodb_tables WHERE account = ?1 AND region = ?2",
                               {scope.account, scope.region});
    if (count->integer(0) >= static_cast<int64_t>(max_tables))
      return api::refuse(
          "LimitExceededException",
          fmt::format("Subscriber limit exceeded: there is a limit of {} tables per subscriber", max_tables));
    catalog::write(t, made, s.host.env.uuid());
    model::CreateTableOutput out;
    out.TableDescription = describe(t, made);
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
