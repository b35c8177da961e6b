#include <set>

#include "services/states/operations.h"
#include "services/states/service.h"
#include "services/states/tag.h"

namespace mdlc::services::states {
namespace {

// Refuses ResourceNotFound; versions and aliases have no tags.
api::answer<void> need_taggable(store::reader& r, const std::string& arn) {
  auto missing = [&] {
    auto e = api::refuse("ResourceNotFound", fmt::format("Resource not found: '{}'", arn));
    e.value().members["resourceName"] = arn;
    return e;
  };
  if (auto machine = parse_machine_arn(arn)) {
    if (!machine->qualifier.empty())
      return api::refuse("ValidationException", fmt::format("Tagging is not supported for the resource '{}'", arn));
    if (!find_machine(r, machine->scope, machine->name)) return missing();
    return {};
  }
  MDLC_TRY(auto activity, parse_activity_arn(arn));
  auto row = r.first("SELECT 1 FROM states_activity WHERE account = ?1 AND region = ?2 AND name = ?3",
                     {activity.scope.account, activity.scope.region, activity.name});
  if (!row) return missing();
  return {};
}

}  // namespace

api::answer<void> add_tags(store::transaction& t, std::string_view arn, const std::vector<model::Tag>& tags) {
  std::set<std::string> seen;
  for (const auto& tag : tags) {
    if (!tag.key || !tag.value) return api::refuse("ValidationException", "Tag key and tag value must not be null");
    if (!seen.insert(*tag.key).second) continue;
    t.run(
        "INSERT INTO states_tag (arn, key, value) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
        {arn, *tag.key, *tag.value});
  }
  if (t.first("SELECT count(*) FROM states_tag WHERE arn = ?1", {arn})->integer(0) > tags_max) {
    auto e = api::refuse("TooManyTags", fmt::format("Too many tags: '{}'", arn));
    e.value().members["resourceName"] = arn;
    return e;
  }
  return {};
}

std::vector<model::Tag> read_tags(store::reader& r, std::string_view arn) {
  std::vector<model::Tag> out;
  for (const auto& row : r.query("SELECT key, value FROM states_tag WHERE arn = ?1 ORDER BY key", {arn}))
    out.push_back({row.text(0), row.text(1)});
  return out;
}

api::answer<model::TagResourceOutput> tag_resource(service&, api::call& c, const model::TagResourceInput& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::TagResourceOutput> {
    MDLC_CHECK(need_taggable(t, in.resourceArn));
    MDLC_CHECK(add_tags(t, in.resourceArn, in.tags));
    return model::TagResourceOutput{};
  });
}

api::answer<model::UntagResourceOutput> untag_resource(service&, api::call& c, const model::UntagResourceInput& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::UntagResourceOutput> {
    MDLC_CHECK(need_taggable(t, in.resourceArn));
    for (const auto& key : in.tagKeys)
      t.run("DELETE FROM states_tag WHERE arn = ?1 AND key = ?2", {in.resourceArn, key});
    return model::UntagResourceOutput{};
  });
}

api::answer<model::ListTagsForResourceOutput> list_tags_for_resource(service&, api::call& c,
                                                                     const model::ListTagsForResourceInput& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::ListTagsForResourceOutput> {
    MDLC_CHECK(need_taggable(r, in.resourceArn));
    return model::ListTagsForResourceOutput{read_tags(r, in.resourceArn)};
  });
}

}  // namespace mdlc::services::states
