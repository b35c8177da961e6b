#include "services/s3/content.h"
#include "services/s3/copy_source.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/stage.h"

namespace mdlc::services::s3 {
namespace {

struct plan {
  copy_source from;
  read_conditions conditions;
  content given;  // by the request
  bool replaces_attributes;
  bool replaces_tags;
  const algorithm* wanted;  // null: the source's
};

api::answer<plan> plan_of(const model::CopyObjectRequest& in) {
  auto input = to_json(in);
  MDLC_CHECK(check_key(in.Key));
  MDLC_TRY(auto from, parse_copy_source(in.CopySource));
  MDLC_TRY(auto given, content_of(input));
  MDLC_TRY(auto claim, claimed(input));
  return plan{
      std::move(from),
      {in.CopySourceIfMatch, in.CopySourceIfNoneMatch, in.CopySourceIfModifiedSince, in.CopySourceIfUnmodifiedSince},
      std::move(given),
      in.MetadataDirective == "REPLACE",
      in.TaggingDirective == "REPLACE",
      claim ? claim->of : nullptr};
}

// A copy onto itself must change something, or name an older version.
api::answer<void> check_itself(const model::CopyObjectRequest& in, const plan& p) {
  bool same = p.from.bucket == in.Bucket && p.from.key == in.Key && !p.from.version_id;
  bool changes = p.replaces_attributes || p.replaces_tags || in.StorageClass || in.WebsiteRedirectLocation ||
                 in.ServerSideEncryption || p.wanted;
  if (!same || changes) return {};
  return invalid_request(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
      "metadata, storage class, website redirect location or encryption attributes.");
}

// Whether the copy's digests are other than its source's: a copy is in one piece, whatever its source was made of.
bool needs_digest(const object& source, const plan& p) {
  return !source.parts.empty() || (p.wanted && !source.checksum.contains(p.wanted->member));
}

const algorithm& algorithm_of(const object& source, const plan& p) {
  if (p.wanted) return *p.wanted;
  for (const auto& a : algorithms())
    if (source.checksum.contains(a.member)) return a;
  return default_algorithm();
}

object copy_of(service& s, const model::CopyObjectRequest& in, const plan& p, const object& source,
               const std::optional<checked_body>& sums) {
  object o{.key = in.Key,
           .modified = now_in_seconds(s),
           .size = source.size,
           .etag = source.etag,
           .blob = source.blob,
           .storage_class = p.given.storage_class,
           .attributes = p.replaces_attributes ? p.given.attributes : source.attributes,
           .checksum = source.checksum,
           .tags = p.replaces_tags ? p.given.tags : source.tags};
  for (const auto& [name, value] : encryption_of(p.given.attributes)) o.attributes.insert_or_assign(name, value);
  if (sums) {
    o.etag = base::to_hex(sums->md5);
    o.checksum = checksum_members(*sums->of, sums->checksum, "FULL_OBJECT");
  }
  return o;
}

model::CopyObjectOutput answer_of(const source_object& source, const bucket& to, const object& o) {
  model::CopyObjectOutput out;
  from_json(encryption_of(o.attributes), out);
  out.CopySourceVersionId = shown_version(source.in, source.o);
  out.VersionId = shown_version(to, o);
  auto& result = out.CopyObjectResult.emplace();
  from_json(o.checksum, result);
  result.ETag = o.quoted_etag();
  result.LastModified = o.modified;
  return out;
}

}  // namespace

api::answer<model::CopyObjectOutput> copy_object(service& s, api::call& c, const model::CopyObjectRequest& in) {
  MDLC_TRY(auto p, plan_of(in));
  MDLC_CHECK(check_itself(in, p));
  MDLC_TRY(auto before, s.host.db.read([&](store::reader& r) {
    return need_source(r, p.from, in.ExpectedSourceBucketOwner, p.conditions);
  }));
  if (before.o.size > max_put_bytes)
    return invalid_request(fmt::format(
        "The specified copy source is larger than the maximum allowable size for a copy source: {}", max_put_bytes));
  std::optional<checked_body> sums;
  if (needs_digest(before.o, p)) {
    MDLC_TRY(sums, digest_blob(s, before.o.ref(), algorithm_of(before.o, p)));
  }
  auto version_id = s.host.env.random_id(version_id_length);
  return c.commit([&](store::transaction& t) -> api::answer<model::CopyObjectOutput> {
    MDLC_TRY(auto source, need_source(t, p.from, in.ExpectedSourceBucketOwner, p.conditions));
    // What was digested must be what is copied; clients repeat a 503.
    if ((sums || needs_digest(source.o, p)) && source.o.blob != before.o.blob)
      return refuse_with("SlowDown", "Please reduce your request rate.", 503, {});
    MDLC_TRY(auto to, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    MDLC_CHECK(check_acl(t, to, in.ACL));
    MDLC_CHECK(check_write(in.IfMatch, in.IfNoneMatch, in.Key, current(t, to.name, in.Key)));
    auto o = copy_of(s, in, p, source.o, sums);
    place(s, t, to, o, version_id);
    publish_created(s, t, c, to, o, "CopyObject");
    return answer_of(source, to, o);
  });
}

}  // namespace mdlc::services::s3
