// Create, Describe, List, Update and Delete of endpoints.
#include "api/call.h"
#include "services/sagemaker/endpoints.h"
#include "services/sagemaker/models.h"
#include "services/sagemaker/operations.h"
#include "services/sagemaker/paging.h"
#include "services/sagemaker/tags.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t server_id_length = 17;  // an instance's

refusal no_such_endpoint(const endpoint_key& key) {
  return invalid(fmt::format("Could not find endpoint \"{}\".", key.arn()));
}
refusal is_in_progress(const endpoint_key& key) {
  return invalid(fmt::format("Cannot update in-progress endpoint \"{}\".", key.arn()));
}

api::answer<endpoint> need_endpoint(store::reader& r, const endpoint_key& key) {
  auto found = find_endpoint(r, key);
  if (!found) return no_such_endpoint(key);
  return *std::move(found);
}

size_t count_servers(const std::optional<deployment>& d) {
  size_t n = 0;
  if (d)
    for (const auto& v : d->variants) n += v.servers.size();
  return n;
}

int64_t number(const json::object& o, std::string_view name, int64_t otherwise) {
  const auto* v = o.if_contains(name);
  return v && json::is_number(*v) ? static_cast<int64_t>(json::to_double(*v)) : otherwise;
}

// The configuration with its models as they are now: what happens to either later is no business of the endpoint's.
api::answer<deployment> make_deployment(service& s, store::transaction& t, const base::scope& scope,
                                        const std::string& config_name) {
  auto config = find_endpoint_config(t, scope, config_name);
  if (!config)
    return invalid(
        fmt::format("Could not find endpoint configuration \"{}\".", endpoint_config_arn(scope, config_name)));
  deployment d;
  d.config = config_name;
  d.begun_ms = base::to_ms(s.host.env.now());
  for (const auto& one : config->request.at("ProductionVariants").as_array()) {
    variant v;
    v.config = one.as_object();
    v.name = json::text(one, "VariantName");
    if (const auto* weight = v.config.if_contains("InitialVariantWeight")) v.weight = json::to_double(*weight);
    v.instances = number(v.config, "InitialInstanceCount", 1);
    v.start_limit_ms =
        number(v.config, "ContainerStartupHealthCheckTimeoutInSeconds", start_limit_default_ms / 1000) * 1000;
    const std::string model_name{json::text(one, "ModelName")};
    auto model = find_model(t, scope, model_name);
    if (!model) return no_such_model(scope, model_name);
    v.model = *std::move(model);
    for (size_t i = containers_of(v.model).size(); i > 0; --i)
      v.servers.push_back(s.host.env.random_id(server_id_length));
    d.variants.push_back(std::move(v));
  }
  size_t running = 0;
  for (const auto& e : all_endpoints(t)) running += count_servers(e.current) + count_servers(e.next);
  const auto wanted = count_servers(d);
  if (running + wanted > model_servers_max)
    return api::refuse(
        "ResourceLimitExceeded",
        fmt::format("The account-level service limit 'Model servers of endpoints' is {} Instances, with current "
                    "utilization of {} Instances and a request delta of {} Instances. Please use AWS Service Quotas to "
                    "request an increase for this quota.",
                    model_servers_max, running, wanted));
  return d;
}

// In the call's commit, with what follows once it is durable.
void keep(service& s, store::transaction& t, endpoint& e) {
  e.modified_ms = base::to_ms(s.host.env.now());
  update(t, e);
  t.after_commit([&s, e] {
    s.host.bus.publish(change_of(e));
    s.host.pool.post([&s, key = e.key] { s.serving_endpoints.poke(key); });
  });
}

bool keeps(const model::UpdateEndpointInput& in, std::string_view property) {
  if (!in.RetainAllVariantProperties.value_or(false)) return false;
  for (const auto& p : in.ExcludeRetainedVariantProperties.value_or(std::vector<model::VariantProperty>{}))
    if (p.VariantPropertyType == property) return false;
  return true;
}

}  // namespace

api::answer<model::CreateEndpointOutput> create_endpoint(service& s, api::call& c,
                                                         const model::CreateEndpointInput& in) {
  endpoint e;
  e.key = {c.context.scope, in.EndpointName};
  e.status = "Creating";
  e.config = in.EndpointConfigName;
  e.created_ms = e.modified_ms = base::to_ms(s.host.env.now());
  if (in.DeploymentConfig) e.last_deployment_config = to_json(*in.DeploymentConfig).as_object();
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateEndpointOutput> {
    if (find_endpoint(t, e.key))
      return invalid(fmt::format("Cannot create already existing endpoint \"{}\".", e.key.arn()));
    MDLC_TRY(e.next, make_deployment(s, t, e.key.scope, in.EndpointConfigName));
    insert(t, e);
    if (in.Tags) put_tags(t, e.key.arn(), *in.Tags);
    keep(s, t, e);
    return model::CreateEndpointOutput{e.key.arn()};
  });
}

api::answer<model::DescribeEndpointOutput> describe_endpoint(service& s, api::call& c,
                                                             const model::DescribeEndpointInput& in) {
  MDLC_TRY(auto e, s.host.db.read([&](store::reader& r) {
    return need_endpoint(r, {c.context.scope, in.EndpointName});
  }));
  model::DescribeEndpointOutput out;
  from_json(json::value(describe(e)), out);
  return out;
}

api::answer<model::ListEndpointsOutput> list_endpoints(service& s, api::call& c, const model::ListEndpointsInput& in) {
  const auto& scope = c.context.scope;
  MDLC_TRY(auto p, page_of(in, in.SortBy.value_or("CreationTime")));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListEndpointsOutput> {
    std::vector<listed> all;
    r.each("SELECT name, status, created_ms, modified_ms FROM sagemaker_endpoint WHERE account = ?1 AND region = ?2",
           {scope.account, scope.region}, [&](const store::row& row) {
             all.push_back({row.text(0), row.text(1), row.integer(2), row.integer(3)});
             return true;
           });
    model::ListEndpointsOutput out;
    for (const auto& l : cut(std::move(all), p, out.NextToken)) {
      model::EndpointSummary one;
      one.EndpointName = l.name;
      one.EndpointArn = endpoint_key{scope, l.name}.arn();
      one.CreationTime = base::from_ms(l.created_ms);
      one.LastModifiedTime = base::from_ms(l.modified_ms);
      one.EndpointStatus = l.status;
      out.Endpoints.push_back(std::move(one));
    }
    return out;
  });
}

api::answer<model::UpdateEndpointOutput> update_endpoint(service& s, api::call& c,
                                                         const model::UpdateEndpointInput& in) {
  const endpoint_key key{c.context.scope, in.EndpointName};
  return c.commit([&](store::transaction& t) -> api::answer<model::UpdateEndpointOutput> {
    MDLC_TRY(auto e, need_endpoint(t, key));
    if (e.status != "InService" && e.status != "Failed") return is_in_progress(key);
    MDLC_TRY(e.next, make_deployment(s, t, key.scope, in.EndpointConfigName));
    if (e.current)
      for (auto& v : e.next->variants)
        for (const auto& old : e.current->variants) {
          if (old.name != v.name) continue;
          if (keeps(in, "DesiredWeight")) v.weight = old.weight;
          if (keeps(in, "DesiredInstanceCount")) v.instances = old.instances;
        }
    e.status = e.current ? "Updating" : "Creating";
    e.failure_reason.clear();
    e.config = in.EndpointConfigName;
    if (in.DeploymentConfig)
      e.last_deployment_config = to_json(*in.DeploymentConfig).as_object();
    else if (!in.RetainDeploymentConfig.value_or(false))
      e.last_deployment_config.clear();
    keep(s, t, e);
    return model::UpdateEndpointOutput{key.arn()};
  });
}

api::answer<model::UpdateEndpointWeightsAndCapacitiesOutput> update_endpoint_weights_and_capacities(
    service& s, api::call& c, const model::UpdateEndpointWeightsAndCapacitiesInput& in) {
  const endpoint_key key{c.context.scope, in.EndpointName};
  return c.commit([&](store::transaction& t) -> api::answer<model::UpdateEndpointWeightsAndCapacitiesOutput> {
    MDLC_TRY(auto e, need_endpoint(t, key));
    if (e.status != "InService" || !e.current) return is_in_progress(key);
    for (const auto& wanted : in.DesiredWeightsAndCapacities) {
      auto& all = e.current->variants;
      auto found = std::find_if(all.begin(), all.end(), [&](const variant& v) { return v.name == wanted.VariantName; });
      if (found == all.end())
        return invalid(
            fmt::format("The variant name(s) \"{}\" is/are not present within endpoint configuration \"{}\".",
                        wanted.VariantName, e.current->config));
      if (wanted.DesiredWeight) found->weight = *wanted.DesiredWeight;
      if (wanted.DesiredInstanceCount) found->instances = *wanted.DesiredInstanceCount;
    }
    e.status = "Updating";
    keep(s, t, e);
    return model::UpdateEndpointWeightsAndCapacitiesOutput{key.arn()};
  });
}

api::answer<model::DeleteEndpointResponse> delete_endpoint(service& s, api::call& c,
                                                           const model::DeleteEndpointInput& in) {
  const endpoint_key key{c.context.scope, in.EndpointName};
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteEndpointResponse> {
    MDLC_TRY(auto e, need_endpoint(t, key));
    if (e.status != "InService" && e.status != "Failed") return is_in_progress(key);
    e.status = "Deleting";
    keep(s, t, e);
    return model::DeleteEndpointResponse{};
  });
}

}  // namespace mdlc::services::sagemaker
