// Versions and aliases.
#include "services/lambda/operations.h"

namespace mdlc::services::lambda {
namespace {

std::string alias_arn(const function_name& f, std::string_view alias) {
  return function_name{f.scope, f.name, std::string{alias}}.qualified();
}

tl::unexpected<api::error> no_such_alias(const function_name& f, std::string_view alias) {
  return not_found(fmt::format("Cannot find alias arn: {}", alias_arn(f, alias)));
}

void write_alias(store::transaction& t, const function_name& f, const model::AliasConfiguration& alias) {
  t.run(
      "INSERT INTO lambda_aliases (account, region, name, alias, configuration) VALUES (?1, ?2, ?3, ?4, ?5) ON "
      "CONFLICT "
      "(account, region, name, alias) DO UPDATE SET configuration = excluded.configuration",
      {f.scope.account, f.scope.region, f.name, *alias.Name, json::print(to_json(alias))});
}

// The versions that an alias points to must be there, and $LATEST shares with no other.
api::answer<void> check_alias(store::reader& r, function_name f, const model::AliasConfiguration& alias) {
  f.qualifier = *alias.FunctionVersion;
  MDLC_CHECK(need_version(r, f));
  if (!alias.RoutingConfig || !alias.RoutingConfig->AdditionalVersionWeights) return {};
  const auto& weights = *alias.RoutingConfig->AdditionalVersionWeights;
  if (weights.empty()) return {};
  if (weights.size() > 1) return invalid_value("Number of items in AdditionalVersionWeights cannot be greater than 1");
  if (*alias.FunctionVersion == latest)
    return invalid_value("$LATEST is not supported for an alias pointing to more than 1 version");
  if (weights.contains(*alias.FunctionVersion))
    return invalid_value(
        fmt::format("Invalid function version {}. Function version {} is already included in routing "
                    "configuration.",
                    *alias.FunctionVersion, *alias.FunctionVersion));
  f.qualifier = weights.begin()->first;
  MDLC_CHECK(need_version(r, f));
  return {};
}

}  // namespace

api::answer<model::FunctionConfiguration> publish_version(service& s, api::call& c,
                                                          const model::PublishVersionRequest& in) {
  MDLC_TRY(auto name, parse_function_name(c.context.scope, in.FunctionName));
  name.qualifier.clear();
  const auto now = s.host.env.now();
  const auto revision = s.host.env.uuid();
  return c.commit([&](store::transaction& t) -> api::answer<model::FunctionConfiguration> {
    MDLC_TRY(const auto newest, need_version(t, name));
    if (in.RevisionId && *in.RevisionId != newest.revision) return wrong_revision();
    if (in.CodeSha256 && !in.CodeSha256->empty() && in.CodeSha256 != newest.about.CodeSha256)
      return invalid_value(
          fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the "
                      "CodeSHA256 in $LATEST.",
                      *in.CodeSha256, *newest.about.CodeSha256));
    MDLC_TRY(auto f, need_function(t, name));
    return publish(t, f, newest, in.Description, revision, now).about;
  });
}

api::answer<model::AliasConfiguration> create_alias(service& s, api::call& c, const model::CreateAliasRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  model::AliasConfiguration alias;
  alias.AliasArn = alias_arn(name, in.Name);
  alias.Name = in.Name;
  alias.FunctionVersion = in.FunctionVersion;
  alias.Description = in.Description.value_or("");
  alias.RoutingConfig = in.RoutingConfig;
  alias.RevisionId = s.host.env.uuid();
  return c.commit([&](store::transaction& t) -> api::answer<model::AliasConfiguration> {
    MDLC_CHECK(need_function(t, name));
    if (find_alias(t, name.scope, name.name, in.Name))
      return conflict(fmt::format("Alias already exists: {}", *alias.AliasArn));
    MDLC_CHECK(check_alias(t, name, alias));
    write_alias(t, name, alias);
    return alias;
  });
}

api::answer<model::AliasConfiguration> get_alias(service& s, api::call& c, const model::GetAliasRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::AliasConfiguration> {
    MDLC_CHECK(need_function(r, name));
    auto alias = find_alias(r, name.scope, name.name, in.Name);
    if (!alias) return no_such_alias(name, in.Name);
    return *std::move(alias);
  });
}

api::answer<model::AliasConfiguration> update_alias(service& s, api::call& c, const model::UpdateAliasRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  const auto revision = s.host.env.uuid();
  return c.commit([&](store::transaction& t) -> api::answer<model::AliasConfiguration> {
    MDLC_CHECK(need_function(t, name));
    auto alias = find_alias(t, name.scope, name.name, in.Name);
    if (!alias) return no_such_alias(name, in.Name);
    if (in.RevisionId && *in.RevisionId != *alias->RevisionId) return wrong_revision();
    if (in.FunctionVersion) alias->FunctionVersion = in.FunctionVersion;
    if (in.Description) alias->Description = in.Description;
    if (in.RoutingConfig) alias->RoutingConfig = in.RoutingConfig;
    alias->RevisionId = revision;
    MDLC_CHECK(check_alias(t, name, *alias));
    write_alias(t, name, *alias);
    return *alias;
  });
}

// What is not there is deleted already.
api::answer<model::DeleteAlias::output> delete_alias(service&, api::call& c, const model::DeleteAliasRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteAlias::output> {
    MDLC_CHECK(need_function(t, name));
    for (const std::string_view condition :
         {"lambda_aliases WHERE alias = ?4", "lambda_permissions WHERE qualifier = ?4"})
      t.run(fmt::format("DELETE FROM {} AND account = ?1 AND region = ?2 AND name = ?3", condition),
            {name.scope.account, name.scope.region, name.name, in.Name});
    return model::DeleteAlias::output{};
  });
}

api::answer<model::ListAliasesResponse> list_aliases(service& s, api::call& c, const model::ListAliasesRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  const auto limit = in.MaxItems.value_or(50);
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListAliasesResponse> {
    MDLC_CHECK(need_function(r, name));
    const auto rows = r.query(
        "SELECT configuration FROM lambda_aliases WHERE account = ?1 AND region = ?2 AND name = ?3 AND alias > ?4 "
        "ORDER "
        "BY alias LIMIT ?5",
        {name.scope.account, name.scope.region, name.name, in.Marker.value_or(""), limit + 1});
    model::ListAliasesResponse out;
    auto& listed = out.Aliases.emplace();
    std::string last;
    int64_t seen = 0;
    for (const auto& row : rows) {
      if (seen++ == limit) {
        out.NextMarker = last;
        break;
      }
      model::AliasConfiguration alias;
      from_json(json::parse(row.text(0)).value(), alias);
      last = *alias.Name;
      if (!in.FunctionVersion || in.FunctionVersion == alias.FunctionVersion) listed.push_back(std::move(alias));
    }
    return out;
  });
}

}  // namespace mdlc::services::lambda
