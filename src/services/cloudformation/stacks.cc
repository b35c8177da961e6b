#include "services/cloudformation/stacks.h"

#include <fmt/format.h>

namespace mdlc::services::cloudformation {
namespace {

constexpr std::string_view stack_columns =
    "id, name, status, status_reason, description, template, parameters, tags, outputs, capabilities, operation, role, "
    "protected, disable_rollback, created_ms, updated_ms, deleted_ms";

json::value stored(const std::string& text) {
  auto parsed = json::parse(text);
  if (!parsed) throw store::failure("a stored document is not JSON: " + parsed.error().message);
  return std::move(*parsed);
}

json::object stored_object(const std::string& text) {
  auto v = stored(text);
  return v.is_object() ? std::move(v.get_object()) : json::object{};
}

std::string parameters_text(const std::map<std::string, std::string>& values) {
  json::object out;
  for (const auto& [name, value] : values) out[name] = value;
  return json::print(out);
}

stack to_stack(const base::scope& scope, const store::row& r) {
  stack out;
  out.identity = {scope, r.text(0), r.text(1), stored_object(r.text(7))};
  out.status = r.text(2);
  out.status_reason = r.text(3);
  out.description = r.text(4);
  out.current.text = r.text(5);
  for (const auto& [name, value] : stored_object(r.text(6)))
    out.current.parameters.emplace(name, json::view(value.get_string()));
  out.outputs = stored(r.text(8));
  out.capabilities = stored(r.text(9));
  out.operation = r.text(10);
  out.role = r.text(11);
  out.protected_from_deletion = r.integer(12) != 0;
  out.disable_rollback = r.integer(13) != 0;
  out.created = base::from_ms(r.integer(14));
  if (auto at = r.integer_if(15)) out.updated = base::from_ms(*at);
  if (auto at = r.integer_if(16)) out.deleted = base::from_ms(*at);
  return out;
}

}  // namespace

tl::unexpected<api::error> no_such_stack(std::string_view name) {
  return api::refuse("ValidationError", fmt::format("Stack with id {} does not exist", name));
}

std::optional<stack> find_stack(store::reader& r, const base::scope& scope, std::string_view name_or_id) {
  bool by_id = name_or_id.starts_with("arn:");
  auto row = r.first(fmt::format("SELECT {} FROM cloudformation_stacks WHERE account = ?1 AND region = ?2 AND {}",
                                 stack_columns, by_id ? "id = ?3" : "name = ?3 AND deleted_ms IS NULL"),
                     {scope.account, scope.region, name_or_id});
  if (!row) return {};
  return to_stack(scope, *row);
}

std::vector<stack> list_stacks(store::reader& r, const base::scope& scope, bool deleted) {
  std::vector<stack> out;
  for (const auto& row :
       r.query(fmt::format("SELECT {} FROM cloudformation_stacks WHERE account = ?1 AND region = ?2{} "
                           "ORDER BY created_ms DESC",
                           stack_columns, deleted ? "" : " AND deleted_ms IS NULL"),
               {scope.account, scope.region}))
    out.push_back(to_stack(scope, row));
  return out;
}

void insert_stack(store::transaction& t, const stack& s) {
  t.run(
      "INSERT INTO cloudformation_stacks (account, region, id, name, status, status_reason, description, template, "
      "parameters, tags, outputs, capabilities, operation, role, protected, disable_rollback, created_ms) "
      "VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7, ?8, ?9, '[]', ?10, '', ?11, ?12, ?13, ?14)",
      {s.identity.scope.account, s.identity.scope.region, s.identity.id, s.identity.name, s.status, s.description,
       s.current.text, parameters_text(s.current.parameters), json::print(s.identity.tags), json::print(s.capabilities),
       s.role, s.protected_from_deletion, s.disable_rollback, base::to_ms(s.created)});
}

void begin_operation(store::transaction& t, const stack& s, const std::string& status, const std::string& uid,
                     const std::string& token, base::time_point now) {
  // The first operation of a stack makes it; any later one changes it.
  bool first = s.operation.empty();
  t.run(
      "UPDATE cloudformation_stacks SET operation = ?4, capabilities = ?5, role = ?6, disable_rollback = ?7, tags = "
      "?8, "
      "updated_ms = CASE WHEN ?9 = 1 THEN updated_ms ELSE ?10 END "
      "WHERE account = ?1 AND region = ?2 AND id = ?3",
      {s.identity.scope.account, s.identity.scope.region, s.identity.id, uid, json::print(s.capabilities), s.role,
       s.disable_rollback, json::print(s.identity.tags), first, base::to_ms(now)});
  stack_rows rows{t, s.identity};
  rows.set_status(status, "User Initiated", now);
  rows.add_event(s.identity.name, s.identity.id, "AWS::CloudFormation::Stack", status, "User Initiated", {}, token,
                 now);
}

void stack_rows::add_event(const std::string& logical_id, const std::string& physical_id, const std::string& type,
                           const std::string& status, const std::string& reason, const json::object& properties,
                           const std::string& token, base::time_point now) {
  t_.run(
      "INSERT INTO cloudformation_events (account, region, stack_id, number, logical_id, physical_id, type, status, "
      "reason, properties, token, at_ms) VALUES (?1, ?2, ?3, (SELECT COALESCE(MAX(number), 0) + 1 FROM "
      "cloudformation_events WHERE account = ?1 AND region = ?2 AND stack_id = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
      {stack_.scope.account, stack_.scope.region, stack_.id, logical_id, physical_id, type, status, reason,
       properties.empty() ? std::string{} : json::print(properties), token, base::to_ms(now)});
}

void stack_rows::set_status(const std::string& status, const std::string& reason, base::time_point now) {
  t_.run(
      "UPDATE cloudformation_stacks SET status = ?4, status_reason = ?5, "
      "deleted_ms = CASE WHEN ?4 = 'DELETE_COMPLETE' THEN ?6 ELSE NULL END "
      "WHERE account = ?1 AND region = ?2 AND id = ?3",
      {stack_.scope.account, stack_.scope.region, stack_.id, status, reason, base::to_ms(now)});
}

void stack_rows::put_resource(const item& i, const std::string& status, const std::string& reason,
                              base::time_point now) {
  t_.run(
      "INSERT INTO cloudformation_resources (account, region, stack_id, logical_id, item, status, reason, updated_ms) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (account, region, stack_id, logical_id) DO UPDATE SET "
      "item = excluded.item, status = excluded.status, reason = excluded.reason, updated_ms = excluded.updated_ms",
      {stack_.scope.account, stack_.scope.region, stack_.id, i.r.logical_id, json::print(to_object(i)), status, reason,
       base::to_ms(now)});
}

void stack_rows::end_resource(const std::string& logical_id, const std::string& status, base::time_point now) {
  t_.run(
      "UPDATE cloudformation_resources SET status = ?5, reason = '', updated_ms = ?6 "
      "WHERE account = ?1 AND region = ?2 AND stack_id = ?3 AND logical_id = ?4",
      {stack_.scope.account, stack_.scope.region, stack_.id, logical_id, status, base::to_ms(now)});
}

void stack_rows::finish(bool gone, const revision* current, const json::value& outputs,
                        const std::vector<const item*>& items) {
  const auto& [account, region] = stack_.scope;
  if (gone) {
    t_.run("DELETE FROM cloudformation_exports WHERE account = ?1 AND region = ?2 AND stack_id = ?3",
           {account, region, stack_.id});
    t_.run("DELETE FROM cloudformation_imports WHERE account = ?1 AND region = ?2 AND stack_id = ?3",
           {account, region, stack_.id});
    t_.run("DELETE FROM cloudformation_change_sets WHERE account = ?1 AND region = ?2 AND stack_id = ?3",
           {account, region, stack_.id});
    return;
  }
  // Resources that are no longer the stack's leave its list; only a deleted stack still shows them.
  std::set<std::string> kept;
  for (const auto* i : items) kept.insert(i->r.logical_id);
  for (const auto& row :
       t_.query("SELECT logical_id FROM cloudformation_resources WHERE account = ?1 AND region = ?2 AND stack_id = ?3 "
                "AND status IN ('DELETE_COMPLETE', 'DELETE_SKIPPED')",
                {account, region, stack_.id}))
    if (!kept.contains(row.text(0)))
      t_.run(
          "DELETE FROM cloudformation_resources WHERE account = ?1 AND region = ?2 AND stack_id = ?3 AND "
          "logical_id = ?4",
          {account, region, stack_.id, row.text(0)});
  if (current)
    t_.run(
        "UPDATE cloudformation_stacks SET template = ?4, parameters = ?5 "
        "WHERE account = ?1 AND region = ?2 AND id = ?3",
        {account, region, stack_.id, current->text, parameters_text(current->parameters)});
  if (!outputs.is_array()) return;
  t_.run("UPDATE cloudformation_stacks SET outputs = ?4 WHERE account = ?1 AND region = ?2 AND id = ?3",
         {account, region, stack_.id, json::print(outputs)});
  t_.run("DELETE FROM cloudformation_exports WHERE account = ?1 AND region = ?2 AND stack_id = ?3",
         {account, region, stack_.id});
  for (const auto& output : outputs.get_array())
    if (auto name = json::text(output, "ExportName"); !name.empty())
      t_.run(
          "INSERT INTO cloudformation_exports (account, region, name, stack_id, value) VALUES (?1, ?2, ?3, ?4, ?5) "
          "ON CONFLICT (account, region, name) DO NOTHING",
          {account, region, name, stack_.id, json::text(output, "OutputValue")});
}

std::vector<resource_row> resources_of(store::reader& r, const stack_identity& s) {
  std::vector<resource_row> out;
  for (const auto& row :
       r.query("SELECT item, status, reason, updated_ms FROM cloudformation_resources WHERE account = ?1 AND "
               "region = ?2 AND stack_id = ?3 ORDER BY logical_id",
               {s.scope.account, s.scope.region, s.id}))
    out.push_back({to_item(stored_object(row.text(0))), row.text(1), row.text(2), base::from_ms(row.integer(3))});
  return out;
}

std::vector<export_row> exports(store::reader& r, const base::scope& scope) {
  std::vector<export_row> out;
  for (const auto& row : r.query("SELECT name, stack_id, value FROM cloudformation_exports WHERE account = ?1 AND "
                                 "region = ?2 ORDER BY name",
                                 {scope.account, scope.region}))
    out.push_back({row.text(0), row.text(1), row.text(2)});
  return out;
}

std::vector<std::string> importers(store::reader& r, const base::scope& scope, std::string_view export_name) {
  std::vector<std::string> out;
  for (const auto& row :
       r.query("SELECT s.name FROM cloudformation_imports i JOIN cloudformation_stacks s ON s.account = i.account AND "
               "s.region = i.region AND s.id = i.stack_id WHERE i.account = ?1 AND i.region = ?2 AND i.name = ?3 AND "
               "s.deleted_ms IS NULL ORDER BY s.name",
               {scope.account, scope.region, export_name}))
    out.push_back(row.text(0));
  return out;
}

}  // namespace mdlc::services::cloudformation
