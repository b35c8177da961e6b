// ListParts and ListMultipartUploads.
#include <set>

#include "services/s3/errors.h"
#include "services/s3/listing.h"
#include "services/s3/operations.h"
#include "services/s3/upload.h"

namespace mdlc::services::s3 {
namespace {

model::Part shown(const upload& u, const part& p) {
  model::Part out;
  if (u.checksum_asked)
    if (auto* value = p.checksum.if_contains(u.sum->member))
      from_json(checksum_members(*u.sum, json::view(value->as_string()), {}), out);
  out.PartNumber = p.number;
  out.LastModified = p.modified;
  out.ETag = '"' + p.etag + '"';
  out.Size = p.size;
  return out;
}

model::MultipartUpload shown(const upload& u, bool encode, const std::string& owner_id) {
  model::MultipartUpload out;
  out.Key = shown_key(u.key, encode);
  out.UploadId = u.upload_id;
  out.Initiated = u.initiated;
  out.StorageClass = u.storage_class;
  out.Owner = model::Owner{{}, owner_id};
  out.Initiator = model::Initiator{owner_id, {}};
  if (u.checksum_asked) {
    out.ChecksumAlgorithm = u.sum->name;
    out.ChecksumType = u.checksum_type;
  }
  return out;
}

}  // namespace

api::answer<model::ListPartsOutput> list_parts(service& s, api::call&, const model::ListPartsRequest& in) {
  MDLC_TRY(auto most, page_size(in.MaxParts, "max-parts", max_parts_listed));
  MDLC_TRY(auto after, page_size(in.PartNumberMarker, "part-number-marker", INT32_MAX));
  if (!in.PartNumberMarker) after = 0;
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListPartsOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto u, need_upload(r, b.name, in.Key, in.UploadId));
    auto parts = parts_of(r, u.upload_id, after, most + 1);
    bool truncated = static_cast<int64_t>(parts.size()) > most;
    if (truncated) parts.pop_back();
    model::ListPartsOutput out;
    out.Bucket = b.name;
    out.Key = u.key;
    out.UploadId = u.upload_id;
    out.PartNumberMarker = after;
    out.NextPartNumberMarker = parts.empty() ? 0 : parts.back().number;
    out.MaxParts = most;
    out.IsTruncated = truncated;
    out.StorageClass = u.storage_class;
    out.Owner = model::Owner{{}, canonical_id(b.owner.account)};
    out.Initiator = model::Initiator{canonical_id(b.owner.account), {}};
    if (u.checksum_asked) {
      out.ChecksumAlgorithm = u.sum->name;
      out.ChecksumType = u.checksum_type;
    }
    for (const auto& p : parts) {
      if (!out.Parts) out.Parts.emplace();
      out.Parts->push_back(shown(u, p));
    }
    return out;
  });
}

api::answer<model::ListMultipartUploadsOutput> list_multipart_uploads(service& s, api::call&,
                                                                      const model::ListMultipartUploadsRequest& in) {
  MDLC_TRY(auto most, page_size(in.MaxUploads, "max-uploads"));
  MDLC_TRY(auto encode, asks_for_url_encoding(in.EncodingType));
  auto prefix = in.Prefix.value_or(""), delimiter = in.Delimiter.value_or("");
  auto key_marker = in.KeyMarker.value_or(""), id_marker = in.UploadIdMarker.value_or("");
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListMultipartUploadsOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    model::ListMultipartUploadsOutput out;
    out.Bucket = b.name;
    out.KeyMarker = shown_key(key_marker, encode);
    out.UploadIdMarker = id_marker;
    out.Prefix = shown_key(prefix, encode);
    if (in.Delimiter) out.Delimiter = shown_key(delimiter, encode);
    out.MaxUploads = most;
    if (encode) out.EncodingType = "url";
    out.IsTruncated = false;
    std::set<std::string> rolled_up{key_marker};
    int64_t count = 0;
    // After all of the marker's key where no upload of it is named.
    std::string after_id = id_marker.empty() && !key_marker.empty() ? "\U0010FFFF" : id_marker;
    each_upload(r, b.name, key_marker, after_id, [&](const upload& u) {
      if (!u.key.starts_with(prefix)) return u.key < prefix;
      auto at = delimiter.empty() ? std::string::npos : u.key.find(delimiter, prefix.size());
      auto common = at == std::string::npos ? std::string() : u.key.substr(0, at + delimiter.size());
      if (!common.empty() && rolled_up.contains(common)) return true;
      if (count++ == most) {
        out.IsTruncated = most > 0;
        return false;
      }
      if (!common.empty()) {
        if (!out.CommonPrefixes) out.CommonPrefixes.emplace();
        out.CommonPrefixes->push_back({shown_key(common, encode)});
        rolled_up.insert(common);
        out.NextKeyMarker = shown_key(common, encode);
        out.NextUploadIdMarker.reset();
        return true;
      }
      if (!out.Uploads) out.Uploads.emplace();
      out.Uploads->push_back(shown(u, encode, canonical_id(b.owner.account)));
      out.NextKeyMarker = shown_key(u.key, encode);
      out.NextUploadIdMarker = u.upload_id;
      return true;
    });
    if (!*out.IsTruncated) {
      out.NextKeyMarker.reset();
      out.NextUploadIdMarker.reset();
    }
    return out;
  });
}

}  // namespace mdlc::services::s3
