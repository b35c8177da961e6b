#include "services/lambda/operations.h"

namespace mdlc::services::lambda {
namespace {

// One published version; its number is not given again.
api::answer<void> remove_version(store::transaction& t, const function_name& name) {
  if (!is_version_number(name.qualifier))
    return invalid_value(name.qualifier == latest ? "$LATEST version cannot be deleted without deleting the function."
                                                  : "Deletion of aliases is not currently supported.");
  MDLC_TRY(const auto v, need_version(t, name));
  const auto used = t.query("SELECT configuration FROM lambda_aliases WHERE account = ?1 AND region = ?2 AND name = ?3",
                            {name.scope.account, name.scope.region, name.name});
  for (const auto& row : used) {
    model::AliasConfiguration alias;
    from_json(json::parse(row.text(0)).value(), alias);
    const bool routed = alias.RoutingConfig && alias.RoutingConfig->AdditionalVersionWeights &&
                        alias.RoutingConfig->AdditionalVersionWeights->contains(v.label());
    if (*alias.FunctionVersion == v.label() || routed)
      return conflict(
          fmt::format("Version {} is currently aliased. Delete the alias pointing to it first.", v.label()));
  }
  t.run("DELETE FROM lambda_versions WHERE account = ?1 AND region = ?2 AND name = ?3 AND version = ?4",
        {name.scope.account, name.scope.region, name.name, v.number});
  return {};
}

}  // namespace

api::answer<model::DeleteFunctionResponse> delete_function(service& s, api::call& c,
                                                           const model::DeleteFunctionRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName, in.Qualifier));
  c.reply.status = 204;
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteFunctionResponse> {
    MDLC_CHECK(need_function(t, name));
    if (!name.qualifier.empty()) {
      MDLC_CHECK(remove_version(t, name));
    } else {
      remove_function(t, name.scope, name.name);
    }
    t.after_commit([&s, name] { s.host.pool.post([&s, name] { s.functions.retire(name.scope, name.name); }); });
    model::DeleteFunctionResponse out;
    out.StatusCode = 204;
    return out;
  });
}

}  // namespace mdlc::services::lambda
