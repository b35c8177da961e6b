#include "services/sagemaker/models.h"

#include "services/sagemaker/errors.h"
#include "services/sagemaker/inputs.h"
#include "services/sagemaker/operations.h"
#include "services/sagemaker/paging.h"
#include "services/sagemaker/service.h"
#include "services/sagemaker/tags.h"

namespace mdlc::services::sagemaker {
namespace {

// As CreateModel does on AWS: the archive must be there, seen with the model's role.
api::answer<void> check_model_data(service& s, api::call& c, const model::CreateModelInput& in,
                                   const model::ContainerDefinition& container) {
  if (!container.ModelDataUrl) return {};
  const auto& url = *container.ModelDataUrl;
  auto place = parse_s3_uri(url);
  if (!place || place->key.empty()) return invalid(fmt::format("Invalid model data URL: {}", url));
  api::context as_role = c.context;
  as_role.command_id.clear();
  api::call head{s.host.db, std::move(as_role)};
  auto found =
      s.host.operations.invoke("s3", "HeadObject", head, json::object{{"Bucket", place->bucket}, {"Key", place->key}});
  if (found) return {};
  if (found.error().is_internal) return tl::unexpected(std::move(found).error());
  return invalid(
      fmt::format("Could not access model data at {}. Please ensure that the role \"{}\" exists and that its trust "
                  "relationship policy allows "
                  "the action \"sts:AssumeRole\" for the service principal \"sagemaker.amazonaws.com\". Also ensure "
                  "that the role has "
                  "\"s3:GetObject\" permissions and that the object is located in {}. If your Model uses multiple "
                  "models or uncompressed "
                  "models, please ensure that the role has \"s3:ListBucket\" permission.",
                  url, in.ExecutionRoleArn.value_or(""), c.context.scope.region));
}

}  // namespace

std::string model_arn(const base::scope& scope, std::string_view name) {
  std::string lower{name};
  for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return scope.arn("sagemaker", "model/" + lower);
}

std::optional<json::object> find_model(store::reader& r, const base::scope& scope, std::string_view name) {
  auto row = r.first("SELECT request FROM sagemaker_model WHERE account = ?1 AND region = ?2 AND name = ?3",
                     {scope.account, scope.region, name});
  if (!row) return std::nullopt;
  auto request = json::parse(row->text(0));
  if (!request || !request->is_object()) throw store::failure("a model's row is not readable");
  return std::move(request->as_object());
}

api::answer<model::CreateModelOutput> create_model(service& s, api::call& c, const model::CreateModelInput& in) {
  if (in.ModelName.empty()) return invalid("The model name must not be empty.");
  if (in.PrimaryContainer.has_value() == in.Containers.has_value())
    return invalid("You must provide either PrimaryContainer or Containers, and not both.");
  auto containers = in.Containers.value_or(std::vector<model::ContainerDefinition>{});
  if (in.PrimaryContainer) containers = {*in.PrimaryContainer};
  for (const auto& container : containers) {
    if (!container.Image && !container.ModelPackageName)
      return invalid("You must provide either Image or ModelPackageName for each container.");
    MDLC_CHECK(check_model_data(s, c, in, container));
  }
  const auto& scope = c.context.scope;
  const auto arn = model_arn(scope, in.ModelName);
  auto request = to_json(in).as_object();
  request.erase("Tags");
  const auto now_ms = base::to_ms(s.host.env.now());
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateModelOutput> {
    if (find_model(t, scope, in.ModelName))
      return invalid(fmt::format("Cannot create already existing model \"{}\".", arn));
    t.run("INSERT INTO sagemaker_model (account, region, name, created_ms, request) VALUES (?1, ?2, ?3, ?4, ?5)",
          {scope.account, scope.region, in.ModelName, now_ms, json::print(request)});
    if (in.Tags) put_tags(t, arn, *in.Tags);
    return model::CreateModelOutput{arn};
  });
}

api::answer<model::DescribeModelOutput> describe_model(service& s, api::call& c, const model::DescribeModelInput& in) {
  const auto& scope = c.context.scope;
  return s.host.db.read([&](store::reader& r) -> api::answer<model::DescribeModelOutput> {
    auto row =
        r.first("SELECT request, created_ms FROM sagemaker_model WHERE account = ?1 AND region = ?2 AND name = ?3",
                {scope.account, scope.region, in.ModelName});
    if (!row) return no_such_model(scope, in.ModelName);
    model::DescribeModelOutput out;
    out.EnableNetworkIsolation = false;
    if (auto request = json::parse(row->text(0))) from_json(*request, out);
    out.ModelArn = model_arn(scope, in.ModelName);
    out.CreationTime = base::from_ms(row->integer(1));
    // A container runs a single model where nothing else is said.
    if (out.PrimaryContainer && !out.PrimaryContainer->Mode) out.PrimaryContainer->Mode = "SingleModel";
    return out;
  });
}

api::answer<model::DeleteModelResponse> delete_model(service&, api::call& c, const model::DeleteModelInput& in) {
  const auto& scope = c.context.scope;
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteModelResponse> {
    if (t.run("DELETE FROM sagemaker_model WHERE account = ?1 AND region = ?2 AND name = ?3",
              {scope.account, scope.region, in.ModelName}) == 0)
      return no_such_model(scope, in.ModelName);
    remove_tags(t, model_arn(scope, in.ModelName));
    return model::DeleteModelResponse{};
  });
}

api::answer<model::ListModelsOutput> list_models(service& s, api::call& c, const model::ListModelsInput& in) {
  const auto& scope = c.context.scope;
  MDLC_TRY(auto p, page_of(in, in.SortBy.value_or("CreationTime")));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListModelsOutput> {
    std::vector<listed> all;
    r.each("SELECT name, created_ms FROM sagemaker_model WHERE account = ?1 AND region = ?2",
           {scope.account, scope.region}, [&](const store::row& row) {
             all.push_back({.name = row.text(0), .created_ms = row.integer(1), .modified_ms = row.integer(1)});
             return true;
           });
    model::ListModelsOutput out;
    for (const auto& m : cut(std::move(all), p, out.NextToken))
      out.Models.push_back({m.name, model_arn(scope, m.name), base::from_ms(m.created_ms)});
    return out;
  });
}

}  // namespace mdlc::services::sagemaker
