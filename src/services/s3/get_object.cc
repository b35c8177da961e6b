// GetObject and HeadObject, which differ in the body only.
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/parts.h"

namespace mdlc::services::s3 {
namespace {

// An overwritten object's blob may go between the row's reading and the file's opening; then the row is read again.
constexpr int max_attempts = 5;

struct found_object {
  bucket in;
  object o;
  std::optional<range> part_of;
};

template <class In>
api::answer<std::optional<range>> range_of(const In& in, const object& o) {
  if (!in.PartNumber) return parse_range(in.Range, o.size);
  if (in.Range) return invalid_request("Cannot specify both Range header and partNumber query parameter");
  return part_range(o, *in.PartNumber);
}

template <class In>
api::answer<found_object> look(service& s, api::call& c, const In& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<found_object> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto o, need_object(r, c, b, in.Key, in.VersionId));
    auto allowed = check_read({in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince}, o);
    if (!allowed) {
      if (allowed.error().status == 304) {
        c.reply.headers.emplace_back("ETag", o.quoted_etag());
        c.reply.headers.emplace_back("Last-Modified", base::to_http_date(o.modified));
      }
      return tl::unexpected(allowed.error());
    }
    MDLC_TRY(auto part_of, range_of(in, o));
    return found_object{std::move(b), std::move(o), part_of};
  });
}

template <class Out, class In>
Out describe(api::call& c, const found_object& found, const In& in) {
  const auto& o = found.o;
  Out out;
  from_json(o.attributes, out);
  out.AcceptRanges = "bytes";
  out.LastModified = o.modified;
  out.ETag = o.quoted_etag();
  out.ContentLength = o.size;
  out.VersionId = shown_version(found.in, o);
  if (o.storage_class != "STANDARD") out.StorageClass = o.storage_class;
  if (!o.tags.empty()) out.TagCount = static_cast<int64_t>(o.tags.size());
  if (in.PartNumber && !o.parts.empty()) out.PartsCount = static_cast<int64_t>(o.parts.size());
  if (found.part_of) {
    out.ContentLength = found.part_of->count;
    out.ContentRange =
        fmt::format("bytes {}-{}/{}", found.part_of->offset, found.part_of->offset + found.part_of->count - 1, o.size);
    c.reply.status = 206;
  } else if (in.ChecksumMode == "ENABLED") {
    from_json(o.checksum, out);  // that of the whole would be none of a part
  }
  if (in.ResponseCacheControl) out.CacheControl = in.ResponseCacheControl;
  if (in.ResponseContentDisposition) out.ContentDisposition = in.ResponseContentDisposition;
  if (in.ResponseContentEncoding) out.ContentEncoding = in.ResponseContentEncoding;
  if (in.ResponseContentLanguage) out.ContentLanguage = in.ResponseContentLanguage;
  if (in.ResponseContentType) out.ContentType = in.ResponseContentType;
  if (in.ResponseExpires) out.Expires = base::to_http_date(*in.ResponseExpires);
  return out;
}

}  // namespace

api::answer<model::GetObjectOutput> get_object(service& s, api::call& c, const model::GetObjectRequest& in) {
  for (int attempt = 1;; attempt++) {
    MDLC_TRY(auto found, look(s, c, in));
    auto wanted = found.part_of.value_or(range{0, found.o.size});
    auto bytes = s.host.blobs.open_slice(found.o.ref(), wanted.offset, wanted.count);
    if (bytes) {
      c.reply.body = *std::move(bytes);
      return describe<model::GetObjectOutput>(c, found, in);
    }
    if (attempt == max_attempts) return tl::unexpected(api::internal_error(bytes.error().message));
  }
}

api::answer<model::HeadObjectOutput> head_object(service& s, api::call& c, const model::HeadObjectRequest& in) {
  MDLC_TRY(auto found, look(s, c, in));
  return describe<model::HeadObjectOutput>(c, found, in);
}

}  // namespace mdlc::services::s3
