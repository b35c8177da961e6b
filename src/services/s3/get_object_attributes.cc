#include "services/s3/errors.h"
#include "services/s3/listing.h"
#include "services/s3/operations.h"

namespace mdlc::services::s3 {
namespace {

constexpr std::string_view known_attributes[] = {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"};

// Sizes and checksums of single parts are kept of composite checksums only, as on AWS.
api::answer<model::GetObjectAttributesParts> parts_shown(const model::GetObjectAttributesRequest& in, const object& o) {
  MDLC_TRY(auto most, page_size(in.MaxParts, "max-parts"));
  auto after = in.PartNumberMarker.value_or(0);
  model::GetObjectAttributesParts out;
  out.TotalPartsCount = static_cast<int64_t>(o.parts.size());
  if (json::text(o.checksum, "ChecksumType") != "COMPOSITE") return out;
  std::vector<model::ObjectPart> parts;
  out.IsTruncated = false;
  for (const auto& kept : o.parts) {
    model::ObjectPart shown;
    from_json(kept, shown);
    if (*shown.PartNumber <= after) continue;
    if (static_cast<int64_t>(parts.size()) == most) {
      out.IsTruncated = true;
      break;
    }
    parts.push_back(std::move(shown));
  }
  out.PartNumberMarker = after;
  out.NextPartNumberMarker = parts.empty() ? 0 : *parts.back().PartNumber;
  out.MaxParts = most;
  if (!parts.empty()) out.Parts = std::move(parts);
  return out;
}

}  // namespace

api::answer<model::GetObjectAttributesOutput> get_object_attributes(service& s, api::call& c,
                                                                    const model::GetObjectAttributesRequest& in) {
  std::set<std::string_view> asked(in.ObjectAttributes.begin(), in.ObjectAttributes.end());
  for (auto name : asked)
    if (std::find(std::begin(known_attributes), std::end(known_attributes), name) == std::end(known_attributes))
      return invalid_argument("Invalid attribute name specified.", "x-amz-object-attributes", name);
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetObjectAttributesOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto o, need_object(r, c, b, in.Key, in.VersionId));
    model::GetObjectAttributesOutput out;
    out.LastModified = o.modified;
    out.VersionId = shown_version(b, o);
    if (asked.contains("ETag")) out.ETag = o.etag;  // without quotation marks, unlike everywhere else
    if (asked.contains("Checksum")) from_json(o.checksum, out.Checksum.emplace());
    if (asked.contains("StorageClass")) out.StorageClass = o.storage_class;
    if (asked.contains("ObjectSize")) out.ObjectSize = o.size;
    if (asked.contains("ObjectParts") && !o.parts.empty()) {
      MDLC_TRY(out.ObjectParts, parts_shown(in, o));
    }
    return out;
  });
}

}  // namespace mdlc::services::s3
