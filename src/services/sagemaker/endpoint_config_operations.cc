// Create, Describe, List and Delete of endpoint configurations.
#include <set>

#include "api/call.h"
#include "services/sagemaker/endpoint.h"
#include "services/sagemaker/models.h"
#include "services/sagemaker/operations.h"
#include "services/sagemaker/paging.h"
#include "services/sagemaker/service.h"
#include "services/sagemaker/tags.h"

namespace mdlc::services::sagemaker {
namespace {

refusal no_such_config(const base::scope& scope, std::string_view name) {
  return invalid(fmt::format("Could not find endpoint configuration \"{}\".", endpoint_config_arn(scope, name)));
}

// What would be taken and then not done.
api::answer<void> check_served(const model::CreateEndpointConfigInput& in) {
  const auto not_here = [](std::string_view what) {
    return invalid(fmt::format("{} is not supported by this server: leave it away.", what));
  };
  if (in.AsyncInferenceConfig) return not_here("AsyncInferenceConfig");
  if (in.ExplainerConfig) return not_here("ExplainerConfig");
  if (in.ShadowProductionVariants && !in.ShadowProductionVariants->empty()) return not_here("ShadowProductionVariants");
  if (in.DataCaptureConfig && in.DataCaptureConfig->EnableCapture.value_or(false))
    return not_here("DataCaptureConfig with EnableCapture");
  return {};
}

api::answer<void> check_variants(const std::vector<model::ProductionVariant>& variants) {
  std::set<std::string> names;
  for (const auto& v : variants) {
    if (!names.insert(v.VariantName).second)
      return invalid(fmt::format("Duplicate production variant name: \"{}\".", v.VariantName));
    if (!v.ModelName)
      return invalid(fmt::format("ModelName is required for the production variant \"{}\".", v.VariantName));
    if (!v.ServerlessConfig && !v.InstanceType && !v.InstancePools)
      return invalid(fmt::format("InstanceType is required for the production variant \"{}\".", v.VariantName));
  }
  return {};
}

}  // namespace

api::answer<model::CreateEndpointConfigOutput> create_endpoint_config(service& s, api::call& c,
                                                                      const model::CreateEndpointConfigInput& in) {
  MDLC_CHECK(check_served(in));
  MDLC_CHECK(check_variants(in.ProductionVariants));
  const auto& scope = c.context.scope;
  const auto arn = endpoint_config_arn(scope, in.EndpointConfigName);
  auto request = to_json(in).as_object();
  request.erase("Tags");
  const auto now_ms = base::to_ms(s.host.env.now());
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateEndpointConfigOutput> {
    if (find_endpoint_config(t, scope, in.EndpointConfigName))
      return invalid(fmt::format("Cannot create already existing endpoint configuration \"{}\".", arn));
    for (const auto& v : in.ProductionVariants)
      if (!find_model(t, scope, *v.ModelName)) return no_such_model(scope, *v.ModelName);
    t.run(
        "INSERT INTO sagemaker_endpoint_config (account, region, name, created_ms, request) VALUES (?1, ?2, ?3, ?4, "
        "?5)",
        {scope.account, scope.region, in.EndpointConfigName, now_ms, json::print(request)});
    if (in.Tags) put_tags(t, arn, *in.Tags);
    return model::CreateEndpointConfigOutput{arn};
  });
}

api::answer<model::DescribeEndpointConfigOutput> describe_endpoint_config(
    service& s, api::call& c, const model::DescribeEndpointConfigInput& in) {
  const auto& scope = c.context.scope;
  auto found = s.host.db.read([&](store::reader& r) { return find_endpoint_config(r, scope, in.EndpointConfigName); });
  if (!found) return no_such_config(scope, in.EndpointConfigName);
  model::DescribeEndpointConfigOutput out;
  from_json(json::value(found->request), out);
  for (auto& v : out.ProductionVariants)
    if (!v.InitialVariantWeight) v.InitialVariantWeight = 1;
  out.EndpointConfigArn = endpoint_config_arn(scope, found->name);
  out.CreationTime = base::from_ms(found->created_ms);
  return out;
}

api::answer<model::ListEndpointConfigsOutput> list_endpoint_configs(service& s, api::call& c,
                                                                    const model::ListEndpointConfigsInput& in) {
  const auto& scope = c.context.scope;
  MDLC_TRY(auto p, page_of(in, in.SortBy.value_or("CreationTime")));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListEndpointConfigsOutput> {
    std::vector<listed> all;
    r.each("SELECT name, created_ms FROM sagemaker_endpoint_config WHERE account = ?1 AND region = ?2",
           {scope.account, scope.region}, [&](const store::row& row) {
             all.push_back({.name = row.text(0), .created_ms = row.integer(1), .modified_ms = row.integer(1)});
             return true;
           });
    model::ListEndpointConfigsOutput out;
    for (const auto& l : cut(std::move(all), p, out.NextToken))
      out.EndpointConfigs.push_back({l.name, endpoint_config_arn(scope, l.name), base::from_ms(l.created_ms)});
    return out;
  });
}

api::answer<model::DeleteEndpointConfigResponse> delete_endpoint_config(service&, api::call& c,
                                                                        const model::DeleteEndpointConfigInput& in) {
  const auto& scope = c.context.scope;
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteEndpointConfigResponse> {
    if (t.run("DELETE FROM sagemaker_endpoint_config WHERE account = ?1 AND region = ?2 AND name = ?3",
              {scope.account, scope.region, in.EndpointConfigName}) == 0)
      return no_such_config(scope, in.EndpointConfigName);
    remove_tags(t, endpoint_config_arn(scope, in.EndpointConfigName));
    return model::DeleteEndpointConfigResponse{};
  });
}

}  // namespace mdlc::services::sagemaker
