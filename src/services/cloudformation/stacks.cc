#include "services/cloudformation/stacks.h"

#include <fmt/format.h>

namespace mdlc::services::cloudformation {
namespace {

constexpr std::string_view stack_columns =
    "id, name, status, status_reason, description, template, parameters, tags, outputs, capabilities, operation, role, "
    "protected, disable_rollback, created_ms, updated_ms, deleted_ms, aftermath, timeout_minutes, change_set";

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
  if (const auto& text = r.text(17); !text.empty()) out.aftermath = aftermath_from_json(stored(text));
  out.timeout_minutes = r.integer_if(18);
  out.change_set = r.text(19);
  out.current.tags = out.identity.tags;
  return out;
}

}  // namespace

tl::unexpected<api::error> no_such_stack(std::string_view name) {
  return api::refuse("ValidationError", fmt::format("Stack with id {} does not exist", name));
}

tl::unexpected<api::error> stack_does_not_exist(std::string_view name) {
  return api::refuse("ValidationError", fmt::format("Stack [{}] does not exist", name));
}

std::optional<api::error> wrong_stack_name(const std::string& name) {
  auto wrong = [&](std::string_view constraint) {
    return api::error{"ValidationError", fmt::format("1 validation error detected: Value '{}' at 'stackName' failed to "
                                                     "satisfy constraint: Member must {}",
                                                     name, constraint)};
  };
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  bool fits = !name.empty() && letter(name[0]);
  for (char c : name) fits = fits && (letter(c) || (c >= '0' && c <= '9') || c == '-');
  if (!fits) return wrong("satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*");
  if (name.size() > max_stack_name_length)
    return wrong(fmt::format("have length less than or equal to {}", max_stack_name_length));
  return {};
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
      "parameters, tags, outputs, capabilities, operation, role, protected, disable_rollback, created_ms, "
      "timeout_minutes) VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7, ?8, ?9, '[]', ?10, '', ?11, ?12, ?13, ?14, ?15)",
      {s.identity.scope.account, s.identity.scope.region, s.identity.id, s.identity.name, s.status, s.description,
       s.current.text, parameters_text(s.current.parameters), json::print(s.identity.tags), json::print(s.capabilities),
       s.role, s.protected_from_deletion, s.disable_rollback, base::to_ms(s.created), s.timeout_minutes});
}

void replace_review(store::transaction& t, const stack& s) {
  t.run(
      "UPDATE cloudformation_stacks SET description = ?4, template = ?5, parameters = ?6 "
      "WHERE account = ?1 AND region = ?2 AND id = ?3",
      {s.identity.scope.account, s.identity.scope.region, s.identity.id, s.description, s.current.text,
       parameters_text(s.current.parameters)});
}

void begin_operation(store::transaction& t, const stack& s, const std::string& status, const std::string& uid,
                     const std::string& token, base::time_point now) {
  // The first operation of a stack makes it; any later one changes it.
  bool first = s.operation.empty();
  t.run(
      "UPDATE cloudformation_stacks SET operation = ?4, capabilities = ?5, role = ?6, disable_rollback = ?7, "
      "tags = ?8, change_set = ?9, updated_ms = CASE WHEN ?10 = 1 THEN updated_ms ELSE ?11 END "
      "WHERE account = ?1 AND region = ?2 AND id = ?3",
      {s.identity.scope.account, s.identity.scope.region, s.identity.id, uid, json::print(s.capabilities), s.role,
       s.disable_rollback, json::print(s.identity.tags), s.change_set, first, base::to_ms(now)});
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

void stack_rows::end_resource(const std::string& logical_id, const std::string& status, const std::string& reason,
                              base::time_point now) {
  t_.run(
      "UPDATE cloudformation_resources SET status = ?5, reason = ?6, updated_ms = ?7 "
      "WHERE account = ?1 AND region = ?2 AND stack_id = ?3 AND logical_id = ?4",
      {stack_.scope.account, stack_.scope.region, stack_.id, logical_id, status, reason, base::to_ms(now)});
}

void stack_rows::forget_stack() {
  for (auto table : {"exports", "imports", "change_sets"})
    t_.run(fmt::format("DELETE FROM cloudformation_{} WHERE account = ?1 AND region = ?2 AND stack_id = ?3", table),
           {stack_.scope.account, stack_.scope.region, stack_.id});
}

void stack_rows::finish(const ending& end) {
  const auto& [account, region] = stack_.scope;
  std::set<std::string> there;
  for (const auto& one : end.items) {
    there.insert(one.r.logical_id);
    t_.run(
        "UPDATE cloudformation_resources SET item = ?5 WHERE account = ?1 AND region = ?2 AND stack_id = ?3 AND "
        "logical_id = ?4",
        {account, region, stack_.id, one.r.logical_id, json::print(to_object(one))});
  }
  for (const auto& row : resources_of(t_, stack_)) {
    if (there.contains(row.what.r.logical_id) || end.keeps_rows) continue;
    t_.run(
        "DELETE FROM cloudformation_resources WHERE account = ?1 AND region = ?2 AND stack_id = ?3 AND "
        "logical_id = ?4",
        {account, region, stack_.id, row.what.r.logical_id});
  }
  t_.run("UPDATE cloudformation_stacks SET aftermath = ?4, tags = ?5 WHERE account = ?1 AND region = ?2 AND id = ?3",
         {account, region, stack_.id, end.aftermath, json::print(end.tags)});
  if (end.current)
    t_.run(
        "UPDATE cloudformation_stacks SET template = ?4, parameters = ?5, description = ?6 "
        "WHERE account = ?1 AND region = ?2 AND id = ?3",
        {account, region, stack_.id, end.current->text, parameters_text(end.current->parameters), end.description});
  if (end.outputs.is_array())
    t_.run("UPDATE cloudformation_stacks SET outputs = ?4 WHERE account = ?1 AND region = ?2 AND id = ?3",
           {account, region, stack_.id, json::print(end.outputs)});
  if (!end.imports) return;
  t_.run("DELETE FROM cloudformation_imports WHERE account = ?1 AND region = ?2 AND stack_id = ?3",
         {account, region, stack_.id});
  note_imports(t_, stack_, *end.imports);
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

namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) out += (i == 0 ? "" : i + 1 < names.size() ? ", " : " and ") + names[i];
  return out;
}

}  // namespace

api::answer<void> claim_exports(store::transaction& t, const base::scope& scope, const std::string& stack_id,
                                const json::value& outputs) {
  std::map<std::string, std::string> wanted;
  for (const auto& output : outputs.get_array())
    if (auto name = json::text(output, "ExportName"); !name.empty())
      if (!wanted.emplace(name, json::text(output, "OutputValue")).second)
        return api::refuse("ValidationError", fmt::format("Export with name {} is exported twice by the stack", name));
  for (const auto& e : exports(t, scope)) {
    auto mine = wanted.find(e.name);
    if (e.stack_id != stack_id) {
      if (mine == wanted.end()) continue;
      auto owner = find_stack(t, scope, e.stack_id);
      return api::refuse("ValidationError", fmt::format("Export with name {} is already exported by stack {}", e.name,
                                                        owner ? owner->identity.name : e.stack_id));
    }
    if (mine != wanted.end() && mine->second == e.value) continue;
    if (auto users = importers(t, scope, e.name); !users.empty())
      return api::refuse("ValidationError", fmt::format("Export {} cannot be {} as it is in use by {}", e.name,
                                                        mine == wanted.end() ? "deleted" : "updated", listed(users)));
  }
  t.run("DELETE FROM cloudformation_exports WHERE account = ?1 AND region = ?2 AND stack_id = ?3",
        {scope.account, scope.region, stack_id});
  for (const auto& [name, value] : wanted)
    t.run("INSERT INTO cloudformation_exports (account, region, name, stack_id, value) VALUES (?1, ?2, ?3, ?4, ?5)",
          {scope.account, scope.region, name, stack_id, value});
  return {};
}

void note_imports(store::transaction& t, const stack_identity& s, const std::set<std::string>& names) {
  for (const auto& name : names)
    t.run(
        "INSERT INTO cloudformation_imports (account, region, name, stack_id) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (account, region, name, stack_id) DO NOTHING",
        {s.scope.account, s.scope.region, name, s.id});
}

}  // namespace mdlc::services::cloudformation
