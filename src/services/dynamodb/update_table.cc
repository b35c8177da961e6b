#include "services/dynamodb/definition.h"
#include "services/dynamodb/describe.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/rows.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

class changer {
 public:
  changer(service& s, store::transaction& t, const table& before) : s_(s), t_(t), after_(before) {}

  api::answer<model::UpdateTableOutput> run(const model::UpdateTableInput& in) {
    MDLC_CHECK(set_settings(in));
    if (in.AttributeDefinitions) define(*in.AttributeDefinitions);
    if (in.GlobalSecondaryIndexUpdates) MDLC_CHECK(change_indexes(*in.GlobalSecondaryIndexUpdates));
    forget_unused_definitions();
    MDLC_CHECK(check_definition(after_.about));
    read_schema(after_);
    if (created_) fill(*after_.find_index(*created_));
    catalog::write(t_, after_, s_.host.env.uuid());
    t_.after_commit([&s = s_] { s.sweeper.start(); });
    model::UpdateTableOutput out;
    out.TableDescription = describe(t_, after_);
    return out;
  }

 private:
  api::answer<void> set_settings(const model::UpdateTableInput& in) {
    const auto now = s_.host.env.now();
    auto& about = after_.about;
    if (in.BillingMode || in.ProvisionedThroughput)
      MDLC_CHECK(set_billing(about, in.BillingMode, in.ProvisionedThroughput, now));
    if (in.SSESpecification) set_encryption(after_, *in.SSESpecification);
    if (in.StreamSpecification) set_stream(about, *in.StreamSpecification);
    if (in.TableClass) set_class(about, *in.TableClass, now);
    if (in.OnDemandThroughput) about.OnDemandThroughput = in.OnDemandThroughput;
    if (in.DeletionProtectionEnabled) about.DeletionProtectionEnabled = in.DeletionProtectionEnabled;
    return {};
  }

  // Definitions are added to those there are; a type that is in use cannot change.
  void define(const std::vector<model::AttributeDefinition>& definitions) {
    auto& all = *after_.about.AttributeDefinitions;
    for (const auto& d : definitions) {
      const auto is_it = [&](const auto& other) { return other.AttributeName == d.AttributeName; };
      if (std::none_of(all.begin(), all.end(), is_it)) all.push_back(d);
    }
  }

  api::answer<void> change_indexes(const std::vector<model::GlobalSecondaryIndexUpdate>& updates) {
    size_t slow = 0;
    for (const auto& u : updates) slow += u.Create.has_value() + u.Delete.has_value();
    const bool is_busy =
        std::any_of(after_.indexes.begin(), after_.indexes.end(), [](const auto& i) { return !i.is_ready; });
    if (slow > 1 || (slow == 1 && is_busy))
      return api::refuse("LimitExceededException",
                         "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per "
                         "table");
    for (const auto& u : updates) {
      if (u.Create) MDLC_CHECK(create(*u.Create));
      if (u.Delete) MDLC_CHECK(remove(u.Delete->IndexName));
      if (u.Update) MDLC_CHECK(update(*u.Update));
    }
    return {};
  }

  api::answer<void> create(const model::CreateGlobalSecondaryIndexAction& in) {
    if (after_.find_index(in.IndexName)) return invalid("Attempting to create an index which already exists");
    model::GlobalSecondaryIndex index;
    index.IndexName = in.IndexName;
    index.KeySchema = in.KeySchema;
    index.Projection = in.Projection;
    index.ProvisionedThroughput = in.ProvisionedThroughput;
    index.OnDemandThroughput = in.OnDemandThroughput;
    auto made = describe_global(after_.scope, after_.name(), index);
    made.IndexStatus = "CREATING";
    made.Backfilling = true;
    if (!after_.about.GlobalSecondaryIndexes) after_.about.GlobalSecondaryIndexes.emplace();
    after_.about.GlobalSecondaryIndexes->push_back(std::move(made));
    after_.index_ids[in.IndexName] = after_.next_index_id++;
    created_ = in.IndexName;
    return {};
  }

  api::answer<std::vector<model::GlobalSecondaryIndexDescription>::iterator> find(const std::string& name) {
    auto& all = after_.about.GlobalSecondaryIndexes;
    if (!all) return no_such_table();
    const auto it = std::find_if(all->begin(), all->end(), [&](const auto& d) { return d.IndexName == name; });
    if (it == all->end()) return no_such_table();
    return it;
  }

  api::answer<void> remove(const std::string& name) {
    MDLC_TRY(const auto it, find(name));
    auto& all = after_.about.GlobalSecondaryIndexes;
    all->erase(it);
    if (all->empty()) all.reset();
    t_.run("INSERT INTO dynamodb_dropped (account, region, table_id, index_id) VALUES (?1, ?2, ?3, ?4)",
           {after_.scope.account, after_.scope.region, after_.id, after_.index_ids.at(name)});
    after_.index_ids.erase(name);
    return {};
  }

  api::answer<void> update(const model::UpdateGlobalSecondaryIndexAction& in) {
    MDLC_TRY(const auto it, find(in.IndexName));
    if (in.ProvisionedThroughput) it->ProvisionedThroughput = describe_throughput(in.ProvisionedThroughput);
    if (in.OnDemandThroughput) it->OnDemandThroughput = in.OnDemandThroughput;
    return {};
  }

  void forget_unused_definitions() {
    std::set<std::string> used;
    const auto use = [&](const auto& keys) {
      for (const auto& e : *keys) used.insert(e.AttributeName);
    };
    auto& about = after_.about;
    use(about.KeySchema);
    if (about.LocalSecondaryIndexes)
      for (const auto& d : *about.LocalSecondaryIndexes) use(d.KeySchema);
    if (about.GlobalSecondaryIndexes)
      for (const auto& d : *about.GlobalSecondaryIndexes) use(d.KeySchema);
    std::erase_if(*about.AttributeDefinitions, [&](const auto& d) { return !used.contains(d.AttributeName); });
  }

  // A small table's index is ready with this commit; the sweeper fills a large one.
  void fill(const index& i) {
    if (fill_index(t_, after_, i, {}, sweep_rows)) return;
    auto& made = after_.about.GlobalSecondaryIndexes->back();
    made.IndexStatus = "ACTIVE";
    made.Backfilling.reset();
    read_schema(after_);
  }

  service& s_;
  store::transaction& t_;
  table after_;
  std::optional<std::string> created_;
};

}  // namespace

api::answer<model::UpdateTableOutput> update_table(service& s, api::call& call, const model::UpdateTableInput& in) {
  if (in.VectorIndexUpdates) return invalid_parameters("VectorIndexes are not supported");
  if (in.ReplicaUpdates || in.GlobalTableWitnessUpdates || in.MultiRegionConsistency)
    return invalid_parameters("Global tables are not supported");
  if (!in.BillingMode && !in.ProvisionedThroughput && !in.GlobalSecondaryIndexUpdates && !in.StreamSpecification &&
      !in.SSESpecification && !in.TableClass && !in.DeletionProtectionEnabled && !in.OnDemandThroughput &&
      !in.WarmThroughput)
    return invalid(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
        "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
  return call.commit([&](store::transaction& t) -> api::answer<model::UpdateTableOutput> {
    MDLC_TRY(const auto found, find_named_table(s.tables, t, call.context.scope, in.TableName));
    return changer(s, t, *found).run(in);
  });
}

}  // namespace mdlc::services::dynamodb
