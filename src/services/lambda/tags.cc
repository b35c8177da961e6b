#include "services/lambda/operations.h"

namespace mdlc::services::lambda {
namespace {

constexpr size_t tags_max = 50;

// Only functions have tags here, and only as a whole.
api::answer<function_name> tagged(const base::scope& caller, std::string_view resource) {
  MDLC_TRY(auto name, parse_function_name(caller, resource));
  if (!name.qualifier.empty())
    return invalid_value("Tags on function aliases and versions are not supported. Please specify a function ARN.");
  return name;
}

}  // namespace

api::answer<model::TagResource::output> tag_resource(service&, api::call& c, const model::TagResourceRequest& in) {
  MDLC_TRY(const auto name, tagged(c.context.scope, in.Resource));
  return c.commit([&](store::transaction& t) -> api::answer<model::TagResource::output> {
    MDLC_TRY(auto f, need_function(t, name));
    for (const auto& [key, value] : in.Tags) f.tags[key] = value;
    if (f.tags.size() > tags_max)
      return invalid_value(fmt::format("The number of tags exceeds the limit of {}", tags_max));
    write(t, f);
    return model::TagResource::output{};
  });
}

api::answer<model::UntagResource::output> untag_resource(service&, api::call& c,
                                                         const model::UntagResourceRequest& in) {
  MDLC_TRY(const auto name, tagged(c.context.scope, in.Resource));
  return c.commit([&](store::transaction& t) -> api::answer<model::UntagResource::output> {
    MDLC_TRY(auto f, need_function(t, name));
    for (const auto& key : in.TagKeys) f.tags.erase(key);
    write(t, f);
    return model::UntagResource::output{};
  });
}

api::answer<model::ListTagsResponse> list_tags(service& s, api::call& c, const model::ListTagsRequest& in) {
  MDLC_TRY(const auto name, tagged(c.context.scope, in.Resource));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListTagsResponse> {
    MDLC_TRY(auto f, need_function(r, name));
    model::ListTagsResponse out;
    out.Tags = std::move(f.tags);
    return out;
  });
}

}  // namespace mdlc::services::lambda
