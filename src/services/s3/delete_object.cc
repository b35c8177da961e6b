// DeleteObject and DeleteObjects.
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/stage.h"

namespace mdlc::services::s3 {
namespace {

constexpr size_t max_deleted_at_once = 1000;

struct wanted {
  const std::string& key;
  const std::optional<std::string>& version_id;
  const std::optional<std::string>& if_match;
};

struct deleted {
  bool is_marker = false;  // that was made, or removed
  std::optional<std::string> version_id;
};

// A version, for good. What is not there is deleted already.
api::answer<deleted> delete_version(service& s, store::transaction& t, const api::call& c, const bucket& b,
                                    const wanted& w) {
  if (w.version_id->empty()) return invalid_argument("Version id cannot be the empty string", "versionId", "");
  deleted out{false, w.version_id};
  auto found = find_version(t, b.name, w.key, *w.version_id);
  if (w.if_match) MDLC_CHECK(check_write(w.if_match, {}, w.key, found));
  if (!found) return out;
  out.is_marker = found->is_marker;
  erase(s, t, b.name, *found);
  publish_deleted(s, t, c, b, *found, "Permanently Deleted");
  return out;
}

api::answer<deleted> delete_key(service& s, store::transaction& t, const api::call& c, const bucket& b,
                                const wanted& w) {
  auto now = current(t, b.name, w.key);
  if (w.if_match) MDLC_CHECK(check_write(w.if_match, {}, w.key, now));
  if (!b.ever_versioned()) {
    if (now) {
      erase(s, t, b.name, *now);
      publish_deleted(s, t, c, b, *now, "Permanently Deleted");
    }
    return deleted{};
  }
  object marker{.key = w.key, .is_marker = true, .modified = now_in_seconds(s)};
  place(s, t, b, marker, s.host.env.random_id(version_id_length));
  publish_deleted(s, t, c, b, marker, "Delete Marker Created");
  return deleted{true, marker.version_id};
}

api::answer<deleted> delete_one(service& s, store::transaction& t, const api::call& c, const bucket& b,
                                const wanted& w) {
  MDLC_CHECK(check_key(w.key));
  return w.version_id ? delete_version(s, t, c, b, w) : delete_key(s, t, c, b, w);
}

}  // namespace

api::answer<model::DeleteObjectOutput> delete_object(service& s, api::call& c, const model::DeleteObjectRequest& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteObjectOutput> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto gone, delete_one(s, t, c, b, {in.Key, in.VersionId, in.IfMatch}));
    model::DeleteObjectOutput out;
    if (gone.is_marker) out.DeleteMarker = true;
    out.VersionId = gone.version_id;
    return out;
  });
}

api::answer<model::DeleteObjectsOutput> delete_objects(service& s, api::call& c,
                                                       const model::DeleteObjectsRequest& in) {
  const auto& wanted = in.Delete.Objects;
  if (wanted.empty() || wanted.size() > max_deleted_at_once) return malformed_xml();
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteObjectsOutput> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    std::vector<model::DeletedObject> done;
    std::vector<model::Error> failed;
    for (const auto& one : wanted) {
      auto gone = delete_one(s, t, c, b, {one.Key, one.VersionId, one.ETag});
      if (!gone) {
        failed.push_back({one.Key, one.VersionId, gone.error().code, gone.error().message});
        continue;
      }
      if (in.Delete.Quiet.value_or(false)) continue;
      model::DeletedObject shown{one.Key, one.VersionId, {}, {}};
      if (gone->is_marker) {
        shown.DeleteMarker = true;
        shown.DeleteMarkerVersionId = gone->version_id;
      }
      done.push_back(std::move(shown));
    }
    model::DeleteObjectsOutput out;
    if (!done.empty()) out.Deleted = std::move(done);
    if (!failed.empty()) out.Errors = std::move(failed);
    return out;
  });
}

}  // namespace mdlc::services::s3
