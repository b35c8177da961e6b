#include "services/s3/conditions.h"
#include "services/s3/content.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/stage.h"

namespace mdlc::services::s3 {

api::answer<model::PutObjectOutput> put_object(service& s, api::call& c, const model::PutObjectRequest& in) {
  auto input = to_json(in);
  MDLC_TRY(auto body, take_body(s, c));
  MDLC_CHECK(check_key(in.Key));
  MDLC_TRY(auto described, content_of(input));
  MDLC_TRY(auto sums, check_body(s, c, *body, input, in.ContentMD5));
  object o{.key = in.Key,
           .modified = now_in_seconds(s),
           .size = body->size,
           .etag = base::to_hex(sums.md5),
           .blob = body->name,
           .storage_class = described.storage_class,
           .attributes = std::move(described.attributes),
           .checksum = checksum_members(*sums.of, sums.checksum, "FULL_OBJECT"),
           .tags = std::move(described.tags)};
  auto version_id = s.host.env.random_id(version_id_length);
  auto out = c.commit([&](store::transaction& t) -> api::answer<model::PutObjectOutput> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    MDLC_CHECK(check_acl(t, b, in.ACL));
    MDLC_CHECK(check_write(in.IfMatch, in.IfNoneMatch, in.Key, current(t, b.name, in.Key)));
    place(s, t, b, o, version_id);
    publish_created(s, t, c, b, o, "PutObject");
    model::PutObjectOutput answer;
    from_json(encryption_of(o.attributes), answer);
    from_json(o.checksum, answer);
    answer.ETag = o.quoted_etag();
    answer.VersionId = shown_version(b, o);
    return answer;
  });
  if (out) body.keep();
  return out;
}

}  // namespace mdlc::services::s3
