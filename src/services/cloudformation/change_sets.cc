// Change sets: an update (or creation) that is looked at first, as `aws cloudformation deploy` does.
#include <fmt/format.h>

#include "services/cloudformation/operations.h"
#include "services/cloudformation/submission.h"

namespace mdlc::services::cloudformation {
namespace {

constexpr std::string_view nothing_changes =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

struct change_set {
  std::string stack_id, name, id;
  json::object content;
  base::time_point created;
};

std::optional<change_set> find_change_set(store::reader& r, const base::scope& scope, std::string_view name_or_id,
                                          const std::optional<stack>& of) {
  bool by_id = name_or_id.starts_with("arn:");
  if (!by_id && !of) return {};
  auto row = r.first(fmt::format("SELECT stack_id, name, id, content, created_ms FROM cloudformation_change_sets WHERE "
                                 "account = ?1 AND region = ?2 AND {} = ?3{}",
                                 by_id ? "id" : "name", by_id ? "" : " AND stack_id = ?4"),
                     by_id ? store::parameters{scope.account, scope.region, name_or_id}
                           : store::parameters{scope.account, scope.region, name_or_id, of->identity.id});
  if (!row) return {};
  auto content = json::parse(row->text(3));
  if (!content || !content->is_object()) throw store::failure("a stored change set is not JSON");
  return change_set{row->text(0), row->text(1), row->text(2), std::move(content->get_object()),
                    base::from_ms(row->integer(4))};
}

void remove_change_set(store::transaction& t, const base::scope& scope, const change_set& which) {
  t.run("DELETE FROM cloudformation_change_sets WHERE account = ?1 AND region = ?2 AND stack_id = ?3 AND name = ?4",
        {scope.account, scope.region, which.stack_id, which.name});
}

tl::unexpected<api::error> no_such_change_set(std::string_view name) {
  return api::refuse("ChangeSetNotFound", fmt::format("ChangeSet [{}] does not exist", name), 404);
}

model::Change change_of(std::string_view action, const std::string& id, const std::string& type,
                        const std::string& physical, const std::optional<std::string>& replacement,
                        const std::set<std::string>& properties) {
  model::Change out;
  out.Type = "Resource";
  auto& change = out.ResourceChange.emplace();
  change.Action = action;
  change.LogicalResourceId = id;
  change.ResourceType = type;
  if (!physical.empty()) change.PhysicalResourceId = physical;
  change.Replacement = replacement;
  change.Scope.emplace();
  change.Details.emplace();
  if (!properties.empty()) change.Scope->push_back("Properties");
  for (const auto& name : properties) {
    model::ResourceChangeDetail detail;
    auto& target = detail.Target.emplace();
    target.Attribute = "Properties";
    target.Name = name;
    target.RequiresRecreation = replacement == "True" ? "Always" : "Never";
    detail.Evaluation = "Static";
    detail.ChangeSource = "DirectModification";
    change.Details->push_back(std::move(detail));
  }
  return out;
}

// What executing it would do, as far as that can be told before: properties that refer to others' attributes are
// compared by what stands now.
std::vector<model::Change> foresee(const submission& sub, const stack& existing,
                                   const std::vector<resource_row>& rows) {
  std::map<std::string, const item*> now;
  for (const auto& row : rows)
    if (row.status != "DELETE_COMPLETE" && row.status != "DELETE_SKIPPED") now[row.what.r.logical_id] = &row.what;
  surroundings around{existing.identity.scope.account,
                      existing.identity.scope.region,
                      existing.identity.id,
                      existing.identity.name,
                      sub.wanted.parameters,
                      [&](const std::string& id) -> api::answer<json::value> {
                        auto found = now.find(id);
                        return json::value(found == now.end() ? "{{new}}" : found->second->r.physical_id);
                      },
                      [&](const std::string& id, const std::string& name) -> api::answer<json::value> {
                        auto found = now.find(id);
                        auto* value = found == now.end() ? nullptr : found->second->r.attributes.if_contains(name);
                        return value ? *value : json::value("{{new}}");
                      },
                      [](const std::string&) -> api::answer<json::value> { return json::value("{{imported}}"); }};
  evaluator expressions{sub.parsed, around};
  std::vector<model::Change> out;
  std::set<std::string> kept;
  for (const auto& [id, declared] : sub.parsed.resources) {
    auto holds = expressions.condition(declared.condition);
    if (!holds || !*holds) continue;
    kept.insert(id);
    auto found = now.find(id);
    if (found == now.end()) {
      out.push_back(change_of("Add", id, declared.type, "", {}, {}));
      continue;
    }
    auto evaluated = expressions.evaluate(declared.properties);
    if (!evaluated || !*evaluated || !(*evaluated)->is_object()) continue;
    const auto& after = (*evaluated)->get_object();
    const auto* type = find_resource_type(declared.type);
    std::set<std::string> changed;
    for (const auto& [name, value] : after)
      if (auto* old = found->second->r.properties.if_contains(name); !old || *old != value) changed.emplace(name);
    for (const auto& [name, value] : found->second->r.properties)
      if (!after.contains(name) && !(found->second->generated_name && name == type->name_property))
        changed.emplace(name);
    if (changed.empty()) continue;
    bool replaces = !type->update;
    for (const auto& name : changed) replaces = replaces || type->replaced_by.contains(name);
    out.push_back(
        change_of("Modify", id, declared.type, found->second->r.physical_id, replaces ? "True" : "False", changed));
  }
  for (const auto& [id, one] : now)
    if (!kept.contains(id)) out.push_back(change_of("Remove", id, one->r.type, one->r.physical_id, {}, {}));
  return out;
}

bool never_executed(const stack& st) { return st.status == "REVIEW_IN_PROGRESS"; }

}  // namespace

api::answer<model::CreateChangeSet::output> create_change_set(service& s, api::call& c,
                                                              const model::CreateChangeSet::input& in) {
  auto existing = c.db().read([&](store::reader& r) { return find_stack(r, c.context.scope, in.StackName); });
  bool creates = in.ChangeSetType == "CREATE";
  if (in.ChangeSetType == "IMPORT") return api::refuse("ValidationError", "ChangeSetType IMPORT is not served by mdlc");
  if (!creates && (!existing || never_executed(*existing)))
    return api::refuse("ValidationError", fmt::format("Stack [{}] does not exist", in.StackName));
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
      st.emplace();
      st->identity = {
          c.context.scope,
          c.context.scope.arn("cloudformation", fmt::format("stack/{}/{}", in.StackName, s.host.env.uuid())),
          in.StackName, sub.tags};
      st->status = "REVIEW_IN_PROGRESS";
      st->capabilities = json::array{};
      st->created = now;
      insert_stack(t, *st);
      stack_rows{t, st->identity}.add_event(in.StackName, st->identity.id, "AWS::CloudFormation::Stack",
                                            "REVIEW_IN_PROGRESS", "User Initiated", {}, in.ClientToken.value_or(""),
                                            now);
    }
    // `aws cloudformation deploy` names a change set after the second. Here two fit into one, the first of which may
    // have found nothing to change and stays behind, of no use: its name is free. On AWS it cannot come to that.
    auto namesake = find_change_set(t, c.context.scope, in.ChangeSetName, st);
    if (namesake && json::text(namesake->content, "status") == "FAILED")
      remove_change_set(t, c.context.scope, *namesake);
    else if (namesake)
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
    t.run(
        "INSERT INTO cloudformation_change_sets (account, region, stack_id, name, id, content, created_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        {c.context.scope.account, c.context.scope.region, st->identity.id, in.ChangeSetName, out.Id,
         json::print(content), base::to_ms(now)});
    return out;
  });
}

api::answer<model::DescribeChangeSet::output> describe_change_set(service&, api::call& c,
                                                                  const model::DescribeChangeSet::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeChangeSet::output> {
    std::optional<stack> st;
    if (in.StackName) {
      st = find_stack(r, c.context.scope, *in.StackName);
      if (!st) return api::refuse("ValidationError", fmt::format("Stack [{}] does not exist", *in.StackName));
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
    out.ExecutionStatus = json::text(content, "execution");
    out.Parameters.emplace();
    for (const auto& [name, value] : content.at("parameters").get_object()) {
      model::Parameter p;
      p.ParameterKey = name;
      p.ParameterValue = json::view(value.get_string());
      out.Parameters->push_back(std::move(p));
    }
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
      if (!st) return api::refuse("ValidationError", fmt::format("Stack [{}] does not exist", *in.StackName));
    }
    auto found = find_change_set(t, c.context.scope, in.ChangeSetName, st);
    if (!found) return no_such_change_set(in.ChangeSetName);
    st = find_stack(t, c.context.scope, found->stack_id);
    const auto& content = found->content;
    if (!st || json::text(content, "execution") != "AVAILABLE")
      return api::refuse("InvalidChangeSetStatus",
                         fmt::format("ChangeSet [{}] cannot be executed in its current status of [{}]", found->id,
                                     json::text(content, "status")));
    bool creates = json::text(content, "type") == "CREATE";
    if (auto wrong = not_updatable(*st); wrong && !(creates && never_executed(*st))) return tl::unexpected(*wrong);
    submission sub;
    sub.wanted.text = json::text(content, "template");
    for (const auto& [name, value] : content.at("parameters").get_object())
      sub.wanted.parameters.emplace(name, json::view(value.get_string()));
    sub.tags = content.at("tags").get_object();
    MDLC_TRY(sub.parsed, parse_template(sub.wanted.text));
    if (auto role = json::text(content, "role"); !role.empty()) st->role = role;
    auto o = make_order(s, c, creates ? goal::create : goal::update, *st, sub, in.ClientRequestToken.value_or(""), t);
    auto failing = json::text(content, "on_failure");
    if (in.DisableRollback.value_or(false) || failing == "DO_NOTHING") o.failing = on_failure::do_nothing;
    if (creates && failing == "DELETE") o.failing = on_failure::remove;
    st->identity.tags = sub.tags;
    st->capabilities = content.at("capabilities");
    if (creates)
      t.run(
          "UPDATE cloudformation_stacks SET description = ?4, template = ?5 WHERE account = ?1 AND region = ?2 AND id "
          "= ?3",
          {c.context.scope.account, c.context.scope.region, st->identity.id, sub.parsed.description, sub.wanted.text});
    note_imports(t, st->identity, o);
    // Executed, it and the stack's other change sets are of no use any more.
    t.run("DELETE FROM cloudformation_change_sets WHERE account = ?1 AND region = ?2 AND stack_id = ?3",
          {c.context.scope.account, c.context.scope.region, st->identity.id});
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
      if (!st) return api::refuse("ValidationError", fmt::format("Stack [{}] does not exist", *in.StackName));
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
    if (!st) return api::refuse("ValidationError", fmt::format("Stack [{}] does not exist", in.StackName));
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
      one.ExecutionStatus = json::text(found->content, "execution");
      if (auto reason = json::text(found->content, "reason"); !reason.empty()) one.StatusReason = reason;
      one.CreationTime = found->created;
      out.Summaries->push_back(std::move(one));
    }
    return out;
  });
}

}  // namespace mdlc::services::cloudformation
