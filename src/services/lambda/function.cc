#include "services/lambda/function.h"

#include <charconv>

#include "json/value.h"

namespace mdlc::services::lambda {
namespace {

int64_t number_of(std::string_view qualifier) {
  int64_t out = 0;
  std::from_chars(qualifier.data(), qualifier.data() + qualifier.size(), out);
  return out;
}

std::string print_tags(const std::map<std::string, std::string>& tags) {
  json::object out;
  for (const auto& [key, value] : tags) out[key] = value;
  return json::print(out);
}

// The version that the name means; for an alias the one that `chance` falls on.
api::answer<int64_t> resolve(store::reader& r, const function_name& f, double chance) {
  if (f.qualifier.empty() || f.qualifier == latest) return 0;
  if (is_version_number(f.qualifier)) return number_of(f.qualifier);
  const auto alias = find_alias(r, f.scope, f.name, f.qualifier);
  if (!alias) return no_such_function(f);
  if (alias->RoutingConfig && alias->RoutingConfig->AdditionalVersionWeights)
    for (const auto& [other, weight] : *alias->RoutingConfig->AdditionalVersionWeights)
      if (chance < weight) return number_of(other);
  return *alias->FunctionVersion == latest ? 0 : number_of(*alias->FunctionVersion);
}

// What two versions may differ in and still be the same.
std::string essence(const version& v) {
  auto about = v.about;
  about.Version = about.FunctionArn = about.RevisionId = about.LastModified = about.Description = std::nullopt;
  return v.code + json::print(to_json(about));
}

}  // namespace

std::string version::label() const { return number == 0 ? std::string{latest} : std::to_string(number); }

model::FunctionConfiguration version::shown(std::string_view qualifier) const {
  auto out = about;
  out.FunctionArn = function_name{scope, name, std::string{qualifier}}.qualified();
  return out;
}

std::string modified_at(base::time_point t) {
  auto text = base::to_iso8601(t);
  text.pop_back();
  return text + "+0000";
}

std::optional<function> find_function(store::reader& r, const base::scope& scope, std::string_view name) {
  const auto row = r.first(
      "SELECT last_version, reserved, tags FROM lambda_functions WHERE account = ?1 AND region = ?2 AND name = ?3",
      {scope.account, scope.region, name});
  if (!row) return std::nullopt;
  function out{scope, std::string{name}, row->integer(0), row->integer_if(1), {}};
  const auto tags = json::parse(row->text(2)).value();
  for (const auto& [key, value] : tags.as_object()) out.tags[std::string{key}] = json::view(value.as_string());
  return out;
}

api::answer<function> need_function(store::reader& r, const function_name& f) {
  auto found = find_function(r, f.scope, f.name);
  if (!found) return no_such_function(f);
  return *std::move(found);
}

std::optional<version> find_version(store::reader& r, const base::scope& scope, std::string_view name, int64_t number) {
  const auto row = r.first(
      "SELECT revision, code, configuration FROM lambda_versions WHERE account = ?1 AND region = ?2 AND name = ?3 AND "
      "version = ?4",
      {scope.account, scope.region, name, number});
  if (!row) return std::nullopt;
  version out{scope, std::string{name}, number, row->text(0), row->text(1), {}};
  from_json(json::parse(row->text(2)).value(), out.about);
  return out;
}

api::answer<version> need_version(store::reader& r, const function_name& f) {
  MDLC_TRY(const auto number, resolve(r, f, 1));
  auto found = find_version(r, f.scope, f.name, number);
  if (!found) return no_such_function(f);
  return *std::move(found);
}

void write(store::transaction& t, const function& f) {
  t.run(
      "INSERT INTO lambda_functions (account, region, name, last_version, reserved, tags) VALUES (?1, ?2, ?3, ?4, ?5, "
      "?6) ON CONFLICT (account, region, name) DO UPDATE SET last_version = excluded.last_version, reserved = "
      "excluded.reserved, tags = excluded.tags",
      {f.scope.account, f.scope.region, f.name, f.last_version, f.reserved, print_tags(f.tags)});
}

void write(store::transaction& t, const version& v) {
  t.run(
      "INSERT INTO lambda_versions (account, region, name, version, revision, code, code_size, configuration) VALUES "
      "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (account, region, name, version) DO UPDATE SET revision = "
      "excluded.revision, code = excluded.code, code_size = excluded.code_size, configuration = "
      "excluded.configuration",
      {v.scope.account, v.scope.region, v.name, v.number, v.revision, v.code, v.about.CodeSize,
       json::print(to_json(v.about))});
}

void remove_function(store::transaction& t, const base::scope& scope, std::string_view name) {
  for (const std::string_view table : {"lambda_functions", "lambda_versions", "lambda_aliases", "lambda_permissions"})
    t.run(fmt::format("DELETE FROM {} WHERE account = ?1 AND region = ?2 AND name = ?3", table),
          {scope.account, scope.region, name});
}

std::optional<model::AliasConfiguration> find_alias(store::reader& r, const base::scope& scope, std::string_view name,
                                                    std::string_view alias) {
  const auto row = r.first(
      "SELECT configuration FROM lambda_aliases WHERE account = ?1 AND region = ?2 AND name = ?3 AND alias = ?4",
      {scope.account, scope.region, name, alias});
  if (!row) return std::nullopt;
  model::AliasConfiguration out;
  from_json(json::parse(row->text(0)).value(), out);
  return out;
}

version publish(store::transaction& t, function& f, const version& newest,
                const std::optional<std::string>& description, std::string revision, base::time_point now) {
  // The last number may have been deleted: then nothing is there to be the same.
  const auto last = find_version(t, f.scope, f.name, f.last_version);
  if (last && f.last_version > 0 && essence(*last) == essence(newest)) return *last;
  version out = newest;
  out.number = ++f.last_version;
  out.revision = revision;
  out.about.RevisionId = std::move(revision);
  out.about.Version = out.label();
  out.about.LastModified = modified_at(now);
  out.about.FunctionArn = function_name{f.scope, f.name, out.label()}.qualified();
  if (description) out.about.Description = description;
  write(t, f);
  write(t, out);
  return out;
}

api::answer<target> catalog::find(store::reader& r, const function_name& f, double chance) {
  MDLC_TRY(const auto number, resolve(r, f, chance));
  const auto row = r.first(
      "SELECT v.revision, f.reserved FROM lambda_versions v JOIN lambda_functions f ON f.account = v.account AND "
      "f.region = v.region AND f.name = v.name WHERE v.account = ?1 AND v.region = ?2 AND v.name = ?3 AND v.version = "
      "?4",
      {f.scope.account, f.scope.region, f.name, number});
  if (!row) return no_such_function(f);
  const std::tuple key{f.scope, f.name, number};
  {
    std::lock_guard lock{mutex_};
    const auto known = known_.find(key);
    if (known != known_.end() && known->second->revision == row->text(0))
      return target{known->second, row->integer_if(1)};
  }
  auto read = std::make_shared<const version>(*find_version(r, f.scope, f.name, number));
  std::lock_guard lock{mutex_};
  if (known_.size() >= catalog_entries_max) known_.clear();
  known_[key] = read;
  return target{std::move(read), row->integer_if(1)};
}

}  // namespace mdlc::services::lambda
