// Updates, and how one is taken back: cancelled under way, rolled back after it failed, its rollback continued.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cloudformation/operations.h"
#include "services/cloudformation/submission.h"

namespace mdlc::services::cloudformation {
namespace {

api::answer<stack> need_stack(store::reader& r, const api::call& c, const std::string& name) {
  auto found = find_stack(r, c.context.scope, name);
  if (!found || found->deleted) return stack_does_not_exist(name);
  return std::move(*found);
}

}  // namespace

api::answer<model::UpdateStack::output> update_stack(service& s, api::call& c, const model::UpdateStack::input& in) {
  MDLC_TRY(auto seen, c.db().read([&](store::reader& r) { return need_stack(r, c, in.StackName); }));
  MDLC_TRY(auto sub, submit(s, c,
                            {in.TemplateBody, in.TemplateURL, in.UsePreviousTemplate.value_or(false), in.Parameters,
                             in.Capabilities, in.Tags},
                            &seen));
  return c.commit([&](store::transaction& t) -> api::answer<model::UpdateStack::output> {
    MDLC_TRY(auto existing, need_stack(t, c, in.StackName));
    if (auto wrong = not_updatable(existing)) return tl::unexpected(*wrong);
    if (!changes_anything(existing, sub)) return api::refuse("ValidationError", "No updates are to be performed.");
    if (in.RoleARN) existing.role = *in.RoleARN;
    MDLC_TRY(auto o, make_order(c, goal::update, existing, sub, in.ClientRequestToken.value_or(""), t));
    if (in.DisableRollback.value_or(false)) o.failing = on_failure::do_nothing;
    existing.identity.tags = sub.tags;
    existing.capabilities = sub.capabilities;
    retire_change_sets(t, existing.identity);
    s.begin(t, existing, "UPDATE_IN_PROGRESS", o);
    model::UpdateStack::output out;
    out.StackId = existing.identity.id;
    return out;
  });
}

api::answer<model::CancelUpdateStack::output> cancel_update_stack(service& s, api::call& c,
                                                                  const model::CancelUpdateStack::input& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::CancelUpdateStack::output> {
    MDLC_TRY(auto existing, need_stack(t, c, in.StackName));
    std::optional<api::answer<json::value>> told;
    if (existing.status == "UPDATE_IN_PROGRESS")
      told = s.procedures.tell(t, existing.operation, std::string{cancel_message}, json::object{});
    if (!told || !*told)
      return api::refuse("ValidationError", "CancelUpdateStack cannot be called from current stack status");
    return model::CancelUpdateStack::output{};
  });
}

api::answer<model::RollbackStack::output> rollback_stack(service& s, api::call& c,
                                                         const model::RollbackStack::input& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::RollbackStack::output> {
    MDLC_TRY(auto existing, need_stack(t, c, in.StackName));
    bool was_creation = existing.status == "CREATE_FAILED";
    if (!was_creation && existing.status != "UPDATE_FAILED")
      return api::refuse("ValidationError", fmt::format("Stack:{} is in {} state and can not be rolled back.",
                                                        existing.identity.id, existing.status));
    if (in.RoleARN) existing.role = *in.RoleARN;
    auto o = make_order(c, was_creation ? goal::create : goal::update, existing, in.ClientRequestToken.value_or(""), t);
    o.rolling_back = true;
    s.begin(t, existing, was_creation ? "ROLLBACK_IN_PROGRESS" : "UPDATE_ROLLBACK_IN_PROGRESS", o);
    model::RollbackStack::output out;
    out.StackId = existing.identity.id;
    return out;
  });
}

api::answer<model::ContinueUpdateRollback::output> continue_update_rollback(
    service& s, api::call& c, const model::ContinueUpdateRollback::input& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::ContinueUpdateRollback::output> {
    MDLC_TRY(auto existing, need_stack(t, c, in.StackName));
    if (existing.status != "UPDATE_ROLLBACK_FAILED")
      return api::refuse("ValidationError",
                         fmt::format("Stack:{} is in {} state and can not continue its update rollback.",
                                     existing.identity.id, existing.status));
    if (in.RoleARN) existing.role = *in.RoleARN;
    auto o = make_order(c, goal::update, existing, in.ClientRequestToken.value_or(""), t);
    o.rolling_back = true;
    if (in.ResourcesToSkip) o.skipped = {in.ResourcesToSkip->begin(), in.ResourcesToSkip->end()};
    auto unskippable = o.skipped;
    for (const auto& row : resources_of(t, existing.identity))
      if (row.status == "UPDATE_FAILED") unskippable.erase(row.what.r.logical_id);
    if (!unskippable.empty())
      return api::refuse("ValidationError",
                         fmt::format("The following resources cannot be skipped, as they are not in the UPDATE_FAILED "
                                     "state: [{}]",
                                     fmt::join(unskippable, ", ")));
    s.begin(t, existing, "UPDATE_ROLLBACK_IN_PROGRESS", o);
    return model::ContinueUpdateRollback::output{};
  });
}

}  // namespace mdlc::services::cloudformation
