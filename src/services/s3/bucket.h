// Buckets: their names, rows and settings.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/error.h"
#include "base/arn.h"
#include "base/time.h"
#include "services/s3/service.h"
#include "store/database.h"

namespace mdlc::services::s3 {

struct bucket {
  std::string name;
  base::scope owner;  // and region
  base::time_point created;
  std::string versioning;  // "", "Enabled", "Suspended"

  bool keeps_versions() const { return versioning == "Enabled"; }
  bool ever_versioned() const { return !versioning.empty(); }
  std::string arn() const { return "arn:aws:s3:::" + name; }
};

// AWS's rules for new general purpose buckets.
bool is_bucket_name(std::string_view);

std::optional<bucket> find_bucket(store::reader&, std::string_view name);
// Refuses NoSuchBucket, and AccessDenied where the caller names an account (12 digits) that does not own it.
api::answer<bucket> need_bucket(store::reader&, std::string_view name,
                                const std::optional<std::string>& expected_owner);

// The canonical user id of an account: AWS's is 64 hexadecimal digits too.
std::string canonical_id(std::string_view account);

// A setting is the input that set it, in normal form, by the name of what it sets ("PublicAccessBlock").
std::optional<json::value> find_setting(store::reader&, std::string_view bucket, std::string_view name);
void put_setting(store::transaction&, std::string_view bucket, std::string_view name, const json::value&);
bool remove_setting(store::transaction&, std::string_view bucket, std::string_view name);

// Whether a canned ACL may be asked for: where the owner owns everything, as by default, only those that say just this.
api::answer<void> check_acl(store::reader&, const bucket&, const std::optional<std::string>& canned);

}  // namespace mdlc::services::s3
