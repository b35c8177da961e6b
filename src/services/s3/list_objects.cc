// ListObjects and ListObjectsV2.
#include "base/bytes.h"
#include "services/s3/errors.h"
#include "services/s3/listing.h"
#include "services/s3/operations.h"

namespace mdlc::services::s3 {
namespace {

// A continuation token is the last key or common prefix, so that it outlives restarts and the key itself.
constexpr std::string_view token_format = "1";

std::string token_of(std::string_view last) { return base::to_base64(fmt::format("{}{}", token_format, last)); }

api::answer<std::string> start_of(const model::ListObjectsV2Request& in) {
  if (!in.ContinuationToken) return in.StartAfter.value_or("");
  auto text = base::from_base64(*in.ContinuationToken);
  if (!text || !text->starts_with(token_format))
    return invalid_argument("The continuation token provided is incorrect", "continuation-token",
                            *in.ContinuationToken);
  return text->substr(token_format.size());
}

model::Object shown(const summary& entry, bool encode, const std::optional<model::Owner>& owner) {
  model::Object out;
  out.Key = shown_key(entry.key, encode);
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

struct request {
  listing what;
  bool encode;
};

template <class In>
api::answer<request> request_of(const In& in) {
  MDLC_TRY(auto most, page_size(in.MaxKeys, "maxKeys"));
  MDLC_TRY(auto encode, asks_for_url_encoding(in.EncodingType));
  return request{{in.Prefix.value_or(""), in.Delimiter.value_or(""), most}, encode};
}

// What both versions show alike.
template <class Out, class In>
Out answer_of(const In& in, const request& asked, const bucket& b, const page& found, bool with_owner) {
  Out out;
  out.Name = b.name;
  out.Prefix = shown_key(asked.what.prefix, asked.encode);
  if (in.Delimiter) out.Delimiter = shown_key(*in.Delimiter, asked.encode);
  out.MaxKeys = asked.what.most;
  out.IsTruncated = found.is_truncated;
  if (asked.encode) out.EncodingType = "url";
  std::optional<model::Owner> owner;
  if (with_owner) owner = model::Owner{{}, canonical_id(b.owner.account)};
  for (const auto& entry : found.entries) {
    if (!out.Contents) out.Contents.emplace();
    out.Contents->push_back(shown(entry, asked.encode, owner));
  }
  show_prefixes(found, asked.encode, out.CommonPrefixes);
  return out;
}

}  // namespace

api::answer<model::ListObjectsV2Output> list_objects_v2(service& s, api::call&, const model::ListObjectsV2Request& in) {
  MDLC_TRY(auto asked, request_of(in));
  MDLC_TRY(auto after, start_of(in));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListObjectsV2Output> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    auto found = list_current(r, b.name, asked.what, after);
    auto out = answer_of<model::ListObjectsV2Output>(in, asked, b, found, in.FetchOwner.value_or(false));
    out.KeyCount = static_cast<int64_t>(found.entries.size() + found.common_prefixes.size());
    out.ContinuationToken = in.ContinuationToken;
    if (in.StartAfter) out.StartAfter = shown_key(*in.StartAfter, asked.encode);
    if (found.is_truncated) out.NextContinuationToken = token_of(found.last_key);
    return out;
  });
}

api::answer<model::ListObjectsOutput> list_objects(service& s, api::call&, const model::ListObjectsRequest& in) {
  MDLC_TRY(auto asked, request_of(in));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListObjectsOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    auto found = list_current(r, b.name, asked.what, in.Marker.value_or(""));
    auto out = answer_of<model::ListObjectsOutput>(in, asked, b, found, true);
    out.Marker = shown_key(in.Marker.value_or(""), asked.encode);
    // Without a delimiter the last key is where a client goes on.
    if (found.is_truncated && in.Delimiter) out.NextMarker = shown_key(found.last_key, asked.encode);
    return out;
  });
}

}  // namespace mdlc::services::s3
