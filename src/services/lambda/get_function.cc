// What can be asked about one function.
#include "services/lambda/operations.h"

namespace mdlc::services::lambda {

api::answer<model::GetFunctionResponse> get_function(service& s, api::call& c, const model::GetFunctionRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName, in.Qualifier));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetFunctionResponse> {
    MDLC_TRY(const auto v, need_version(r, name));
    MDLC_TRY(auto f, need_function(r, name));
    model::GetFunctionResponse out;
    out.Configuration = v.shown(name.qualifier);
    // The code lies with the server: there is no other place to fetch it from.
    out.Code.emplace().RepositoryType = "S3";
    if (!f.tags.empty()) out.Tags = std::move(f.tags);
    if (f.reserved) out.Concurrency = model::Concurrency{f.reserved};
    return out;
  });
}

api::answer<model::FunctionConfiguration> get_function_configuration(service& s, api::call& c,
                                                                     const model::GetFunctionConfigurationRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName, in.Qualifier));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::FunctionConfiguration> {
    MDLC_TRY(const auto v, need_version(r, name));
    return v.shown(name.qualifier);
  });
}

api::answer<model::GetFunctionCodeSigningConfigResponse> get_function_code_signing_config(
    service& s, api::call& c, const model::GetFunctionCodeSigningConfigRequest& in) {
  MDLC_TRY(auto name, parse_function_name(c.context.scope, in.FunctionName));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetFunctionCodeSigningConfigResponse> {
    MDLC_CHECK(need_function(r, name));
    // No function has one; AWS answers these two alone then.
    model::GetFunctionCodeSigningConfigResponse out;
    out.FunctionName = name.name;
    return out;
  });
}

api::answer<model::GetRuntimeManagementConfigResponse> get_runtime_management_config(
    service& s, api::call& c, const model::GetRuntimeManagementConfigRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName, in.Qualifier));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetRuntimeManagementConfigResponse> {
    MDLC_TRY(const auto v, need_version(r, name));
    model::GetRuntimeManagementConfigResponse out;
    out.UpdateRuntimeOn = "Auto";
    out.FunctionArn = v.shown(v.label()).FunctionArn;
    return out;
  });
}

}  // namespace mdlc::services::lambda
