#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr int64_t default_recovery_days = 35;

model::ContinuousBackupsDescription describe_backups(const table& t) {
  model::ContinuousBackupsDescription out;
  out.ContinuousBackupsStatus = "ENABLED";
  auto& recovery = out.PointInTimeRecoveryDescription.emplace();
  recovery.PointInTimeRecoveryStatus = t.recovery_days ? "ENABLED" : "DISABLED";
  recovery.RecoveryPeriodInDays = t.recovery_days;
  return out;
}

api::answer<catalog::pointer> find(service& s, store::reader& r, const base::scope& scope, const std::string& given) {
  MDLC_TRY(const auto name, table_name(scope, given));
  auto found = s.tables.find(r, scope, name);
  if (!found) return api::refuse("TableNotFoundException", fmt::format("Table not found: {}", name));
  return found;
}

}  // namespace

// The setting is kept and shown; there is nothing to recover from.
api::answer<model::UpdateContinuousBackupsOutput> update_continuous_backups(
    service& s, api::call& call, const model::UpdateContinuousBackupsInput& in) {
  const auto& wanted = in.PointInTimeRecoverySpecification;
  return call.commit([&](store::transaction& t) -> api::answer<model::UpdateContinuousBackupsOutput> {
    MDLC_TRY(const auto found, find(s, t, call.context.scope, in.TableName));
    table changed = *found;
    changed.recovery_days.reset();
    if (wanted.PointInTimeRecoveryEnabled)
      changed.recovery_days = wanted.RecoveryPeriodInDays.value_or(default_recovery_days);
    catalog::write(t, changed, s.host.env.uuid());
    model::UpdateContinuousBackupsOutput out;
    out.ContinuousBackupsDescription = describe_backups(changed);
    return out;
  });
}

api::answer<model::DescribeContinuousBackupsOutput> describe_continuous_backups(
    service& s, api::call& call, const model::DescribeContinuousBackupsInput& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::DescribeContinuousBackupsOutput> {
    MDLC_TRY(const auto found, find(s, r, call.context.scope, in.TableName));
    model::DescribeContinuousBackupsOutput out;
    out.ContinuousBackupsDescription = describe_backups(*found);
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
