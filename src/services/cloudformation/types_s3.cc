#include <fmt/format.h>

#include "services/cloudformation/types.h"

namespace mdlc::services::cloudformation {
namespace {

// A property of a bucket that is an operation of its own.
struct aspect {
  std::string_view property;
  std::string_view operation;
  std::string_view member;                               // of the operation's input
  std::string_view undo;                                 // the operation that takes it away; empty: none does
  json::value (*convert)(const json::value&) = nullptr;  // to the API's shape; null: the same
};

json::value encryption(const json::value& v) {
  json::array rules;
  if (auto* given = json::find(v, "ServerSideEncryptionConfiguration"); given && given->is_array())
    for (const auto& rule : given->get_array()) {
      json::object out;
      if (auto* by_default = json::find(rule, "ServerSideEncryptionByDefault"))
        out["ApplyServerSideEncryptionByDefault"] = *by_default;
      if (auto* key = json::find(rule, "BucketKeyEnabled")) out["BucketKeyEnabled"] = as_boolean(*key);
      rules.push_back(std::move(out));
    }
  json::object out;
  out["Rules"] = std::move(rules);
  return out;
}

json::value public_access(const json::value& v) {
  json::object out;
  if (v.is_object())
    for (const auto& [name, value] : v.get_object()) out[name] = as_boolean(value);
  return out;
}

// The template's single actions are the API's lists, and some have other names.
json::value lifecycle(const json::value& v) {
  json::array rules;
  if (auto* given = json::find(v, "Rules"); given && given->is_array())
    for (const auto& rule : given->get_array()) {
      json::object out;
      if (auto* id = json::find(rule, "Id")) out["ID"] = *id;
      out["Status"] = json::text(rule, "Status", "Enabled");
      json::object filter;
      filter["Prefix"] = json::text(rule, "Prefix");
      out["Filter"] = std::move(filter);
      json::object expiration;
      if (auto* days = json::find(rule, "ExpirationInDays")) expiration["Days"] = as_integer(*days);
      if (auto* marker = json::find(rule, "ExpiredObjectDeleteMarker"))
        expiration["ExpiredObjectDeleteMarker"] = as_boolean(*marker);
      if (!expiration.empty()) out["Expiration"] = std::move(expiration);
      auto* noncurrent = json::find(rule, "NoncurrentVersionExpiration");
      auto* noncurrent_days = noncurrent ? json::find(*noncurrent, "NoncurrentDays")
                                         : json::find(rule, "NoncurrentVersionExpirationInDays");
      if (noncurrent_days)
        out["NoncurrentVersionExpiration"] = json::object{{"NoncurrentDays", as_integer(*noncurrent_days)}};
      if (auto* abort = json::find(rule, "AbortIncompleteMultipartUpload"))
        if (auto* days = json::find(*abort, "DaysAfterInitiation"))
          out["AbortIncompleteMultipartUpload"] = json::object{{"DaysAfterInitiation", as_integer(*days)}};
      json::array transitions;
      if (auto* several = json::find(rule, "Transitions"); several && several->is_array())
        for (const auto& one : several->get_array()) {
          json::object step;
          step["StorageClass"] = json::text(one, "StorageClass");
          if (auto* days = json::find(one, "TransitionInDays")) step["Days"] = as_integer(*days);
          transitions.push_back(std::move(step));
        }
      if (!transitions.empty()) out["Transitions"] = std::move(transitions);
      rules.push_back(std::move(out));
    }
  json::object out;
  out["Rules"] = std::move(rules);
  return out;
}

json::value cors(const json::value& v) {
  json::array rules;
  if (auto* given = json::find(v, "CorsRules"); given && given->is_array())
    for (const auto& rule : given->get_array()) {
      json::object out;
      static const json::object none;
      for (const auto& [name, value] : rule.is_object() ? rule.get_object() : none) {
        if (name == "Id")
          out["ID"] = value;
        else if (name == "MaxAge")
          out["MaxAgeSeconds"] = as_integer(value);
        else if (name == "ExposedHeaders")
          out["ExposeHeaders"] = value;
        else
          out[name] = value;
      }
      rules.push_back(std::move(out));
    }
  json::object out;
  out["CORSRules"] = std::move(rules);
  return out;
}

constexpr std::array aspects{
    aspect{"VersioningConfiguration", "PutBucketVersioning", "VersioningConfiguration", ""},
    aspect{"BucketEncryption", "PutBucketEncryption", "ServerSideEncryptionConfiguration", "DeleteBucketEncryption",
           encryption},
    aspect{"PublicAccessBlockConfiguration", "PutPublicAccessBlock", "PublicAccessBlockConfiguration",
           "DeletePublicAccessBlock", public_access},
    aspect{"OwnershipControls", "PutBucketOwnershipControls", "OwnershipControls", "DeleteBucketOwnershipControls"},
    aspect{"LifecycleConfiguration", "PutBucketLifecycleConfiguration", "LifecycleConfiguration",
           "DeleteBucketLifecycle", lifecycle},
    aspect{"CorsConfiguration", "PutBucketCors", "CORSConfiguration", "DeleteBucketCors", cors},
};

operation_call put(const std::string& bucket, std::string_view operation, std::string_view member, json::value what) {
  json::object input;
  input["Bucket"] = bucket;
  input[member] = std::move(what);
  return {"s3", std::string{operation}, std::move(input)};
}

operation_call put_tags(const stack_identity& stack, const resource& r, const std::string& bucket) {
  json::object tagging;
  tagging["TagSet"] = tag_list(stack, r);
  return put(bucket, "PutBucketTagging", "Tagging", std::move(tagging));
}

operation_call put_aspect(const aspect& a, const std::string& bucket, const json::value& v) {
  return put(bucket, a.operation, a.member, a.convert ? a.convert(v) : v);
}

api::answer<calls> create_bucket(const stack_identity& stack, const resource& r) {
  std::string bucket{json::text(r.properties, "BucketName")};
  json::object input;
  input["Bucket"] = bucket;
  if (stack.scope.region != base::default_region)
    input["CreateBucketConfiguration"] = json::object{{"LocationConstraint", stack.scope.region}};
  calls out{{"s3", "CreateBucket", std::move(input)}};
  for (const auto& a : aspects)
    if (auto* given = r.properties.if_contains(a.property)) out.push_back(put_aspect(a, bucket, *given));
  if (!merged_tags(stack, r).empty()) out.push_back(put_tags(stack, r, bucket));
  return out;
}

void absorb_bucket(const stack_identity& stack, resource& r, const operation_call&, const json::value&) {
  r.physical_id = json::text(r.properties, "BucketName");
  r.attributes["Arn"] = "arn:aws:s3:::" + r.physical_id;
  r.attributes["DomainName"] = r.physical_id + ".s3.amazonaws.com";
  r.attributes["RegionalDomainName"] = fmt::format("{}.s3.{}.amazonaws.com", r.physical_id, stack.scope.region);
  r.attributes["DualStackDomainName"] =
      fmt::format("{}.s3.dualstack.{}.amazonaws.com", r.physical_id, stack.scope.region);
  r.attributes["WebsiteURL"] = fmt::format("http://{}.s3-website-{}.amazonaws.com", r.physical_id, stack.scope.region);
}

api::answer<calls> update_bucket(const stack_identity& stack, const resource& r, const former& before) {
  calls out;
  for (const auto& a : aspects) {
    if (!differs(r, before, a.property)) continue;
    if (auto* now = r.properties.if_contains(a.property))
      out.push_back(put_aspect(a, r.physical_id, *now));
    else if (a.undo.empty())  // versioning cannot be taken away
      out.push_back(put(r.physical_id, a.operation, a.member, json::object{{"Status", "Suspended"}}));
    else
      out.push_back({"s3", std::string{a.undo}, json::object{{"Bucket", r.physical_id}}});
  }
  auto tags = changed_tags(stack, r, before);
  if (merged_tags(stack, r).empty() && !tags.gone.empty())
    out.push_back({"s3", "DeleteBucketTagging", json::object{{"Bucket", r.physical_id}}});
  else if (!tags.put.empty() || !tags.gone.empty())
    out.push_back(put_tags(stack, r, r.physical_id));
  return out;
}

calls remove_bucket(const stack_identity&, const resource& r) {
  return {{"s3", "DeleteBucket", json::object{{"Bucket", r.physical_id}}}};
}

api::answer<calls> create_bucket_policy(const stack_identity&, const resource& r) {
  json::object input;
  input["Bucket"] = json::text(r.properties, "Bucket");
  input["Policy"] = as_document(r.properties.at("PolicyDocument"));
  return calls{{"s3", "PutBucketPolicy", std::move(input)}};
}

void absorb_bucket_policy(const stack_identity&, resource& r, const operation_call&, const json::value&) {
  r.physical_id = json::text(r.properties, "Bucket");
}

api::answer<calls> update_bucket_policy(const stack_identity& stack, const resource& r, const former&) {
  return create_bucket_policy(stack, r);
}

calls remove_bucket_policy(const stack_identity&, const resource& r) {
  return {{"s3", "DeleteBucketPolicy", json::object{{"Bucket", r.physical_id}}}};
}

}  // namespace

std::span<const resource_type> s3_types() {
  static const std::array types{
      resource_type{.name = "AWS::S3::Bucket",
                    .name_property = "BucketName",
                    .name_length = 63,
                    .name_is_lower_case = true,
                    .properties = {"AbacStatus",
                                   "AccelerateConfiguration",
                                   "AccessControl",
                                   "AnalyticsConfigurations",
                                   "BucketEncryption",
                                   "BucketName",
                                   "CorsConfiguration",
                                   "IntelligentTieringConfigurations",
                                   "InventoryConfigurations",
                                   "LifecycleConfiguration",
                                   "LoggingConfiguration",
                                   "MetadataConfiguration",
                                   "MetadataTableConfiguration",
                                   "MetricsConfigurations",
                                   "NotificationConfiguration",
                                   "ObjectLockConfiguration",
                                   "ObjectLockEnabled",
                                   "OwnershipControls",
                                   "PublicAccessBlockConfiguration",
                                   "ReplicationConfiguration",
                                   "Tags",
                                   "VersioningConfiguration",
                                   "WebsiteConfiguration"},
                    .replaced_by = {"BucketName"},
                    .create = create_bucket,
                    .absorb = absorb_bucket,
                    .update = update_bucket,
                    .remove = remove_bucket},
      resource_type{.name = "AWS::S3::BucketPolicy",
                    .properties = {"Bucket", "PolicyDocument"},
                    .required = {"Bucket", "PolicyDocument"},
                    .replaced_by = {"Bucket"},
                    .create = create_bucket_policy,
                    .absorb = absorb_bucket_policy,
                    .update = update_bucket_policy,
                    .remove = remove_bucket_policy},
  };
  return types;
}

}  // namespace mdlc::services::cloudformation
