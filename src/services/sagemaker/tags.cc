#include "services/sagemaker/tags.h"

#include "services/sagemaker/errors.h"
#include "services/sagemaker/models.h"
#include "services/sagemaker/operations.h"
#include "services/sagemaker/service.h"

namespace mdlc::services::sagemaker {
namespace {

// The ARN as we write it, with the name in lower case, if it is one of a job or model of the caller's account and
// region.
api::answer<std::string> find_resource(store::reader& r, const base::scope& scope, const std::string& text) {
  const auto missing = [&] { return invalid(fmt::format("The resource {} could not be found.", text)); };
  auto arn = base::parse_arn(text);
  if (!arn || arn->service != "sagemaker" || arn->account != scope.account || arn->region != scope.region)
    return missing();
  for (auto& c : arn->resource) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto slash = std::min(arn->resource.find('/'), arn->resource.size());
  const auto type = arn->resource.substr(0, slash),
             name = arn->resource.substr(std::min(slash + 1, arn->resource.size()));
  std::optional<store::row> found;
  if (type == "model")
    found = r.first("SELECT 1 FROM sagemaker_model WHERE account = ?1 AND region = ?2 AND lower(name) = ?3 LIMIT 1",
                    {scope.account, scope.region, name});
  for (const auto& [kind, table] :
       {std::pair{"endpoint", "sagemaker_endpoint"}, std::pair{"endpoint-config", "sagemaker_endpoint_config"},
        std::pair{"hyper-parameter-tuning-job", "sagemaker_tuning"}})
    if (type == kind)
      found = r.first(
          fmt::format("SELECT 1 FROM {} WHERE account = ?1 AND region = ?2 AND lower(name) = ?3 LIMIT 1", table),
          {scope.account, scope.region, name});
  for (auto k : all_kinds)
    if (type == fmt::format("{}-job", name_of(k)))
      found = r.first(
          "SELECT 1 FROM sagemaker_job WHERE account = ?1 AND region = ?2 AND kind = ?3 AND lower(name) = ?4 LIMIT 1",
          {scope.account, scope.region, name_of(k), name});
  if (!found) return missing();
  return scope.arn("sagemaker", arn->resource);
}

}  // namespace

void put_tags(store::transaction& t, const std::string& arn, const std::vector<model::Tag>& tags) {
  for (const auto& tag : tags)
    t.run(
        "INSERT INTO sagemaker_tag (arn, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (arn, key) DO UPDATE SET value = "
        "excluded.value",
        {arn, tag.Key, tag.Value});
}

std::vector<model::Tag> read_tags(store::reader& r, const std::string& arn) {
  std::vector<model::Tag> tags;
  r.each("SELECT key, value FROM sagemaker_tag WHERE arn = ?1 ORDER BY key", {arn}, [&](const store::row& row) {
    tags.push_back({row.text(0), row.text(1)});
    return true;
  });
  return tags;
}

void remove_tags(store::transaction& t, const std::string& arn) {
  t.run("DELETE FROM sagemaker_tag WHERE arn = ?1", {arn});
}

api::answer<model::AddTagsOutput> add_tags(service&, api::call& c, const model::AddTagsInput& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::AddTagsOutput> {
    MDLC_TRY(const auto arn, find_resource(t, c.context.scope, in.ResourceArn));
    put_tags(t, arn, in.Tags);
    model::AddTagsOutput out;
    out.Tags = read_tags(t, arn);
    if (out.Tags->size() > tags_max) return invalid(fmt::format("A resource can have at most {} tags.", tags_max));
    return out;
  });
}

api::answer<model::ListTagsOutput> list_tags(service& s, api::call& c, const model::ListTagsInput& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListTagsOutput> {
    MDLC_TRY(const auto arn, find_resource(r, c.context.scope, in.ResourceArn));
    model::ListTagsOutput out;
    out.Tags = read_tags(r, arn);
    return out;
  });
}

api::answer<model::DeleteTagsOutput> delete_tags(service&, api::call& c, const model::DeleteTagsInput& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteTagsOutput> {
    MDLC_TRY(const auto arn, find_resource(t, c.context.scope, in.ResourceArn));
    for (const auto& key : in.TagKeys) t.run("DELETE FROM sagemaker_tag WHERE arn = ?1 AND key = ?2", {arn, key});
    return model::DeleteTagsOutput{};
  });
}

}  // namespace mdlc::services::sagemaker
