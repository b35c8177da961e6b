#include "services/logs/operations.h"
#include "services/logs/rows.h"
#include "services/logs/service.h"

namespace mdlc::services::logs {
namespace {

constexpr size_t max_tags = 50;
constexpr int64_t default_limit = 50;

constexpr std::array<int64_t, 23> retentions_days{1,   3,   5,   7,    14,   30,   60,   90,   120,  150,  180, 365,
                                                  400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, 0};

api::answer<void> add_tags(group& g, const std::map<std::string, std::string>& tags) {
  for (const auto& [key, value] : tags) g.tags[key] = value;
  if (g.tags.size() <= max_tags) return {};
  auto out = api::error{"TooManyTagsException", fmt::format("A resource can have at most {} tags", max_tags)};
  out.members["resourceName"] = g.name;
  return tl::unexpected(std::move(out));
}

model::LogGroup describe(const group& g) {
  model::LogGroup out;
  out.logGroupName = g.name;
  out.creationTime = g.created_ms;
  out.retentionInDays = g.retention_days;
  out.metricFilterCount = 0;
  out.arn = g.arn() + ":*";
  out.storedBytes = g.bytes;
  out.kmsKeyId = g.kms_key;
  out.logGroupClass = g.class_name;
  out.logGroupArn = g.arn();
  if (g.is_protected) out.deletionProtectionEnabled = true;
  return out;
}

// Finds the group, changes it, writes it.
template <class Out, class Find, class Change>
api::answer<Out> change(api::call& call, Find&& find, Change&& change_it) {
  return call.commit([&](store::transaction& t) -> api::answer<Out> {
    MDLC_TRY(auto g, find(t));
    MDLC_CHECK(change_it(g));
    write_group(t, g);
    return Out{};
  });
}

auto by_name(api::call& call, const std::string& name) {
  return [&](store::reader& r) { return find_group(r, call.context.scope, name); };
}

auto by_arn(api::call& call, const std::string& arn) {
  return [&](store::reader& r) { return find_group_by_arn(r, call.context.scope, arn); };
}

bool is_wanted(const group& g, const model::DescribeLogGroupsRequest& in) {
  if (in.logGroupNamePrefix && !g.name.starts_with(*in.logGroupNamePrefix)) return false;
  if (in.logGroupNamePattern && g.name.find(*in.logGroupNamePattern) == std::string::npos) return false;
  if (in.logGroupClass && g.class_name != *in.logGroupClass) return false;
  if (!in.logGroupIdentifiers) return true;
  const auto& all = *in.logGroupIdentifiers;
  return std::any_of(all.begin(), all.end(), [&](const auto& id) { return id == g.name || id == g.arn(); });
}

}  // namespace

api::answer<model::CreateLogGroupResponse> create_log_group(service& s, api::call& call,
                                                            const model::CreateLogGroupRequest& in) {
  group made;
  made.scope = call.context.scope;
  made.name = in.logGroupName;
  made.created_ms = base::to_ms(s.host.env.now());
  made.class_name = in.logGroupClass.value_or("STANDARD");
  made.kms_key = in.kmsKeyId;
  made.is_protected = in.deletionProtectionEnabled.value_or(false);
  if (in.tags) MDLC_CHECK(add_tags(made, *in.tags));
  return call.commit([&](store::transaction& t) -> api::answer<model::CreateLogGroupResponse> {
    if (find_group(t, made.scope, made.name))
      return api::refuse("ResourceAlreadyExistsException", "The specified log group already exists");
    write_group(t, made);
    return model::CreateLogGroupResponse{};
  });
}

api::answer<model::DeleteLogGroupResponse> delete_log_group(service& s, api::call& call,
                                                            const model::DeleteLogGroupRequest& in) {
  return call.commit([&](store::transaction& t) -> api::answer<model::DeleteLogGroupResponse> {
    MDLC_TRY(const auto g, find_group(t, call.context.scope, in.logGroupName));
    if (g.is_protected)
      return api::refuse("ValidationException",
                         "The log group is protected from deletion. Disable its deletion "
                         "protection first.");
    t.run("DELETE FROM logs_groups WHERE account = ?1 AND region = ?2 AND name = ?3",
          {g.scope.account, g.scope.region, g.name});
    drop(t, g, 0);
    t.after_commit([&s] { s.sweeper.start(); });
    return model::DeleteLogGroupResponse{};
  });
}

api::answer<model::DescribeLogGroupsResponse> describe_log_groups(service& s, api::call& call,
                                                                  const model::DescribeLogGroupsRequest& in) {
  if (in.logGroupNamePrefix && in.logGroupNamePattern)
    return api::refuse("InvalidParameterException",
                       "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  const auto limit = static_cast<size_t>(in.limit.value_or(default_limit));
  const auto groups =
      s.host.db.read([&](store::reader& r) { return list_groups(r, call.context.scope, in.nextToken.value_or("")); });
  model::DescribeLogGroupsResponse out;
  out.logGroups.emplace();
  for (const auto& g : groups) {
    if (!is_wanted(g, in)) continue;
    if (out.logGroups->size() == limit) {
      out.nextToken = out.logGroups->back().logGroupName;
      break;
    }
    out.logGroups->push_back(describe(g));
  }
  return out;
}

api::answer<model::PutRetentionPolicyResponse> put_retention_policy(service&, api::call& call,
                                                                    const model::PutRetentionPolicyRequest& in) {
  const auto end = retentions_days.end() - 1;
  if (std::find(retentions_days.begin(), end, in.retentionInDays) == end)
    return api::refuse("InvalidParameterException",
                       fmt::format("1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy "
                                   "constraint: Member must satisfy enum value set: [{}]",
                                   in.retentionInDays, fmt::join(retentions_days.begin(), end, ", ")));
  return change<model::PutRetentionPolicyResponse>(call, by_name(call, in.logGroupName), [&](group& g) {
    g.retention_days = in.retentionInDays;
    return api::answer<void>{};
  });
}

api::answer<model::DeleteRetentionPolicyResponse> delete_retention_policy(
    service&, api::call& call, const model::DeleteRetentionPolicyRequest& in) {
  return change<model::DeleteRetentionPolicyResponse>(call, by_name(call, in.logGroupName), [](group& g) {
    g.retention_days.reset();
    return api::answer<void>{};
  });
}

api::answer<model::TagLogGroupResponse> tag_log_group(service&, api::call& call, const model::TagLogGroupRequest& in) {
  return change<model::TagLogGroupResponse>(call, by_name(call, in.logGroupName),
                                            [&](group& g) { return add_tags(g, in.tags); });
}

api::answer<model::TagResourceResponse> tag_resource(service&, api::call& call, const model::TagResourceRequest& in) {
  return change<model::TagResourceResponse>(call, by_arn(call, in.resourceArn),
                                            [&](group& g) { return add_tags(g, in.tags); });
}

api::answer<model::UntagResourceResponse> untag_resource(service&, api::call& call,
                                                         const model::UntagResourceRequest& in) {
  return change<model::UntagResourceResponse>(call, by_arn(call, in.resourceArn), [&](group& g) {
    for (const auto& key : in.tagKeys) g.tags.erase(key);
    return api::answer<void>{};
  });
}

api::answer<model::ListTagsForResourceResponse> list_tags_for_resource(service& s, api::call& call,
                                                                       const model::ListTagsForResourceRequest& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListTagsForResourceResponse> {
    MDLC_TRY(auto g, find_group_by_arn(r, call.context.scope, in.resourceArn));
    model::ListTagsForResourceResponse out;
    out.tags = std::move(g.tags);
    return out;
  });
}

api::answer<model::ListTagsLogGroupResponse> list_tags_log_group(service& s, api::call& call,
                                                                 const model::ListTagsLogGroupRequest& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListTagsLogGroupResponse> {
    MDLC_TRY(auto g, find_group(r, call.context.scope, in.logGroupName));
    model::ListTagsLogGroupResponse out;
    out.tags = std::move(g.tags);
    return out;
  });
}

}  // namespace mdlc::services::logs
