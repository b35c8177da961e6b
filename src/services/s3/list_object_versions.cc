#include "services/s3/errors.h"
#include "services/s3/listing.h"
#include "services/s3/operations.h"

namespace mdlc::services::s3 {
namespace {

model::ObjectVersion version_of(const summary& entry, bool encode, const model::Owner& owner) {
  model::ObjectVersion out;
  out.Key = shown_key(entry.key, encode);
  out.VersionId = entry.version_id;
  out.IsLatest = entry.is_latest;
  out.LastModified = entry.modified;
  out.ETag = '"' + entry.etag + '"';
  out.Size = entry.size;
  out.StorageClass = entry.storage_class;
  out.Owner = owner;
  for (const auto& a : algorithms())
    if (entry.checksum.contains(a.member)) out.ChecksumAlgorithm = {std::string(a.name)};
  if (auto* type = entry.checksum.if_contains("ChecksumType")) out.ChecksumType = json::view(type->as_string());
  return out;
}

model::DeleteMarkerEntry marker_of(const summary& entry, bool encode, const model::Owner& owner) {
  return {owner, shown_key(entry.key, encode), entry.version_id, entry.is_latest, entry.modified};
}

}  // namespace

api::answer<model::ListObjectVersionsOutput> list_object_versions(service& s, api::call&,
                                                                  const model::ListObjectVersionsRequest& in) {
  MDLC_TRY(auto most, page_size(in.MaxKeys, "maxKeys"));
  MDLC_TRY(auto encode, asks_for_url_encoding(in.EncodingType));
  auto key_marker = in.KeyMarker.value_or(""), version_marker = in.VersionIdMarker.value_or("");
  if (!version_marker.empty() && key_marker.empty())
    return invalid_argument("A version-id marker cannot be specified without a key marker.", "version-id-marker",
                            version_marker);
  listing what{in.Prefix.value_or(""), in.Delimiter.value_or(""), most};
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListObjectVersionsOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    auto found = list_versions(r, b.name, what, key_marker, version_marker);
    model::ListObjectVersionsOutput out;
    out.Name = b.name;
    out.Prefix = shown_key(what.prefix, encode);
    if (in.Delimiter) out.Delimiter = shown_key(*in.Delimiter, encode);
    out.KeyMarker = shown_key(key_marker, encode);
    out.VersionIdMarker = version_marker;
    out.MaxKeys = most;
    out.IsTruncated = found.is_truncated;
    if (encode) out.EncodingType = "url";
    if (found.is_truncated) {
      out.NextKeyMarker = shown_key(found.last_key, encode);
      if (!found.last_version.empty()) out.NextVersionIdMarker = found.last_version;
    }
    model::Owner owner{{}, canonical_id(b.owner.account)};
    for (const auto& entry : found.entries) {
      if (entry.is_marker) {
        if (!out.DeleteMarkers) out.DeleteMarkers.emplace();
        out.DeleteMarkers->push_back(marker_of(entry, encode, owner));
      } else {
        if (!out.Versions) out.Versions.emplace();
        out.Versions->push_back(version_of(entry, encode, owner));
      }
    }
    show_prefixes(found, encode, out.CommonPrefixes);
    return out;
  });
}

}  // namespace mdlc::services::s3
