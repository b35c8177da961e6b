// Rows of objects: one a version.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "services/s3/bucket.h"
#include "services/s3/checksum.h"

namespace mdlc::services::s3 {

inline constexpr size_t max_key_bytes = 1024;
inline constexpr size_t max_metadata_bytes = 2048;             // names and values together
inline constexpr int64_t max_put_bytes = int64_t{5} << 30;     // by PutObject, CopyObject, UploadPart
inline constexpr int64_t max_object_bytes = int64_t{5} << 40;  // by multipart upload
inline constexpr std::string_view null_version = "null";

struct object {
  std::string key;
  std::string version_id{null_version};
  int64_t order = 0;  // the lower the newer
  bool is_marker = false;
  base::time_point modified{};  // to the second, as S3's headers tell it
  int64_t size = 0;
  std::string etag{};  // without quotation marks
  std::string blob{};  // empty for a marker
  std::string storage_class = "STANDARD";
  json::object attributes{};  // members of GetObject's answer: ContentType, Metadata, …
  json::object checksum{};    // members ChecksumCRC32…, ChecksumType
  json::array tags{};         // of {Key, Value}
  json::array parts{};        // of {Size, Checksum…}; of a multipart upload only
  std::string upload_id{};    // which made it; empty for others

  blob::ref ref() const { return {blob, size}; }
  std::string quoted_etag() const { return '"' + etag + '"'; }
};

// A key that can be: 1 to 1024 bytes of UTF-8.
api::answer<void> check_key(std::string_view key);

// The newest version of a key, which may be a marker; none if there never was one.
std::optional<object> current(store::reader&, std::string_view bucket, std::string_view key);
std::optional<object> find_version(store::reader&, std::string_view bucket, std::string_view key,
                                   std::string_view version_id);
// The object that a request for reading means. Sets the answer's headers that tell of a delete marker. Refuses
// NoSuchKey, NoSuchVersion, MethodNotAllowed (a marker that was named).
api::answer<object> need_object(store::reader&, api::call&, const bucket&, std::string_view key,
                                const std::optional<std::string>& version_id);

// Makes `o` the newest version of its key, and sets its version id and order: `new_version_id` where the bucket keeps
// versions, "null" else, which replaces the null version that there may be.
void place(service&, store::transaction&, const bucket&, object& o, std::string_view new_version_id);
// Removes the version for good.
void erase(service&, store::transaction&, std::string_view bucket, const object&);
void save_tags(store::transaction&, std::string_view bucket, const object&);
// After a row that pointed to it is gone: removes the blob after the commit if no other row does.
void release_blob(service&, store::transaction&, const std::string& blob);

// The id as an answer shows it: nothing where the bucket never had versions.
std::optional<std::string> shown_version(const bucket&, const object&);

base::time_point now_in_seconds(service&);

// A staged blob that is removed unless a row came to point to it. Movable.
class staged {
 public:
  staged(service& s, blob::ref r) : service_(s), ref_(std::move(r)) {}
  ~staged() {
    if (!kept_) service_.host.blobs.remove(ref_.name);
  }
  staged(staged&& other) noexcept
      : service_(other.service_), ref_(other.ref_), kept_(std::exchange(other.kept_, true)) {}
  const blob::ref& operator*() const { return ref_; }
  const blob::ref* operator->() const { return &ref_; }
  void keep() { kept_ = true; }

 private:
  service& service_;
  const blob::ref ref_;
  bool kept_ = false;
};

// Tells the bus after the commit, in EventBridge's shape.
void publish_created(service&, store::transaction&, const api::call&, const bucket&, const object&,
                     std::string_view reason);
void publish_deleted(service&, store::transaction&, const api::call&, const bucket&, const object&,
                     std::string_view deletion_type);

}  // namespace mdlc::services::s3
