#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cloudformation/operations.h"
#include "services/cloudformation/submission.h"

namespace mdlc::services::cloudformation {
namespace {

auto refuse(std::string message) { return api::refuse("ValidationError", std::move(message)); }

// RetainResources is for what could not be deleted.
api::answer<void> check_retained(store::reader& r, const stack& st, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  if (st.status != "DELETE_FAILED")
    return refuse(
        fmt::format("Invalid operation on stack [{}]. When you delete a stack, specify which resources to retain only "
                    "when the stack is in the DELETE_FAILED state.",
                    st.identity.id));
  std::map<std::string, std::string> status;
  for (const auto& row : resources_of(r, st.identity)) status[row.what.r.logical_id] = row.status;
  for (const auto& name : names) {
    auto found = status.find(name);
    if (found == status.end())
      return refuse(fmt::format("Resource {} does not exist for stack {}", name, st.identity.name));
    if (found->second == "DELETE_COMPLETE")
      return refuse(
          "The specified resources to retain must be in a valid state. Do not specify resources that are in the "
          "DELETE_COMPLETE state.");
  }
  return {};
}

// A creation under way becomes a deletion.
api::answer<model::DeleteStack::output> turn_back(service& s, store::transaction& t, const stack& st,
                                                  const std::string& token) {
  auto told = s.procedures.tell(t, st.operation, std::string{remove_message}, json::object{{"token", token}});
  if (!told || !*told)
    return refuse(fmt::format("Stack [{}] cannot be deleted while in status {}", st.identity.id, st.status));
  return model::DeleteStack::output{};
}

}  // namespace

api::answer<model::DeleteStack::output> delete_stack(service& s, api::call& c, const model::DeleteStack::input& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteStack::output> {
    auto existing = find_stack(t, c.context.scope, in.StackName);
    // Deleting what is not there is no error, nor deleting twice.
    if (!existing || existing->deleted || existing->status == "DELETE_IN_PROGRESS") return model::DeleteStack::output{};
    if (existing->protected_from_deletion)
      return refuse(
          fmt::format("Stack [{}] cannot be deleted while TerminationProtection is enabled", existing->identity.name));
    bool under_way = existing->status.ends_with("_IN_PROGRESS") && existing->status != "REVIEW_IN_PROGRESS";
    bool forced = in.DeletionMode == "FORCE_DELETE_STACK";
    if (forced && existing->status != "DELETE_FAILED")
      return refuse(
          fmt::format("Stack [{}] can be deleted by force only in the DELETE_FAILED state", existing->identity.id));
    auto retained = in.RetainResources.value_or(std::vector<std::string>{});
    MDLC_CHECK(check_retained(t, *existing, retained));
    for (const auto& e : exports(t, c.context.scope)) {
      if (e.stack_id != existing->identity.id) continue;
      if (auto users = importers(t, c.context.scope, e.name); !users.empty())
        return refuse(fmt::format("Export {} cannot be deleted as it is in use by {}", e.name, fmt::join(users, ", ")));
    }
    auto token = in.ClientRequestToken.value_or("");
    if (under_way) return turn_back(s, t, *existing, token);
    auto o = make_order(c, goal::remove, *existing, token, t);
    if (in.RoleARN) o.principal = *in.RoleARN;
    o.retained = {retained.begin(), retained.end()};
    o.forced = forced;
    s.begin(t, *existing, "DELETE_IN_PROGRESS", o);
    return model::DeleteStack::output{};
  });
}

api::answer<model::UpdateTerminationProtection::output> update_termination_protection(
    service&, api::call& c, const model::UpdateTerminationProtection::input& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::UpdateTerminationProtection::output> {
    auto existing = find_stack(t, c.context.scope, in.StackName);
    if (!existing || existing->deleted) return stack_does_not_exist(in.StackName);
    t.run("UPDATE cloudformation_stacks SET protected = ?4 WHERE account = ?1 AND region = ?2 AND id = ?3",
          {c.context.scope.account, c.context.scope.region, existing->identity.id, in.EnableTerminationProtection});
    model::UpdateTerminationProtection::output out;
    out.StackId = existing->identity.id;
    return out;
  });
}

}  // namespace mdlc::services::cloudformation
