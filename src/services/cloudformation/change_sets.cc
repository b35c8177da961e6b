// Change sets: an update (or creation) that is looked at first, as `aws cloudformation deploy` does.
#include <fmt/format.h>

#include "services/cloudformation/change_set.h"
#include "services/cloudformation/operations.h"

namespace mdlc::services::cloudformation {
namespace {

constexpr std::string_view nothing_changes =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

bool never_executed(const stack& st) { return st.status == "REVIEW_IN_PROGRESS"; }

revision revision_of(const json::object& content) {
  revision out;
  out.text = json::text(content, "template");
  for (const auto& [name, value] : content.at("parameters").get_object())
    out.parameters.emplace(name, json::view(value.get_string()));
  out.tags = content.at("tags").get_object();
  return out;
}

}  // namespace

api::answer<model::CreateChangeSet::output> create_change_set(service& s, api::call& c,
                                                              const model::CreateChangeSet::input& in) {
  auto existing = c.db().read([&](store::reader& r) { return find_stack(r, c.context.scope, in.StackName); });
  bool creates = in.ChangeSetType == "CREATE";
  if (auto wrong = creates && !existing ? wrong_stack_name(in.StackName) : std::nullopt) return tl::unexpected(*wrong);
  if (in.ChangeSetType == "IMPORT") return api::refuse("ValidationError", "ChangeSetType IMPORT is not served by mdlc");
  if (!creates && (!existing || never_executed(*existing))) return stack_does_not_exist(in.StackName);
  if (!creates)
    if (auto wrong = not_updatable(*existing)) return tl::unexpected(*wrong);
  if (creates && existing && !never_executed(*existing))
    return api::refuse("ValidationError",
                       fmt::format("Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                                   in.StackName, in.ChangeSetName));
  MDLC_TRY(auto sub, submit(s, c,
                            {in.TemplateBody, in.TemplateURL, in.UsePreviousTemplate.value_or(false), in.Parameters,
                             in.Capabilities, in.Tags},
                            existing ? &*existing : nullptr));
  auto now = s.host.env.now();
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateChangeSet::output> {
    auto st = find_stack(t, c.context.scope, in.StackName);
    if (!st) {
      st = new_stack(s, c, in.StackName, sub);
      st->status = "REVIEW_IN_PROGRESS";
      insert_stack(t, *st);
      stack_rows{t, st->identity}.add_event(in.StackName, st->identity.id, "AWS::CloudFormation::Stack",
                                            "REVIEW_IN_PROGRESS", "User Initiated", {}, in.ClientToken.value_or(""),
                                            now);
    }
    // `aws cloudformation deploy` names a change set after the second. Here two fit into one, the first of which may
    // have found nothing to change, or be executed already: its name is free. On AWS it cannot come to that.
    auto namesake = find_change_set(t, c.context.scope, in.ChangeSetName, st);
    bool is_free = !namesake || json::text(namesake->content, "status") == "FAILED" ||
                   json::text(namesake->content, "execution") == "EXECUTED";
    if (!is_free)
      return api::refuse("AlreadyExistsException",
                         fmt::format("ChangeSet {} cannot be created due to a mismatch with existing "
                                     "attribute {}",
                                     in.ChangeSetName, "Template"));
    auto changes = foresee(sub, *st, resources_of(t, st->identity));
    bool changes_nothing = !creates && !changes_anything(*st, sub);
    json::object content;
    content["type"] = creates ? "CREATE" : "UPDATE";
    content["template"] = sub.wanted.text;
    json::object parameters;
    for (const auto& [name, value] : sub.wanted.parameters) parameters[name] = value;
    content["parameters"] = std::move(parameters);
    content["tags"] = sub.tags;
    content["capabilities"] = sub.capabilities;
    content["description"] = in.Description.value_or("");
    content["role"] = in.RoleARN.value_or("");
    content["on_failure"] = in.OnStackFailure.value_or("");
    json::array shown;
    for (const auto& change : changes) shown.push_back(to_json(change));
    content["changes"] = std::move(shown);
    content["status"] = changes_nothing ? "FAILED" : "CREATE_COMPLETE";
    content["reason"] = changes_nothing ? nothing_changes : "";
    content["execution"] = changes_nothing ? "UNAVAILABLE" : "AVAILABLE";
    model::CreateChangeSet::output out;
    out.Id = c.context.scope.arn("cloudformation", fmt::format("changeSet/{}/{}", in.ChangeSetName, s.host.env.uuid()));
    out.StackId = st->identity.id;
    put_change_set(t, c.context.scope,
                   {st->identity.id, in.ChangeSetName, out.Id.value_or(""), std::move(content), now});
    return out;
  });
}

api::answer<model::DescribeChangeSet::output> describe_change_set(service&, api::call& c,
                                                                  const model::DescribeChangeSet::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeChangeSet::output> {
    std::optional<stack> st;
    if (in.StackName) {
      st = find_stack(r, c.context.scope, *in.StackName);
      if (!st) return stack_does_not_exist(*in.StackName);
    }
    auto found = find_change_set(r, c.context.scope, in.ChangeSetName, st);
    if (!found) return no_such_change_set(in.ChangeSetName);
    if (!st) st = find_stack(r, c.context.scope, found->stack_id);
    if (!st) return no_such_change_set(in.ChangeSetName);
    const auto& content = found->content;
    model::DescribeChangeSet::output out;
    out.ChangeSetName = found->name;
    out.ChangeSetId = found->id;
    out.StackId = found->stack_id;
    out.StackName = st->identity.name;
    if (auto text = json::text(content, "description"); !text.empty()) out.Description = text;
    out.CreationTime = found->created;
    out.Status = json::text(content, "status");
    if (auto text = json::text(content, "reason"); !text.empty()) out.StatusReason = text;
    out.ExecutionStatus = execution_status(*found, *st);
    stack changed = *st;
    changed.current = revision_of(content);
    out.Parameters = shown_parameters(changed);
    out.Tags.emplace();
    for (const auto& [name, value] : content.at("tags").get_object())
      out.Tags->push_back({std::string{name}, std::string{json::view(value.get_string())}});
    out.Capabilities.emplace();
    for (const auto& one : content.at("capabilities").get_array())
      out.Capabilities->emplace_back(json::view(one.get_string()));
    out.Changes.emplace();
    for (const auto& one : content.at("changes").get_array()) {
      model::Change change;
      from_json(one, change);
      out.Changes->push_back(std::move(change));
    }
    out.NotificationARNs.emplace();
    out.RollbackConfiguration.emplace();
    return out;
  });
}

api::answer<model::ExecuteChangeSet::output> execute_change_set(service& s, api::call& c,
                                                                const model::ExecuteChangeSet::input& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::ExecuteChangeSet::output> {
    std::optional<stack> st;
    if (in.StackName) {
      st = find_stack(t, c.context.scope, *in.StackName);
      if (!st) return stack_does_not_exist(*in.StackName);
    }
    auto found = find_change_set(t, c.context.scope, in.ChangeSetName, st);
    if (!found) return no_such_change_set(in.ChangeSetName);
    st = find_stack(t, c.context.scope, found->stack_id);
    const auto& content = found->content;
    if (!st) return no_such_change_set(in.ChangeSetName);
    if (json::text(content, "status") != "CREATE_COMPLETE")
      return api::refuse("InvalidChangeSetStatus",
                         fmt::format("ChangeSet [{}] cannot be executed in its current status of [{}]", found->id,
                                     json::text(content, "status")));
    if (auto execution = execution_status(*found, *st); execution != "AVAILABLE")
      return api::refuse("InvalidChangeSetStatus",
                         fmt::format("ChangeSet [{}] cannot be executed in its current execution status of [{}]",
                                     found->id, execution));
    bool creates = json::text(content, "type") == "CREATE";
    if (auto wrong = not_updatable(*st); wrong && !(creates && never_executed(*st))) return tl::unexpected(*wrong);
    submission sub;
    sub.wanted = revision_of(content);
    sub.tags = sub.wanted.tags;
    MDLC_TRY(sub.parsed, parse_template(sub.wanted.text));
    if (auto role = json::text(content, "role"); !role.empty()) st->role = role;
    MDLC_TRY(auto o,
             make_order(c, creates ? goal::create : goal::update, *st, sub, in.ClientRequestToken.value_or(""), t));
    auto failing = json::text(content, "on_failure");
    bool stays = in.DisableRollback.value_or(false) || failing == "DO_NOTHING";
    if (stays) o.failing = on_failure::do_nothing;
    if (creates && failing == "DELETE") o.failing = on_failure::remove;
    st->identity.tags = sub.tags;
    st->capabilities = content.at("capabilities");
    st->change_set = found->id;
    if (creates) {
      st->disable_rollback = stays;
      st->description = sub.parsed.description;
      st->current = sub.wanted;
      replace_review(t, *st);
    }
    // The stack's other change sets are of no use any more; it is kept, to be looked at.
    retire_change_sets(t, st->identity);
    auto executed = *found;
    executed.content["execution"] = "EXECUTED";
    put_change_set(t, c.context.scope, executed);
    s.begin(t, *st, creates ? "CREATE_IN_PROGRESS" : "UPDATE_IN_PROGRESS", o);
    return model::ExecuteChangeSet::output{};
  });
}

api::answer<model::DeleteChangeSet::output> delete_change_set(service&, api::call& c,
                                                              const model::DeleteChangeSet::input& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteChangeSet::output> {
    std::optional<stack> st;
    if (in.StackName) {
      st = find_stack(t, c.context.scope, *in.StackName);
      if (!st) return stack_does_not_exist(*in.StackName);
    }
    if (auto found = find_change_set(t, c.context.scope, in.ChangeSetName, st))
      remove_change_set(t, c.context.scope, *found);
    return model::DeleteChangeSet::output{};
  });
}

api::answer<model::ListChangeSets::output> list_change_sets(service&, api::call& c,
                                                            const model::ListChangeSets::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::ListChangeSets::output> {
    auto st = find_stack(r, c.context.scope, in.StackName);
    if (!st) return stack_does_not_exist(in.StackName);
    model::ListChangeSets::output out;
    out.Summaries.emplace();
    for (const auto& row : r.query("SELECT name FROM cloudformation_change_sets WHERE account = ?1 AND region = ?2 AND "
                                   "stack_id = ?3 ORDER BY created_ms",
                                   {c.context.scope.account, c.context.scope.region, st->identity.id})) {
      auto found = find_change_set(r, c.context.scope, row.text(0), st);
      model::ChangeSetSummary one;
      one.StackId = found->stack_id;
      one.StackName = st->identity.name;
      one.ChangeSetId = found->id;
      one.ChangeSetName = found->name;
      one.Status = json::text(found->content, "status");
      one.ExecutionStatus = execution_status(*found, *st);
      if (auto reason = json::text(found->content, "reason"); !reason.empty()) one.StatusReason = reason;
      one.CreationTime = found->created;
      out.Summaries->push_back(std::move(one));
    }
    return out;
  });
}

}  // namespace mdlc::services::cloudformation
