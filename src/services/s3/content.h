// What a request that makes an object says of it beside its bytes.
#pragma once

#include <optional>
#include <string>

#include "services/s3/object.h"

namespace mdlc::services::s3 {

struct content {
  std::string storage_class = "STANDARD";
  json::object attributes;
  json::array tags;
};

// From PutObject's, CopyObject's or CreateMultipartUpload's input in normal form. Refuses MetadataTooLarge, InvalidTag,
// InvalidStorageClass, and what we do not do: keys that the client keeps (SSE-C), locks.
api::answer<content> content_of(const json::value& input);

// Tags as the x-amz-tagging header carries them (k=v&k2=v2), or as a list of Tag; at most `most` of them.
inline constexpr size_t max_object_tags = 10;
inline constexpr size_t max_bucket_tags = 50;
inline constexpr size_t max_tag_key = 128;  // characters
inline constexpr size_t max_tag_value = 256;
api::answer<json::array> tags_of_header(const std::string& header);
api::answer<void> check_tags(const json::array& tags, size_t most);

// The members of an answer that tell how the object is encrypted.
json::object encryption_of(const json::object& attributes);

}  // namespace mdlc::services::s3
