#include "services/sagemaker/endpoint.h"

#include "services/sagemaker/tags.h"

namespace mdlc::services::sagemaker {
namespace {

std::string arn_of(const base::scope& scope, std::string_view type, std::string_view name) {
  std::string lower{name};
  for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return scope.arn("sagemaker", fmt::format("{}/{}", type, lower));
}

json::object parse_column(const std::string& text) {
  auto parsed = json::parse(text);
  if (!parsed || !parsed->is_object()) throw store::failure("an endpoint's row is not readable");
  return std::move(parsed->as_object());
}

double seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

json::object write(const deployment& d) {
  json::array variants;
  for (const auto& v : d.variants)
    variants.push_back(json::object{{"name", v.name},
                                    {"weight", v.weight},
                                    {"instances", v.instances},
                                    {"start_limit_ms", v.start_limit_ms},
                                    {"config", v.config},
                                    {"model", v.model},
                                    {"servers", json::array(v.servers.begin(), v.servers.end())}});
  return {{"config", d.config}, {"begun_ms", d.begun_ms}, {"variants", std::move(variants)}};
}

deployment read_deployment(const json::value& from) {
  deployment d;
  d.config = json::text(from, "config");
  d.begun_ms = from.at("begun_ms").to_number<int64_t>();
  for (const auto& one : from.at("variants").as_array()) {
    variant v;
    v.name = json::text(one, "name");
    v.weight = one.at("weight").to_number<double>();
    v.instances = one.at("instances").to_number<int64_t>();
    v.start_limit_ms = one.at("start_limit_ms").to_number<int64_t>();
    v.config = one.at("config").as_object();
    v.model = one.at("model").as_object();
    for (const auto& id : one.at("servers").as_array()) v.servers.emplace_back(json::view(id.as_string()));
    d.variants.push_back(std::move(v));
  }
  return d;
}

json::object write_state(const endpoint& e) {
  json::object out{
      {"config", e.config}, {"failure_reason", e.failure_reason}, {"last_deployment_config", e.last_deployment_config}};
  if (e.current) out["current"] = write(*e.current);
  if (e.next) out["next"] = write(*e.next);
  return out;
}

constexpr std::string_view columns = "account, region, name, status, created_ms, modified_ms, state";

endpoint read_endpoint(const store::row& row) {
  endpoint e;
  e.key = {{row.text(0), row.text(1)}, row.text(2)};
  e.status = row.text(3);
  e.created_ms = row.integer(4);
  e.modified_ms = row.integer(5);
  const json::value state = parse_column(row.text(6));
  e.config = json::text(state, "config");
  e.failure_reason = json::text(state, "failure_reason");
  e.last_deployment_config = state.at("last_deployment_config").as_object();
  if (const auto* d = json::find(state, "current")) e.current = read_deployment(*d);
  if (const auto* d = json::find(state, "next")) e.next = read_deployment(*d);
  return e;
}

json::array images_of(const variant& v, int64_t resolved_ms) {
  json::array images;
  for (const auto& c : containers_of(v.model)) {
    const auto image = json::text(c, "Image");
    images.push_back(
        json::object{{"SpecifiedImage", image}, {"ResolvedImage", image}, {"ResolutionTime", seconds(resolved_ms)}});
  }
  return images;
}

json::object describe(const variant& v, int64_t resolved_ms, bool is_pending) {
  json::object out{{"VariantName", v.name}, {"DeployedImages", images_of(v, resolved_ms)}, {"DesiredWeight", v.weight}};
  if (!is_pending) out["CurrentWeight"] = v.weight;
  if (const auto* serverless = v.config.if_contains("ServerlessConfig")) {
    out[is_pending ? "DesiredServerlessConfig" : "CurrentServerlessConfig"] = *serverless;
    return out;
  }
  out["DesiredInstanceCount"] = v.instances;
  if (!is_pending) out["CurrentInstanceCount"] = v.instances;
  if (is_pending) out["InstanceType"] = json::text(v.config, "InstanceType");
  return out;
}

}  // namespace

std::string endpoint_config_arn(const base::scope& scope, std::string_view name) {
  return arn_of(scope, "endpoint-config", name);
}
std::string endpoint_key::arn() const { return arn_of(scope, "endpoint", name); }

std::optional<endpoint_config> find_endpoint_config(store::reader& r, const base::scope& scope, std::string_view name) {
  auto row = r.first(
      "SELECT name, created_ms, request FROM sagemaker_endpoint_config WHERE account = ?1 AND region = ?2 AND name = "
      "?3",
      {scope.account, scope.region, name});
  if (!row) return std::nullopt;
  return endpoint_config{scope, row->text(0), row->integer(1), parse_column(row->text(2))};
}

std::optional<endpoint> find_endpoint(store::reader& r, const endpoint_key& key) {
  auto row = r.first(
      fmt::format("SELECT {} FROM sagemaker_endpoint WHERE account = ?1 AND region = ?2 AND name = ?3", columns),
      {key.scope.account, key.scope.region, key.name});
  if (!row) return std::nullopt;
  return read_endpoint(*row);
}

std::vector<endpoint> all_endpoints(store::reader& r) {
  std::vector<endpoint> all;
  r.each(fmt::format("SELECT {} FROM sagemaker_endpoint ORDER BY created_ms", columns), {}, [&](const store::row& row) {
    all.push_back(read_endpoint(row));
    return true;
  });
  return all;
}

void insert(store::transaction& t, const endpoint& e) {
  t.run(fmt::format("INSERT INTO sagemaker_endpoint ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", columns),
        {e.key.scope.account, e.key.scope.region, e.key.name, e.status, e.created_ms, e.modified_ms,
         json::print(write_state(e))});
}

void update(store::transaction& t, const endpoint& e) {
  t.run(
      "UPDATE sagemaker_endpoint SET status = ?4, modified_ms = ?5, state = ?6 WHERE account = ?1 AND region = ?2 AND "
      "name = ?3",
      {e.key.scope.account, e.key.scope.region, e.key.name, e.status, e.modified_ms, json::print(write_state(e))});
}

void remove_endpoint(store::transaction& t, const endpoint_key& key) {
  t.run("DELETE FROM sagemaker_endpoint WHERE account = ?1 AND region = ?2 AND name = ?3",
        {key.scope.account, key.scope.region, key.name});
  remove_tags(t, key.arn());
}

std::vector<json::object> containers_of(const json::object& model) {
  std::vector<json::object> out;
  if (const auto* one = model.if_contains("PrimaryContainer")) out.push_back(one->as_object());
  if (const auto* several = model.if_contains("Containers"))
    for (const auto& c : several->as_array()) out.push_back(c.as_object());
  return out;
}

json::object describe(const endpoint& e) {
  json::object out{{"EndpointName", e.key.name},
                   {"EndpointArn", e.key.arn()},
                   {"EndpointConfigName", e.config},
                   {"EndpointStatus", e.status},
                   {"CreationTime", seconds(e.created_ms)},
                   {"LastModifiedTime", seconds(e.modified_ms)}};
  if (!e.failure_reason.empty()) out["FailureReason"] = e.failure_reason;
  if (!e.last_deployment_config.empty()) out["LastDeploymentConfig"] = e.last_deployment_config;
  if (e.current) {
    json::array variants;
    for (const auto& v : e.current->variants) variants.push_back(describe(v, e.current->begun_ms, false));
    out["ProductionVariants"] = std::move(variants);
  }
  if (e.next) {
    json::array variants;
    for (const auto& v : e.next->variants) variants.push_back(describe(v, e.next->begun_ms, true));
    out["PendingDeploymentSummary"] = json::object{{"EndpointConfigName", e.next->config},
                                                   {"ProductionVariants", std::move(variants)},
                                                   {"StartTime", seconds(e.next->begun_ms)}};
  }
  return out;
}

api::event change_of(const endpoint& e) {
  json::object detail = describe(e);
  for (const auto* time : {"CreationTime", "LastModifiedTime"})
    detail[time] = time[0] == 'C' ? e.created_ms : e.modified_ms;
  detail.erase("PendingDeploymentSummary");
  detail.erase("ProductionVariants");
  return {.scope = e.key.scope,
          .source = "aws.sagemaker",
          .detail_type = "SageMaker Endpoint State Change",
          .resources = {e.key.arn()},
          .time = base::from_ms(e.modified_ms),
          .detail = std::move(detail)};
}

}  // namespace mdlc::services::sagemaker
