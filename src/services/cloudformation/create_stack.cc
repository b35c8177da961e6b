#include <fmt/format.h>

#include "services/cloudformation/operations.h"
#include "services/cloudformation/submission.h"

namespace mdlc::services::cloudformation {

api::answer<model::CreateStack::output> create_stack(service& s, api::call& c, const model::CreateStack::input& in) {
  MDLC_TRY(auto sub,
           submit(s, c, {in.TemplateBody, in.TemplateURL, false, in.Parameters, in.Capabilities, in.Tags}, nullptr));
  if (in.OnFailure && in.DisableRollback)
    return api::refuse("ValidationError", "You can specify either DisableRollback or OnFailure, but not both.");
  auto failing = on_failure::roll_back;
  if (in.DisableRollback.value_or(false) || in.OnFailure == "DO_NOTHING") failing = on_failure::do_nothing;
  if (in.OnFailure == "DELETE") failing = on_failure::remove;
  stack made;
  made.identity = {c.context.scope,
                   c.context.scope.arn("cloudformation", fmt::format("stack/{}/{}", in.StackName, s.host.env.uuid())),
                   in.StackName, sub.tags};
  made.status = "CREATE_IN_PROGRESS";
  made.description = sub.parsed.description;
  made.current = sub.wanted;
  made.capabilities = sub.capabilities;
  made.role = in.RoleARN.value_or("");
  made.protected_from_deletion = in.EnableTerminationProtection.value_or(false);
  made.disable_rollback = in.DisableRollback.value_or(false);
  made.created = s.host.env.now();
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateStack::output> {
    if (find_stack(t, c.context.scope, in.StackName))
      return api::refuse("AlreadyExistsException", fmt::format("Stack [{}] already exists", in.StackName));
    auto o = make_order(s, c, goal::create, made, sub, in.ClientRequestToken.value_or(""), t);
    o.failing = failing;
    insert_stack(t, made);
    note_imports(t, made.identity, o);
    s.begin(t, made, "CREATE_IN_PROGRESS", o);
    model::CreateStack::output out;
    out.StackId = made.identity.id;
    return out;
  });
}

api::answer<model::UpdateStack::output> update_stack(service& s, api::call& c, const model::UpdateStack::input& in) {
  auto seen = c.db().read([&](store::reader& r) { return find_stack(r, c.context.scope, in.StackName); });
  if (!seen) return api::refuse("ValidationError", fmt::format("Stack [{}] does not exist", in.StackName));
  MDLC_TRY(auto sub, submit(s, c,
                            {in.TemplateBody, in.TemplateURL, in.UsePreviousTemplate.value_or(false), in.Parameters,
                             in.Capabilities, in.Tags},
                            &*seen));
  return c.commit([&](store::transaction& t) -> api::answer<model::UpdateStack::output> {
    auto existing = find_stack(t, c.context.scope, in.StackName);
    if (!existing) return api::refuse("ValidationError", fmt::format("Stack [{}] does not exist", in.StackName));
    if (auto wrong = not_updatable(*existing)) return tl::unexpected(*wrong);
    if (!changes_anything(*existing, sub)) return api::refuse("ValidationError", "No updates are to be performed.");
    auto o = make_order(s, c, goal::update, *existing, sub, in.ClientRequestToken.value_or(""), t);
    if (in.DisableRollback.value_or(false)) o.failing = on_failure::do_nothing;
    existing->identity.tags = sub.tags;
    existing->capabilities = sub.capabilities;
    note_imports(t, existing->identity, o);
    s.begin(t, *existing, "UPDATE_IN_PROGRESS", o);
    model::UpdateStack::output out;
    out.StackId = existing->identity.id;
    return out;
  });
}

api::answer<model::DeleteStack::output> delete_stack(service& s, api::call& c, const model::DeleteStack::input& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteStack::output> {
    auto existing = find_stack(t, c.context.scope, in.StackName);
    // Deleting what is not there is no error, nor deleting twice.
    if (!existing || existing->deleted || existing->status == "DELETE_IN_PROGRESS") return model::DeleteStack::output{};
    if (existing->protected_from_deletion)
      return api::refuse(
          "ValidationError",
          fmt::format("Stack [{}] cannot be deleted while TerminationProtection is enabled", existing->identity.name));
    if (existing->status.ends_with("_IN_PROGRESS") && existing->status != "REVIEW_IN_PROGRESS")
      return api::refuse("ValidationError", fmt::format("Stack [{}] cannot be deleted while in status {}",
                                                        existing->identity.id, existing->status));
    for (const auto& e : exports(t, c.context.scope)) {
      if (e.stack_id != existing->identity.id) continue;
      if (auto users = importers(t, c.context.scope, e.name); !users.empty())
        return api::refuse("ValidationError", fmt::format("Export {} cannot be deleted as it is in use by {}", e.name,
                                                          fmt::join(users, ", ")));
    }
    order o;
    o.what = goal::remove;
    o.stack = existing->identity;
    o.principal = in.RoleARN.value_or(existing->role.empty() ? c.context.principal : existing->role);
    o.token = in.ClientRequestToken.value_or("");
    if (in.RetainResources) o.retained = {in.RetainResources->begin(), in.RetainResources->end()};
    for (auto& row : resources_of(t, existing->identity))
      if (row.status != "DELETE_COMPLETE" && row.status != "DELETE_SKIPPED") o.items.push_back(std::move(row.what));
    s.begin(t, *existing, "DELETE_IN_PROGRESS", o);
    return model::DeleteStack::output{};
  });
}

}  // namespace mdlc::services::cloudformation
