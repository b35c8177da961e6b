// UploadPart and UploadPartCopy.
#include <charconv>

#include "services/s3/content.h"
#include "services/s3/copy_source.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/stage.h"
#include "services/s3/upload.h"

namespace mdlc::services::s3 {
namespace {

template <class In>
api::answer<upload> look(service& s, const In& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<upload> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    return need_upload(r, b.name, in.Key, in.UploadId);
  });
}

api::answer<void> check_claim(const api::call& c, const upload& u, const json::value& input) {
  MDLC_TRY(auto named, named_algorithm(c, input));
  if (!named || !u.checksum_asked || named == u.sum) return {};
  return invalid_request(
      fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}", u.sum->name,
                  named->name));
}

// Of the upload's algorithm and, as current SDKs add CRC32 by themselves, of the one that the client used.
api::answer<json::object> checksums_of(service& s, const upload& u, const blob::ref& body, const checked_body& sums) {
  auto members = checksum_members(*sums.of, sums.checksum, {});
  if (sums.of == u.sum) return members;
  MDLC_TRY(auto own, digest_blob(s, body, *u.sum));
  members.emplace(u.sum->member, own.checksum);
  return members;
}

// "bytes=first-last", both needed, inside the source.
api::answer<range> copied_range(const std::optional<std::string>& header, int64_t size) {
  if (!header) return range{0, size};
  constexpr std::string_view unit = "bytes=";
  int64_t first = 0, last = 0;
  std::string_view text = *header;
  bool well_formed = text.starts_with(unit);
  if (well_formed) {
    text.remove_prefix(unit.size());
    auto [dash, bad_first] = std::from_chars(text.data(), text.data() + text.size(), first);
    well_formed = bad_first == std::errc{} && dash != text.data() + text.size() && *dash == '-';
    if (well_formed) {
      auto [end, bad_last] = std::from_chars(dash + 1, text.data() + text.size(), last);
      well_formed = bad_last == std::errc{} && end == text.data() + text.size() && first >= 0 && first <= last;
    }
  }
  if (!well_formed)
    return invalid_argument(
        "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
        "zero-based "
        "offsets of the first and last bytes to copy",
        "x-amz-copy-source-range", *header);
  if (last >= size)
    return invalid_argument(fmt::format("Range specified is not valid for source object of size: {}", size),
                            "x-amz-copy-source-range", *header);
  return range{first, last - first + 1};
}

api::answer<staged> copy_bytes(service& s, const object& source, const range& wanted) {
  auto copied = [&]() -> base::result<blob::ref> {
    MDLC_TRY(auto from, s.host.blobs.open_slice(source.ref(), wanted.offset, wanted.count));
    MDLC_TRY(auto to, s.host.blobs.stage());
    MDLC_CHECK(read_through(from, [&](std::string_view piece) { return to->write(piece); }));
    return to->finish();
  }();
  if (!copied) return tl::unexpected(api::internal_error(copied.error().message));
  return api::answer<staged>(tl::in_place, s, *copied);
}

// The part's row, in the call's commit.
template <class Out, class In, class F>
api::answer<Out> commit_part(service& s, api::call& c, const In& in, const part& p, F&& answer) {
  return c.commit([&](store::transaction& t) -> api::answer<Out> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto u, need_upload(t, b.name, in.Key, in.UploadId));
    put_part(s, t, u, p);
    Out out;
    from_json(encryption_of(u.attributes), out);
    answer(out);
    return out;
  });
}

}  // namespace

api::answer<model::UploadPartOutput> upload_part(service& s, api::call& c, const model::UploadPartRequest& in) {
  auto input = to_json(in);
  MDLC_TRY(auto body, take_body(s, c));
  MDLC_CHECK(check_part_number(in.PartNumber));
  MDLC_TRY(auto u, look(s, in));
  MDLC_CHECK(check_claim(c, u, input));
  MDLC_TRY(auto sums, check_body(s, c, *body, input, in.ContentMD5, *u.sum));
  MDLC_TRY(auto checksums, checksums_of(s, u, *body, sums));
  part p{in.PartNumber, now_in_seconds(s), body->size, base::to_hex(sums.md5), body->name, std::move(checksums)};
  auto out = commit_part<model::UploadPartOutput>(s, c, in, p, [&](model::UploadPartOutput& answer) {
    from_json(checksum_members(*sums.of, sums.checksum, {}), answer);
    answer.ETag = '"' + p.etag + '"';
  });
  if (out) body.keep();
  return out;
}

api::answer<model::UploadPartCopyOutput> upload_part_copy(service& s, api::call& c,
                                                          const model::UploadPartCopyRequest& in) {
  MDLC_CHECK(check_part_number(in.PartNumber));
  MDLC_TRY(auto from, parse_copy_source(in.CopySource));
  MDLC_TRY(auto u, look(s, in));
  MDLC_TRY(auto source, s.host.db.read([&](store::reader& r) {
    return need_source(
        r, from, in.ExpectedSourceBucketOwner,
        {in.CopySourceIfMatch, in.CopySourceIfNoneMatch, in.CopySourceIfModifiedSince, in.CopySourceIfUnmodifiedSince});
  }));
  MDLC_TRY(auto wanted, copied_range(in.CopySourceRange, source.o.size));
  if (wanted.count > max_put_bytes)
    return invalid_request(fmt::format(
        "The specified copy source is larger than the maximum allowable size for a copy source: {}", max_put_bytes));
  MDLC_TRY(auto body, copy_bytes(s, source.o, wanted));
  MDLC_TRY(auto sums, digest_blob(s, *body, *u.sum));
  part p{in.PartNumber,          now_in_seconds(s), body->size,
         base::to_hex(sums.md5), body->name,        checksum_members(*sums.of, sums.checksum, {})};
  auto out = commit_part<model::UploadPartCopyOutput>(s, c, in, p, [&](model::UploadPartCopyOutput& answer) {
    answer.CopySourceVersionId = shown_version(source.in, source.o);
    auto& result = answer.CopyPartResult.emplace();
    if (u.checksum_asked) from_json(p.checksum, result);
    result.ETag = '"' + p.etag + '"';
    result.LastModified = p.modified;
  });
  if (out) body.keep();
  return out;
}

}  // namespace mdlc::services::s3
