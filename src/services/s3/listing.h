// The walk over keys that every listing is: prefix, delimiter, bounded pages.
//
// One range scan of the primary key, which jumps over what a page does not show: the rest of a common prefix, and the
// older versions of a key once there are many.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/error.h"
#include "services/s3/object.h"

namespace mdlc::services::s3 {

inline constexpr int64_t max_page = 1000;

struct summary {
  std::string key;
  std::string version_id;
  int64_t order;
  bool is_marker;
  bool is_latest;
  base::time_point modified;
  int64_t size;
  std::string etag;
  std::string storage_class;
  json::object checksum;
};

struct listing {
  std::string prefix;
  std::string delimiter;  // empty: none
  int64_t most = max_page;
};

struct page {
  std::vector<summary> entries;
  std::vector<std::string> common_prefixes;
  bool is_truncated = false;
  // The last entry or common prefix of the page: where the next one goes on. Empty where there is none.
  std::string last_key;
  std::string last_version;  // of the last entry; empty if that is a common prefix
};

// Current objects whose key, or common prefix, comes after `after`.
page list_current(store::reader&, std::string_view bucket, const listing&, std::string_view after);

// Versions and markers after version `after_version` of `after`, or after all of that key where it is empty.
page list_versions(store::reader&, std::string_view bucket, const listing&, std::string_view after,
                   std::string_view after_version);

// What the requests have in common. Refuses InvalidArgument.
api::answer<int64_t> page_size(const std::optional<int64_t>& asked, std::string_view name, int64_t most = max_page);
api::answer<bool> asks_for_url_encoding(const std::optional<std::string>& encoding_type);
// Percent-encoded if `encode`. A space becomes %20, which every decoder knows; S3 itself writes '+'.
std::string shown_key(std::string_view key, bool encode);

template <class Prefixes>
void show_prefixes(const page& p, bool encode, std::optional<Prefixes>& out) {
  for (const auto& prefix : p.common_prefixes) {
    if (!out) out.emplace();
    out->push_back({shown_key(prefix, encode)});
  }
}

}  // namespace mdlc::services::s3
