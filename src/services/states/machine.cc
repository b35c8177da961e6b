#include "services/states/machine.h"

#include <charconv>

namespace mdlc::services::states {
namespace {

machine read_machine(const store::row& r) {
  return {.scope = {r.text(0), r.text(1)},
          .name = r.text(2),
          .uid = r.text(3),
          .type = r.text(4),
          .created = base::from_ms(r.integer(5)),
          .revision = r.text(6),
          .versions = r.integer(7)};
}

version read_version(const store::row& r) {
  return {.number = r.integer(0),
          .revision = r.text(1),
          .description = r.text_if(2),
          .created = base::from_ms(r.integer(3))};
}

template <class T>
void read_member(const json::value& v, std::string_view name, std::optional<T>& out) {
  if (auto* member = json::find(v, name)) from_json(*member, out.emplace());
}

}  // namespace

std::string settings::str() const {
  json::object o;
  if (logging) o["logging"] = to_json(*logging);
  if (tracing) o["tracing"] = to_json(*tracing);
  if (encryption) o["encryption"] = to_json(*encryption);
  return json::print(o);
}

settings settings::parse(std::string_view text) {
  settings out;
  auto v = json::parse(text);
  if (!v) return out;
  read_member(*v, "logging", out.logging);
  read_member(*v, "tracing", out.tracing);
  read_member(*v, "encryption", out.encryption);
  return out;
}

model::LoggingConfiguration shown_logging(const settings& s) {
  auto out = s.logging.value_or(model::LoggingConfiguration{});
  if (!out.level) out.level = "OFF";
  if (!out.includeExecutionData) out.includeExecutionData = false;
  return out;
}

model::TracingConfiguration shown_tracing(const settings& s) {
  auto out = s.tracing.value_or(model::TracingConfiguration{});
  if (!out.enabled) out.enabled = false;
  return out;
}

std::optional<std::string> revision::shown_id() const {
  if (id == initial_revision) return {};
  return id;
}

std::optional<machine> find_machine(store::reader& r, const base::scope& s, std::string_view name) {
  auto row = r.first(
      "SELECT account, region, name, uid, type, created_ms, revision, versions FROM states_machine "
      "WHERE account = ?1 AND region = ?2 AND name = ?3",
      {s.account, s.region, name});
  if (!row) return {};
  return read_machine(*row);
}

api::answer<machine> need_machine(store::reader& r, const machine_arn& arn) {
  auto m = find_machine(r, arn.scope, arn.name);
  if (!m) return no_such_machine(arn.str());
  return *m;
}

void insert_machine(store::transaction& t, const machine& m) {
  t.run(
      "INSERT INTO states_machine (account, region, name, uid, type, created_ms, revision, versions) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      {m.scope.account, m.scope.region, m.name, m.uid, m.type, base::to_ms(m.created), m.revision, m.versions});
}

void update_machine(store::transaction& t, const machine& m) {
  t.run("UPDATE states_machine SET revision = ?4, versions = ?5 WHERE account = ?1 AND region = ?2 AND name = ?3",
        {m.scope.account, m.scope.region, m.name, m.revision, m.versions});
}

void delete_machine(store::transaction& t, const machine& m) {
  t.run("DELETE FROM states_machine WHERE account = ?1 AND region = ?2 AND name = ?3",
        {m.scope.account, m.scope.region, m.name});
  t.run("DELETE FROM states_version WHERE machine = ?1", {m.uid});
  t.run("DELETE FROM states_alias WHERE machine = ?1", {m.uid});
  t.run("DELETE FROM states_tag WHERE arn = ?1", {machine_arn_of(m.scope, m.name)});
}

revision get_revision(store::reader& r, std::string_view machine_uid, std::string_view id) {
  auto row = r.first(
      "SELECT definition, role, type, settings, created_ms, account, region, name FROM states_revision WHERE machine = "
      "?1 AND revision = ?2",
      {machine_uid, id});
  if (!row) throw store::failure("a state machine's revision is missing");
  return {.scope = {row->text(5), row->text(6)},
          .name = row->text(7),
          .machine = std::string{machine_uid},
          .id = std::string{id},
          .definition = row->text(0),
          .role = row->text(1),
          .type = row->text(2),
          .settings = settings::parse(row->text(3)),
          .created = base::from_ms(row->integer(4))};
}

void insert_revision(store::transaction& t, const revision& v) {
  t.run(
      "INSERT INTO states_revision (machine, revision, definition, role, type, settings, created_ms, account, region, "
      "name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      {v.machine, v.id, v.definition, v.role, v.type, v.settings.str(), base::to_ms(v.created), v.scope.account,
       v.scope.region, v.name});
}

std::optional<version> find_version(store::reader& r, std::string_view machine_uid, int64_t number) {
  auto row = r.first(
      "SELECT version, revision, description, created_ms FROM states_version WHERE machine = ?1 AND version = ?2",
      {machine_uid, number});
  if (!row) return {};
  return read_version(*row);
}

std::optional<version> newest_version(store::reader& r, std::string_view machine_uid) {
  auto row = r.first(
      "SELECT version, revision, description, created_ms FROM states_version WHERE machine = ?1 "
      "ORDER BY version DESC LIMIT 1",
      {machine_uid});
  if (!row) return {};
  return read_version(*row);
}

version publish_version(store::transaction& t, machine& m, std::optional<std::string> description,
                        base::time_point now) {
  if (auto newest = newest_version(t, m.uid); newest && newest->revision == m.revision) return *newest;
  version v{.number = ++m.versions, .revision = m.revision, .description = std::move(description), .created = now};
  t.run("INSERT INTO states_version (machine, version, revision, description, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        {m.uid, v.number, v.revision, v.description, base::to_ms(now)});
  update_machine(t, m);
  return v;
}

}  // namespace mdlc::services::states
