#include "services/dynamodb/describe.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr size_t max_tags = 50;

api::answer<catalog::pointer> find_resource(service& s, store::reader& r, const base::scope& scope,
                                            const std::string& arn) {
  if (!arn.starts_with("arn:"))
    return invalid(fmt::format("Invalid TableArn: Invalid ResourceArn provided as input {}", arn));
  MDLC_TRY(const auto name, table_name(scope, arn));
  auto found = s.tables.find(r, scope, name);
  if (!found)
    return api::refuse("ResourceNotFoundException",
                       fmt::format("Requested resource not found: ResourcArn: {} not found", arn));
  return found;
}

}  // namespace

api::answer<model::TagResourceResponse> tag_resource(service& s, api::call& call, const model::TagResourceInput& in) {
  return call.commit([&](store::transaction& t) -> api::answer<model::TagResourceResponse> {
    MDLC_TRY(const auto found, find_resource(s, t, call.context.scope, in.ResourceArn));
    table changed = *found;
    for (const auto& tag : in.Tags) {
      std::erase_if(changed.tags, [&](const auto& other) { return other.Key == tag.Key; });
      changed.tags.push_back(tag);
    }
    if (changed.tags.size() > max_tags)
      return invalid_parameters(fmt::format("Too many tags: the limit is {} for a resource", max_tags));
    catalog::write(t, changed, s.host.env.uuid());
    return model::TagResourceResponse{};
  });
}

api::answer<model::UntagResourceResponse> untag_resource(service& s, api::call& call,
                                                         const model::UntagResourceInput& in) {
  return call.commit([&](store::transaction& t) -> api::answer<model::UntagResourceResponse> {
    MDLC_TRY(const auto found, find_resource(s, t, call.context.scope, in.ResourceArn));
    table changed = *found;
    std::erase_if(changed.tags, [&](const auto& tag) {
      return std::find(in.TagKeys.begin(), in.TagKeys.end(), tag.Key) != in.TagKeys.end();
    });
    catalog::write(t, changed, s.host.env.uuid());
    return model::UntagResourceResponse{};
  });
}

api::answer<model::ListTagsOfResourceOutput> list_tags_of_resource(service& s, api::call& call,
                                                                   const model::ListTagsOfResourceInput& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListTagsOfResourceOutput> {
    MDLC_TRY(const auto found, find_resource(s, r, call.context.scope, in.ResourceArn));
    model::ListTagsOfResourceOutput out;
    out.Tags = found->tags;
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
