#include "services/s3/conditions.h"
#include "services/s3/content.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/stage.h"
#include "services/s3/upload.h"
#include "wire/uri.h"

namespace mdlc::services::s3 {
namespace {

using request = model::CompleteMultipartUploadRequest;

// What is read before the bytes are put together.
struct preparation {
  upload of;
  std::vector<part> parts;            // those that the client lists
  std::optional<object> made_before;  // by this very upload: a repeated request
};

struct assembled {
  staged body;
  std::string checksum;  // base64; of a composite with "-N"
};

refusal invalid_part(const request& in, int64_t number, std::string_view etag) {
  return refuse_with(
      "InvalidPart",
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
      "specified entity tag may not match the part's entity tag.",
      400, {{"UploadId", in.UploadId}, {"PartNumber", std::to_string(number)}, {"ETag", etag}});
}

// Whether the checksums that the client lists are those of the part; some must be where the upload asks for them.
api::answer<void> check_listed(const request& in, const upload& u, const part& p, const model::CompletedPart& listed) {
  auto given = to_json(listed);
  bool any = false;
  for (const auto& a : algorithms()) {
    auto value = json::text(given, a.member);
    if (value.empty()) continue;
    any = true;
    auto* known = p.checksum.if_contains(a.member);
    if (!known || json::view(known->as_string()) != value) return invalid_part(in, p.number, p.etag);
  }
  if (!any && u.checksum_asked && u.is_composite()) {
    std::string name;
    for (char c : u.sum->name) name += static_cast<char>(std::tolower(c));
    return invalid_request(
        fmt::format("The upload was created using a {} checksum. The complete request must include the "
                    "checksum for each part. It was missing for part {} in the request.",
                    name, p.number));
  }
  return {};
}

api::answer<std::vector<part>> choose_parts(const request& in, const upload& u, std::vector<part> all) {
  if (!in.MultipartUpload || !in.MultipartUpload->Parts || in.MultipartUpload->Parts->empty()) return malformed_xml();
  std::map<int64_t, part> by_number;
  for (auto& p : all) by_number.emplace(p.number, std::move(p));
  std::vector<part> chosen;
  for (const auto& listed : *in.MultipartUpload->Parts) {
    if (!listed.PartNumber || !listed.ETag) return malformed_xml();
    if (!chosen.empty() && *listed.PartNumber <= chosen.back().number)
      return refuse_with("InvalidPartOrder",
                         "The list of parts was not in ascending order. Parts must be ordered by part number.", 400,
                         {{"UploadId", in.UploadId}});
    auto found = by_number.find(*listed.PartNumber);
    if (found == by_number.end() || found->second.etag != unquoted(*listed.ETag))
      return invalid_part(in, *listed.PartNumber, *listed.ETag);
    MDLC_CHECK(check_listed(in, u, found->second, listed));
    chosen.push_back(found->second);
  }
  return chosen;
}

api::answer<void> check_sizes(const request& in, const std::vector<part>& parts) {
  int64_t total = 0;
  for (const auto& p : parts) {
    total += p.size;
    if (&p != &parts.back() && p.size < min_part_bytes)
      return refuse_with("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", 400,
                         {{"ProposedSize", std::to_string(p.size)},
                          {"MinSizeAllowed", std::to_string(min_part_bytes)},
                          {"PartNumber", std::to_string(p.number)},
                          {"ETag", p.etag}});
  }
  if (total > max_object_bytes)
    return refuse_with("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400,
                       {{"ProposedSize", std::to_string(total)}, {"MaxSizeAllowed", std::to_string(max_object_bytes)}});
  if (in.MpuObjectSize && *in.MpuObjectSize != total)
    return invalid_request(
        fmt::format("The provided 'x-amz-mp-object-size' header value {} does not match what was "
                    "computed: {}",
                    *in.MpuObjectSize, total));
  return {};
}

std::optional<object> made_by(store::reader& r, std::string_view bucket, const request& in) {
  auto row = r.first("SELECT version_id FROM s3_object WHERE bucket = ?1 AND key = ?2 AND upload_id = ?3",
                     {bucket, in.Key, in.UploadId});
  if (!row) return std::nullopt;
  return find_version(r, bucket, in.Key, row->text(0));
}

api::answer<preparation> prepare(store::reader& r, const request& in) {
  MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
  auto u = find_upload(r, b.name, in.Key, in.UploadId);
  if (!u) {
    auto before = made_by(r, b.name, in);
    if (!before) return no_such_upload(in.UploadId);
    return preparation{{}, {}, std::move(before)};
  }
  MDLC_TRY(auto parts, choose_parts(in, *u, parts_of(r, u->upload_id)));
  MDLC_CHECK(check_sizes(in, parts));
  return preparation{*std::move(u), std::move(parts), {}};
}

std::string composite_of(const upload& u, const std::vector<part>& parts) {
  wire::checksum sum(u.sum->kind);
  for (const auto& p : parts)
    sum.update(base::from_base64(json::view(p.checksum.at(u.sum->member).as_string())).value());
  return fmt::format("{}-{}", base::to_base64(sum.finish()), parts.size());
}

base::result<std::pair<blob::ref, std::string>> concatenate(service& s, const preparation& ready) {
  wire::checksum sum(ready.of.sum->kind);
  bool whole = !ready.of.is_composite();
  MDLC_TRY(auto to, s.host.blobs.stage());
  for (const auto& p : ready.parts) {
    MDLC_TRY(auto from, s.host.blobs.open_slice(p.ref()));
    MDLC_CHECK(read_through(from, [&](std::string_view piece) {
      if (whole) sum.update(piece);
      return to->write(piece);
    }));
  }
  MDLC_TRY(auto made, to->finish());
  return std::pair(made, whole ? base::to_base64(sum.finish()) : composite_of(ready.of, ready.parts));
}

api::answer<assembled> assemble(service& s, const request& in, const preparation& ready) {
  auto made = concatenate(s, ready);
  if (!made) return tl::unexpected(api::internal_error(made.error().message));
  assembled out{staged(s, made->first), std::move(made->second)};
  if (in.ChecksumType && *in.ChecksumType != ready.of.checksum_type)
    return invalid_request("The upload was created using a different checksum type.");
  auto given = json::text(to_json(in), ready.of.sum->member);
  if (!given.empty() && given != out.checksum && given != out.checksum.substr(0, out.checksum.find('-')))
    return bad_digest(ready.of.sum->name);
  return out;
}

object object_of(service& s, const request& in, const preparation& ready, const assembled& made) {
  std::string md5s;
  json::array sizes;
  for (const auto& p : ready.parts) {
    md5s += base::from_hex(p.etag).value();
    json::object shown{{"Size", p.size}, {"PartNumber", p.number}};
    if (ready.of.is_composite()) shown.emplace(ready.of.sum->member, p.checksum.at(ready.of.sum->member));
    sizes.push_back(std::move(shown));
  }
  return {.key = in.Key,
          .modified = now_in_seconds(s),
          .size = made.body->size,
          .etag = fmt::format("{}-{}", base::to_hex(base::md5(md5s)), ready.parts.size()),
          .blob = made.body->name,
          .storage_class = ready.of.storage_class,
          .attributes = ready.of.attributes,
          .checksum = checksum_members(*ready.of.sum, made.checksum, ready.of.checksum_type),
          .tags = ready.of.tags,
          .parts = std::move(sizes),
          .upload_id = in.UploadId};
}

model::CompleteMultipartUploadOutput answer_of(service& s, const bucket& b, const object& o) {
  model::CompleteMultipartUploadOutput out;
  from_json(encryption_of(o.attributes), out);
  from_json(o.checksum, out);
  out.Location = fmt::format("{}/{}/{}", s.host.endpoint, b.name, wire::percent_encode(o.key));
  out.Bucket = b.name;
  out.Key = o.key;
  out.ETag = o.quoted_etag();
  out.VersionId = shown_version(b, o);
  return out;
}

// Between the reading and the commit a part may have been replaced.
bool is_still_so(store::reader& r, const preparation& ready) {
  std::set<std::string> blobs;
  for (const auto& p : parts_of(r, ready.of.upload_id)) blobs.insert(p.blob);
  return std::all_of(ready.parts.begin(), ready.parts.end(), [&](const part& p) { return blobs.contains(p.blob); });
}

}  // namespace

api::answer<model::CompleteMultipartUploadOutput> complete_multipart_upload(service& s, api::call& c,
                                                                            const request& in) {
  MDLC_TRY(auto ready, s.host.db.read([&](store::reader& r) { return prepare(r, in); }));
  if (ready.made_before) {
    // The client did not hear the first answer.
    return s.host.db.read([&](store::reader& r) -> api::answer<model::CompleteMultipartUploadOutput> {
      MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
      return answer_of(s, b, *ready.made_before);
    });
  }
  MDLC_TRY(auto made, assemble(s, in, ready));
  auto o = object_of(s, in, ready, made);
  auto version_id = s.host.env.random_id(version_id_length);
  auto out = c.commit([&](store::transaction& t) -> api::answer<model::CompleteMultipartUploadOutput> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto u, need_upload(t, b.name, in.Key, in.UploadId));
    if (!is_still_so(t, ready)) return invalid_part(in, ready.parts.front().number, ready.parts.front().etag);
    MDLC_CHECK(check_write(in.IfMatch, in.IfNoneMatch, in.Key, current(t, b.name, in.Key)));
    place(s, t, b, o, version_id);
    remove_upload(s, t, b.name, u);
    publish_created(s, t, c, b, o, "CompleteMultipartUpload");
    return answer_of(s, b, o);
  });
  if (out) made.body.keep();
  return out;
}

}  // namespace mdlc::services::s3
