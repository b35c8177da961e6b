// A function's resource policy. It is kept and shown; whose calls are allowed is asked elsewhere.
#include "services/lambda/operations.h"

namespace mdlc::services::lambda {
namespace {

inline constexpr size_t policy_bytes_max = 20'480;

struct policy {
  std::string revision;
  json::array statements;
};

// The policy of what the name stands for: the function, a version or an alias.
std::optional<policy> find_policy(store::reader& r, const function_name& f) {
  const auto row = r.first(
      "SELECT revision, statements FROM lambda_permissions WHERE account = ?1 AND region = ?2 AND name = ?3 AND "
      "qualifier = ?4",
      {f.scope.account, f.scope.region, f.name, f.qualifier});
  if (!row) return std::nullopt;
  return policy{row->text(0), json::parse(row->text(1)).value().as_array()};
}

void write_policy(store::transaction& t, const function_name& f, const policy& p) {
  if (p.statements.empty()) {
    t.run("DELETE FROM lambda_permissions WHERE account = ?1 AND region = ?2 AND name = ?3 AND qualifier = ?4",
          {f.scope.account, f.scope.region, f.name, f.qualifier});
    return;
  }
  t.run(
      "INSERT INTO lambda_permissions (account, region, name, qualifier, revision, statements) VALUES (?1, ?2, ?3, ?4, "
      "?5, ?6) ON CONFLICT (account, region, name, qualifier) DO UPDATE SET revision = excluded.revision, statements = "
      "excluded.statements",
      {f.scope.account, f.scope.region, f.name, f.qualifier, p.revision, json::print(p.statements)});
}

json::object make_statement(const function_name& f, const model::AddPermissionRequest& in) {
  const bool is_account = in.Principal.size() == 12 && is_version_number(in.Principal);
  json::value principal{in.Principal};
  if (is_account)
    principal = json::object{{"AWS", fmt::format("arn:aws:iam::{}:root", in.Principal)}};
  else if (in.Principal.starts_with("arn:"))
    principal = json::object{{"AWS", in.Principal}};
  else if (in.Principal != "*")
    principal = json::object{{"Service", in.Principal}};
  json::object out{{"Sid", in.StatementId},
                   {"Effect", "Allow"},
                   {"Principal", std::move(principal)},
                   {"Action", in.Action},
                   {"Resource", f.qualified()}};
  json::object conditions;
  if (in.SourceAccount) conditions["StringEquals"] = json::object{{"AWS:SourceAccount", *in.SourceAccount}};
  if (in.PrincipalOrgID) {
    if (!conditions.contains("StringEquals")) conditions["StringEquals"] = json::object{};
    conditions["StringEquals"].as_object()["aws:PrincipalOrgID"] = *in.PrincipalOrgID;
  }
  if (in.SourceArn) conditions["ArnLike"] = json::object{{"AWS:SourceArn", *in.SourceArn}};
  if (!conditions.empty()) out["Condition"] = std::move(conditions);
  return out;
}

json::array::iterator find_statement(json::array& statements, std::string_view id) {
  return std::find_if(statements.begin(), statements.end(), [&](const auto& s) { return json::text(s, "Sid") == id; });
}

tl::unexpected<api::error> no_policy() { return not_found("The resource you requested does not exist."); }

}  // namespace

api::answer<model::AddPermissionResponse> add_permission(service& s, api::call& c,
                                                         const model::AddPermissionRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName, in.Qualifier));
  if (name.qualifier == latest) return invalid_value("We currently do not support adding policies for $LATEST.");
  const auto revision = s.host.env.uuid();
  return c.commit([&](store::transaction& t) -> api::answer<model::AddPermissionResponse> {
    MDLC_CHECK(need_version(t, name));
    auto p = find_policy(t, name).value_or(policy{});
    if (in.RevisionId && *in.RevisionId != p.revision) return wrong_revision();
    if (find_statement(p.statements, in.StatementId) != p.statements.end())
      return conflict(
          fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, or "
                      "remove the existing statement.",
                      in.StatementId));
    const auto statement = make_statement(name, in);
    p.statements.push_back(statement);
    if (json::print(p.statements).size() > policy_bytes_max)
      return api::refuse("PolicyLengthExceededException",
                         fmt::format("The final policy size is bigger than the limit ({}).", policy_bytes_max));
    p.revision = revision;
    write_policy(t, name, p);
    model::AddPermissionResponse out;
    out.Statement = json::print(statement);
    return out;
  });
}

api::answer<model::RemovePermission::output> remove_permission(service& s, api::call& c,
                                                               const model::RemovePermissionRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName, in.Qualifier));
  const auto revision = s.host.env.uuid();
  return c.commit([&](store::transaction& t) -> api::answer<model::RemovePermission::output> {
    MDLC_CHECK(need_function(t, name));
    auto p = find_policy(t, name);
    if (!p) return not_found("No policy is associated with the given resource.");
    if (in.RevisionId && *in.RevisionId != p->revision) return wrong_revision();
    const auto statement = find_statement(p->statements, in.StatementId);
    if (statement == p->statements.end())
      return not_found(fmt::format("Statement {} is not found in resource policy.", in.StatementId));
    p->statements.erase(statement);
    p->revision = revision;
    write_policy(t, name, *p);
    return model::RemovePermission::output{};
  });
}

api::answer<model::GetPolicyResponse> get_policy(service& s, api::call& c, const model::GetPolicyRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName, in.Qualifier));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetPolicyResponse> {
    MDLC_CHECK(need_function(r, name));
    auto p = find_policy(r, name);
    if (!p) return no_policy();
    model::GetPolicyResponse out;
    out.Policy = json::print(
        json::object{{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", std::move(p->statements)}});
    out.RevisionId = p->revision;
    return out;
  });
}

}  // namespace mdlc::services::lambda
