// What CopyObject and UploadPartCopy copy from.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/s3/conditions.h"

namespace mdlc::services::s3 {

struct copy_source {
  std::string bucket;
  std::string key;
  std::optional<std::string> version_id;
};

// "[/]bucket/key[?versionId=id]", percent-encoded, as in x-amz-copy-source.
api::answer<copy_source> parse_copy_source(std::string_view header);

struct source_object {
  bucket in;
  object o;
};
// Refuses what cannot be copied: NoSuchKey, a marker that was named, a condition that does not hold.
api::answer<source_object> need_source(store::reader&, const copy_source&,
                                       const std::optional<std::string>& expected_owner, const read_conditions&);

}  // namespace mdlc::services::s3
