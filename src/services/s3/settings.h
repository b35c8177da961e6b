// What the operations on a bucket's settings share: they are accepted, checked lightly, kept and shown again.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/s3/bucket.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"

namespace mdlc::services::s3 {

// One name in s3_bucket_setting, and the error of AWS where it is not set.
struct setting {
  std::string_view name;
  std::string_view absent_code;
  std::string_view absent_message;
};

inline constexpr setting public_access_block{"PublicAccessBlock", "NoSuchPublicAccessBlockConfiguration",
                                             "The public access block configuration was not found"};
inline constexpr setting ownership_controls{"OwnershipControls", "OwnershipControlsNotFoundError",
                                            "The bucket ownership controls were not found"};
inline constexpr setting tagging{"Tagging", "NoSuchTagSet", "The TagSet does not exist"};
inline constexpr setting policy{"Policy", "NoSuchBucketPolicy", "The bucket policy does not exist"};
inline constexpr setting cors{"Cors", "NoSuchCORSConfiguration", "The CORS configuration does not exist"};
inline constexpr setting lifecycle{"Lifecycle", "NoSuchLifecycleConfiguration",
                                   "The lifecycle configuration does not exist"};
// These are never absent: they have a value by themselves.
inline constexpr setting encryption{"Encryption", {}, {}};
inline constexpr setting logging{"Logging", {}, {}};
inline constexpr setting notification{"Notification", {}, {}};
inline constexpr setting acl{"Acl", {}, {}};

inline constexpr int no_content = 204;

template <class Out, class In>
api::answer<Out> keep(api::call& c, const In& in, const setting& which, const json::value& value) {
  return c.commit([&](store::transaction& t) -> api::answer<Out> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    put_setting(t, b.name, which.name, value);
    return Out{};
  });
}

template <class Out, class In>
api::answer<Out> drop(api::call& c, const In& in, const setting& which) {
  return c.commit([&](store::transaction& t) -> api::answer<Out> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    remove_setting(t, b.name, which.name);
    return Out{};
  });
}

template <class In>
api::answer<std::optional<json::value>> look_up(service& s, const In& in, const setting& which) {
  return s.host.db.read([&](store::reader& r) -> api::answer<std::optional<json::value>> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    return find_setting(r, b.name, which.name);
  });
}

template <class In>
api::answer<json::value> need(service& s, const In& in, const setting& which) {
  MDLC_TRY(auto found, look_up(s, in, which));
  if (!found)
    return refuse_with(std::string(which.absent_code), std::string(which.absent_message), 404,
                       {{"BucketName", in.Bucket}});
  return *std::move(found);
}

}  // namespace mdlc::services::s3
