#include "services/cloudformation/change_set.h"

#include <fmt/format.h>

namespace mdlc::services::cloudformation {
namespace {

model::Change change_of(std::string_view action, const std::string& id, const std::string& type,
                        const std::string& physical, const std::optional<std::string>& replacement,
                        const std::set<std::string>& properties, bool tags_change = false) {
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
  if (tags_change) change.Scope->push_back("Tags");
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

}  // namespace

tl::unexpected<api::error> no_such_change_set(std::string_view name) {
  return api::refuse("ChangeSetNotFound", fmt::format("ChangeSet [{}] does not exist", name), 404);
}

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

void put_change_set(store::transaction& t, const base::scope& scope, const change_set& c) {
  t.run(
      "INSERT INTO cloudformation_change_sets (account, region, stack_id, name, id, content, created_ms) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (account, region, stack_id, name) DO UPDATE SET "
      "id = excluded.id, content = excluded.content, created_ms = excluded.created_ms",
      {scope.account, scope.region, c.stack_id, c.name, c.id, json::print(c.content), base::to_ms(c.created)});
}

void remove_change_set(store::transaction& t, const base::scope& scope, const change_set& which) {
  t.run("DELETE FROM cloudformation_change_sets WHERE account = ?1 AND region = ?2 AND stack_id = ?3 AND name = ?4",
        {scope.account, scope.region, which.stack_id, which.name});
}

void retire_change_sets(store::transaction& t, const stack_identity& of) {
  for (const auto& row : t.query("SELECT id FROM cloudformation_change_sets WHERE account = ?1 AND region = ?2 AND "
                                 "stack_id = ?3",
                                 {of.scope.account, of.scope.region, of.id})) {
    auto found = find_change_set(t, of.scope, row.text(0), {});
    auto& execution = found->content["execution"];
    if (execution == "EXECUTED") {
      remove_change_set(t, of.scope, *found);
    } else if (execution == "AVAILABLE") {
      execution = "OBSOLETE";
      put_change_set(t, of.scope, *found);
    }
  }
}

std::string execution_status(const change_set& c, const stack& st) {
  std::string execution{json::text(c.content, "execution")};
  if (execution != "EXECUTED") return execution;
  if (st.status.ends_with("_IN_PROGRESS")) return "EXECUTE_IN_PROGRESS";
  bool failed = st.status.ends_with("_FAILED") || st.status.find("ROLLBACK") != std::string::npos;
  return failed ? "EXECUTE_FAILED" : "EXECUTE_COMPLETE";
}

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
    bool tags_change = type->takes_tags() && found->second->tags != sub.tags;
    if (changed.empty() && !tags_change && found->second->r.type == declared.type) continue;
    bool replaces = !type->update || found->second->r.type != declared.type;
    for (const auto& name : changed) replaces = replaces || type->replaced_by.contains(name);
    out.push_back(change_of("Modify", id, declared.type, found->second->r.physical_id, replaces ? "True" : "False",
                            changed, tags_change));
  }
  for (const auto& [id, one] : now)
    if (!kept.contains(id)) out.push_back(change_of("Remove", id, one->r.type, one->r.physical_id, {}, {}));
  return out;
}

}  // namespace mdlc::services::cloudformation
