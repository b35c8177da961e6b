// Settings that change nothing here: encryption, lifecycle, CORS, logging, notification. Their checks are AWS's first
// ones, so that a template with a mistake fails here too.
#include <set>

#include "services/s3/settings.h"

namespace mdlc::services::s3 {
namespace {

constexpr size_t max_cors_rules = 100;
constexpr size_t max_lifecycle_rules = 1000;
constexpr size_t max_rule_id = 255;
constexpr size_t generated_id_length = 48;
constexpr std::string_view default_minimum_transition = "all_storage_classes_128K";

// What S3 encrypts with where nothing was asked.
model::ServerSideEncryptionConfiguration default_encryption() {
  model::ServerSideEncryptionRule rule;
  rule.ApplyServerSideEncryptionByDefault = model::ServerSideEncryptionByDefault{"AES256", {}};
  rule.BucketKeyEnabled = false;
  return {{rule}};
}

api::answer<void> check_encryption(const model::ServerSideEncryptionConfiguration& given) {
  if (given.Rules.size() != 1) return malformed_xml();
  const auto& by_default = given.Rules.front().ApplyServerSideEncryptionByDefault;
  if (!by_default) return {};
  const auto& algorithm = by_default->SSEAlgorithm;
  if (algorithm != "AES256" && algorithm != "aws:kms" && algorithm != "aws:kms:dsse") return malformed_xml();
  if (algorithm == "AES256" && by_default->KMSMasterKeyID)
    return invalid_argument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms",
                            "ApplyServerSideEncryptionByDefault", *by_default->KMSMasterKeyID);
  return {};
}

api::answer<void> check_cors(const model::CORSConfiguration& given) {
  constexpr std::string_view methods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
  if (given.CORSRules.empty() || given.CORSRules.size() > max_cors_rules) return malformed_xml();
  for (const auto& rule : given.CORSRules) {
    if (rule.AllowedMethods.empty() || rule.AllowedOrigins.empty()) return malformed_xml();
    for (const auto& method : rule.AllowedMethods)
      if (std::find(std::begin(methods), std::end(methods), method) == std::end(methods))
        return invalid_request(
            fmt::format("Found unsupported HTTP method in CORS config. Unsupported method is {}", method));
  }
  return {};
}

bool has_action(const model::LifecycleRule& rule) {
  return rule.Expiration || rule.NoncurrentVersionExpiration || rule.AbortIncompleteMultipartUpload ||
         (rule.Transitions && !rule.Transitions->empty()) ||
         (rule.NoncurrentVersionTransitions && !rule.NoncurrentVersionTransitions->empty());
}

api::answer<void> check_rule(const model::LifecycleRule& rule) {
  if (rule.Status != "Enabled" && rule.Status != "Disabled") return malformed_xml();
  if (!rule.Filter && !rule.Prefix) return malformed_xml();
  if (rule.ID && rule.ID->size() > max_rule_id)
    return invalid_argument("ID length should not exceed allowed limit of 255", "ID", *rule.ID);
  if (!has_action(rule)) return invalid_request("At least one action needs to be specified in a rule");
  if (rule.Expiration && rule.Expiration->Days && *rule.Expiration->Days < 1)
    return invalid_argument("'Days' for Expiration action must be a positive integer", "Days",
                            std::to_string(*rule.Expiration->Days));
  return {};
}

// Checks the rules, and names those that have no name.
api::answer<void> check_lifecycle(service& s, model::BucketLifecycleConfiguration& given) {
  if (given.Rules.empty() || given.Rules.size() > max_lifecycle_rules) return malformed_xml();
  std::set<std::string> ids;
  for (auto& rule : given.Rules) {
    MDLC_CHECK(check_rule(rule));
    if (!rule.ID || rule.ID->empty()) rule.ID = s.host.env.random_id(generated_id_length);
    if (!ids.insert(*rule.ID).second)
      return invalid_argument("Rule ID must be unique. Found same ID for more than one rule", "ID", *rule.ID);
  }
  return {};
}

template <class Configuration>
api::answer<void> check_targets(service& s, std::optional<std::vector<Configuration>>& targets) {
  if (!targets) return {};
  for (auto& target : *targets) {
    if (target.Events.empty()) return malformed_xml();
    for (const auto& event : target.Events)
      if (!event.starts_with("s3:"))
        return invalid_argument("The event is not supported for notifications", "Event", event);
    if (!target.Id) target.Id = s.host.env.random_id(generated_id_length);
  }
  return {};
}

}  // namespace

api::answer<model::PutBucketEncryptionResponse> put_bucket_encryption(service&, api::call& c,
                                                                      const model::PutBucketEncryptionRequest& in) {
  MDLC_CHECK(check_encryption(in.ServerSideEncryptionConfiguration));
  return keep<model::PutBucketEncryptionResponse>(c, in, encryption, to_json(in.ServerSideEncryptionConfiguration));
}

api::answer<model::GetBucketEncryptionOutput> get_bucket_encryption(service& s, api::call&,
                                                                    const model::GetBucketEncryptionRequest& in) {
  MDLC_TRY(auto found, look_up(s, in, encryption));
  model::GetBucketEncryptionOutput out;
  if (found)
    from_json(*found, out.ServerSideEncryptionConfiguration.emplace());
  else
    out.ServerSideEncryptionConfiguration = default_encryption();
  return out;
}

api::answer<model::DeleteBucketEncryptionResponse> delete_bucket_encryption(
    service&, api::call& c, const model::DeleteBucketEncryptionRequest& in) {
  return drop<model::DeleteBucketEncryptionResponse>(c, in, encryption);
}

api::answer<model::PutBucketCorsResponse> put_bucket_cors(service&, api::call& c,
                                                          const model::PutBucketCorsRequest& in) {
  MDLC_CHECK(check_cors(in.CORSConfiguration));
  return keep<model::PutBucketCorsResponse>(c, in, cors, to_json(in.CORSConfiguration));
}

api::answer<model::GetBucketCorsOutput> get_bucket_cors(service& s, api::call&, const model::GetBucketCorsRequest& in) {
  MDLC_TRY(auto found, need(s, in, cors));
  model::GetBucketCorsOutput out;
  from_json(found, out);
  return out;
}

api::answer<model::DeleteBucketCorsResponse> delete_bucket_cors(service&, api::call& c,
                                                                const model::DeleteBucketCorsRequest& in) {
  return drop<model::DeleteBucketCorsResponse>(c, in, cors);
}

api::answer<model::PutBucketLifecycleConfigurationOutput> put_bucket_lifecycle_configuration(
    service& s, api::call& c, const model::PutBucketLifecycleConfigurationRequest& in) {
  if (!in.LifecycleConfiguration) return malformed_xml();
  auto given = *in.LifecycleConfiguration;
  MDLC_CHECK(check_lifecycle(s, given));
  model::GetBucketLifecycleConfigurationOutput kept;
  kept.Rules = std::move(given.Rules);
  kept.TransitionDefaultMinimumObjectSize =
      in.TransitionDefaultMinimumObjectSize.value_or(std::string(default_minimum_transition));
  auto out = keep<model::PutBucketLifecycleConfigurationOutput>(c, in, lifecycle, to_json(kept));
  if (out) out->TransitionDefaultMinimumObjectSize = kept.TransitionDefaultMinimumObjectSize;
  return out;
}

api::answer<model::GetBucketLifecycleConfigurationOutput> get_bucket_lifecycle_configuration(
    service& s, api::call&, const model::GetBucketLifecycleConfigurationRequest& in) {
  MDLC_TRY(auto found, need(s, in, lifecycle));
  model::GetBucketLifecycleConfigurationOutput out;
  from_json(found, out);
  return out;
}

api::answer<model::DeleteBucketLifecycleResponse> delete_bucket_lifecycle(
    service&, api::call& c, const model::DeleteBucketLifecycleRequest& in) {
  return drop<model::DeleteBucketLifecycleResponse>(c, in, lifecycle);
}

api::answer<model::PutBucketLoggingResponse> put_bucket_logging(service&, api::call& c,
                                                                const model::PutBucketLoggingRequest& in) {
  const auto& enabled = in.BucketLoggingStatus.LoggingEnabled;
  return c.commit([&](store::transaction& t) -> api::answer<model::PutBucketLoggingResponse> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    if (enabled && !find_bucket(t, enabled->TargetBucket))
      return refuse_with("InvalidTargetBucketForLogging", "The target bucket for logging does not exist", 400,
                         {{"TargetBucket", enabled->TargetBucket}});
    put_setting(t, b.name, logging.name, to_json(in.BucketLoggingStatus));
    return model::PutBucketLoggingResponse{};
  });
}

api::answer<model::GetBucketLoggingOutput> get_bucket_logging(service& s, api::call&,
                                                              const model::GetBucketLoggingRequest& in) {
  MDLC_TRY(auto found, look_up(s, in, logging));
  model::GetBucketLoggingOutput out;
  if (found) from_json(*found, out);
  return out;
}

api::answer<model::PutBucketNotificationConfigurationResponse> put_bucket_notification_configuration(
    service& s, api::call& c, const model::PutBucketNotificationConfigurationRequest& in) {
  auto given = in.NotificationConfiguration;
  MDLC_CHECK(check_targets(s, given.TopicConfigurations));
  MDLC_CHECK(check_targets(s, given.QueueConfigurations));
  MDLC_CHECK(check_targets(s, given.LambdaFunctionConfigurations));
  return keep<model::PutBucketNotificationConfigurationResponse>(c, in, notification, to_json(given));
}

api::answer<model::NotificationConfiguration> get_bucket_notification_configuration(
    service& s, api::call&, const model::GetBucketNotificationConfigurationRequest& in) {
  MDLC_TRY(auto found, look_up(s, in, notification));
  model::NotificationConfiguration out;
  if (found) from_json(*found, out);
  return out;
}

}  // namespace mdlc::services::s3
