// Conditional requests: If-Match and its kin, and the ranges of a Get.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/error.h"
#include "base/time.h"
#include "services/s3/object.h"

namespace mdlc::services::s3 {

struct read_conditions {
  std::optional<std::string> if_match, if_none_match;
  std::optional<base::time_point> if_modified_since, if_unmodified_since;
};

// Whether the header's list of ETags, quoted or not, or its '*' means this one.
bool etag_matches(std::string_view header, std::string_view etag);

// 412 PreconditionFailed, or 304 NotModified. A date decides only where its ETag's header is absent.
api::answer<void> check_read(const read_conditions&, const object&);
// For the source of a copy: every refusal is 412.
api::answer<void> check_copy_source(const read_conditions&, const object&);
// For writes. `now` is the key's current version, if any; a marker counts as none.
api::answer<void> check_write(const std::optional<std::string>& if_match,
                              const std::optional<std::string>& if_none_match, std::string_view key,
                              const std::optional<object>& now);

struct range {
  int64_t offset;
  int64_t count;
};
// Of a Range header over `size` bytes. None where it asks for all, says nothing that we know, or names several ranges,
// as S3 reads it. Refuses InvalidRange (416).
api::answer<std::optional<range>> parse_range(const std::optional<std::string>& header, int64_t size);

// An ETag without its quotation marks.
std::string_view unquoted(std::string_view etag);

}  // namespace mdlc::services::s3
