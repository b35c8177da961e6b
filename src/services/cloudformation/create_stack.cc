#include <fmt/format.h>

#include "services/cloudformation/operations.h"
#include "services/cloudformation/submission.h"

namespace mdlc::services::cloudformation {

api::answer<model::CreateStack::output> create_stack(service& s, api::call& c, const model::CreateStack::input& in) {
  if (auto wrong = wrong_stack_name(in.StackName)) return tl::unexpected(*wrong);
  if (in.OnFailure && in.DisableRollback)
    return api::refuse("ValidationError", "You can specify either DisableRollback or OnFailure, but not both.");
  MDLC_TRY(auto sub,
           submit(s, c, {in.TemplateBody, in.TemplateURL, false, in.Parameters, in.Capabilities, in.Tags}, nullptr));
  bool stays = in.DisableRollback.value_or(false) || in.OnFailure == "DO_NOTHING";
  auto made = new_stack(s, c, in.StackName, sub);
  made.status = "CREATE_IN_PROGRESS";
  made.description = sub.parsed.description;
  made.current = sub.wanted;
  made.role = in.RoleARN.value_or("");
  made.protected_from_deletion = in.EnableTerminationProtection.value_or(false);
  made.disable_rollback = stays;
  made.timeout_minutes = in.TimeoutInMinutes;
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateStack::output> {
    if (find_stack(t, c.context.scope, in.StackName))
      return api::refuse("AlreadyExistsException", fmt::format("Stack [{}] already exists", in.StackName));
    MDLC_TRY(auto o, make_order(c, goal::create, made, sub, in.ClientRequestToken.value_or(""), t));
    if (stays) o.failing = on_failure::do_nothing;
    if (in.OnFailure == "DELETE") o.failing = on_failure::remove;
    if (in.TimeoutInMinutes) o.give_up_at = made.created + std::chrono::minutes{*in.TimeoutInMinutes};
    insert_stack(t, made);
    s.begin(t, made, "CREATE_IN_PROGRESS", o);
    model::CreateStack::output out;
    out.StackId = made.identity.id;
    return out;
  });
}

}  // namespace mdlc::services::cloudformation
