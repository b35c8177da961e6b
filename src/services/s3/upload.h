// Multipart uploads that are under way, and their parts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/s3/checksum.h"
#include "services/s3/object.h"
#include "services/s3/parts.h"

namespace mdlc::services::s3 {

inline constexpr int64_t min_part_bytes = int64_t{5} << 20;  // of all but the last
inline constexpr int64_t max_parts_listed = 1000;

struct upload {
  std::string key;
  std::string upload_id;
  base::time_point initiated;
  std::string storage_class;
  json::object attributes;
  json::array tags;
  const algorithm* sum;
  std::string checksum_type;  // "COMPOSITE", "FULL_OBJECT"
  bool checksum_asked;        // by the client; else it is S3's own

  bool is_composite() const { return checksum_type == "COMPOSITE"; }
};

struct part {
  int64_t number;
  base::time_point modified;
  int64_t size;
  std::string etag;  // MD5 in hex, without quotation marks
  std::string blob;
  json::object checksum;  // of the upload's algorithm and, where it is another, of the one that came with the part

  blob::ref ref() const { return {blob, size}; }
};

void insert_upload(store::transaction&, std::string_view bucket, const upload&);
std::optional<upload> find_upload(store::reader&, std::string_view bucket, std::string_view key,
                                  std::string_view upload_id);
// Refuses NoSuchUpload.
api::answer<upload> need_upload(store::reader&, std::string_view bucket, std::string_view key,
                                std::string_view upload_id);
// Those of a bucket whose key begins with `prefix`, after (key, upload_id), by key and id.
void each_upload(store::reader&, std::string_view bucket, std::string_view after_key, std::string_view after_id,
                 const std::function<bool(const upload&)>& visit);

// Replaces the part of that number, if there is one.
void put_part(service&, store::transaction&, const upload&, const part&);
// In their order, numbers above `after` only, at most `most`.
std::vector<part> parts_of(store::reader&, std::string_view upload_id, int64_t after = 0,
                           int64_t most = max_part_number);
// The upload and its parts; what no object points to is removed after the commit.
void remove_upload(service&, store::transaction&, std::string_view bucket, const upload&);

}  // namespace mdlc::services::s3
