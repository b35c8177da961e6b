#include "services/s3/copy_source.h"

#include "services/s3/errors.h"
#include "wire/uri.h"

namespace mdlc::services::s3 {

api::answer<copy_source> parse_copy_source(std::string_view header) {
  constexpr std::string_view version = "?versionId=";
  copy_source source;
  auto path = header;
  if (auto at = path.find(version); at != path.npos) {
    source.version_id = wire::percent_decode(path.substr(at + version.size()));
    path = path.substr(0, at);
  }
  auto decoded = wire::percent_decode(path);
  std::string_view whole = decoded;
  if (whole.starts_with('/')) whole.remove_prefix(1);
  auto slash = whole.find('/');
  if (slash == whole.npos || slash == 0 || slash + 1 == whole.size())
    return invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                            "x-amz-copy-source", header);
  source.bucket = whole.substr(0, slash);
  source.key = whole.substr(slash + 1);
  return source;
}

api::answer<source_object> need_source(store::reader& r, const copy_source& from,
                                       const std::optional<std::string>& expected_owner,
                                       const read_conditions& conditions) {
  MDLC_TRY(auto b, need_bucket(r, from.bucket, expected_owner));
  auto found = from.version_id ? find_version(r, b.name, from.key, *from.version_id) : current(r, b.name, from.key);
  if (!found && from.version_id) return no_such_version(from.key, *from.version_id);
  if (found && found->is_marker && from.version_id)
    return invalid_request("The source of a copy request may not specifically refer to a delete marker by version id.");
  if (!found || found->is_marker) return no_such_key(from.key);
  MDLC_CHECK(check_copy_source(conditions, *found));
  return source_object{std::move(b), *std::move(found)};
}

}  // namespace mdlc::services::s3
