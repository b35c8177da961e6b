#include "services/sts/operations.h"
#include "services/sts/service.h"
#include "wire/key_file.h"

namespace mdlc::services::sts {
namespace {

model::Credentials show(const service& s, const api::credentials& made, int64_t seconds) {
  auto expires = std::chrono::floor<std::chrono::seconds>(s.host.env.now()) + std::chrono::seconds{seconds};
  return {made.access_key, made.secret_key, made.session_token, expires};
}

auto denied(const api::call& c, std::string_view role_arn) {
  return api::refuse("AccessDenied",
                     fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                                 c.context.principal, role_arn),
                     403);
}

}  // namespace

api::answer<model::AssumeRoleResponse> assume_role(service& s, api::call& c, const model::AssumeRoleRequest& in) {
  auto arn = base::parse_arn(in.RoleArn);
  if (!arn || arn->service != "iam" || !arn->resource.starts_with("role/"))
    return api::refuse("ValidationError", fmt::format("{} is invalid", in.RoleArn));
  if (in.Policy && !json::parse(*in.Policy))
    return api::refuse("MalformedPolicyDocument", "This policy contains invalid Json");
  // Whether there is such a role is IAM's to say; whoever asks for one that is not there is told no more than "no".
  api::call ask{c.db(), c.context};
  auto name = arn->resource.substr(arn->resource.rfind('/') + 1);
  auto found = s.host.operations.invoke("iam", "GetRole", ask, json::object{{"RoleName", name}});
  if (!found) return found.error().is_internal ? tl::unexpected(found.error()) : denied(c, in.RoleArn);
  const auto& role = found->at("Role");
  if (json::text(role, "Arn") != in.RoleArn) return denied(c, in.RoleArn);
  auto seconds = in.DurationSeconds.value_or(default_role_session_seconds);
  if (const auto* most = json::find(role, "MaxSessionDuration"); most && seconds > most->as_int64())
    return api::refuse("ValidationError",
                       "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  auto id = json::text(role, "RoleId");
  auto made = s.assume(arn->account, in.RoleArn, in.RoleSessionName, seconds, id);
  model::AssumeRoleResponse out;
  out.Credentials = show(s, made, seconds);
  out.AssumedRoleUser = model::AssumedRoleUser{fmt::format("{}:{}", id, in.RoleSessionName),
                                               assumed_role_arn(in.RoleArn, in.RoleSessionName)};
  out.SourceIdentity = in.SourceIdentity;
  return out;
}

api::answer<model::GetSessionTokenResponse> get_session_token(service& s, api::call& c,
                                                              const model::GetSessionTokenRequest& in) {
  if (c.context.principal.find(":assumed-role/") != std::string::npos)
    return api::refuse("AccessDenied", "Cannot call GetSessionToken with session credentials", 403);
  auto seconds = in.DurationSeconds.value_or(default_session_token_seconds);
  auto made = s.sessions.seal({c.context.scope.account, c.context.principal, c.context.principal_id,
                               s.host.env.now() + std::chrono::seconds{seconds}},
                              wire::new_access_key("ASIA", s.host.env));
  model::GetSessionTokenResponse out;
  out.Credentials = show(s, made, seconds);
  return out;
}

}  // namespace mdlc::services::sts
