// Tags of buckets and objects.
#include "services/s3/content.h"
#include "services/s3/settings.h"

namespace mdlc::services::s3 {
namespace {

api::answer<json::array> tags_of(const model::Tagging& given, size_t most) {
  auto tags = to_json(given).at("TagSet").as_array();
  MDLC_CHECK(check_tags(tags, most));
  return tags;
}

// Sets a version's tags, and answers its id.
template <class Out, class In>
api::answer<Out> retag(api::call& c, const In& in, const json::array& tags) {
  return c.commit([&](store::transaction& t) -> api::answer<Out> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto o, need_object(t, c, b, in.Key, in.VersionId));
    o.tags = tags;
    save_tags(t, b.name, o);
    return Out{shown_version(b, o)};
  });
}

}  // namespace

api::answer<model::PutObjectTaggingOutput> put_object_tagging(service&, api::call& c,
                                                              const model::PutObjectTaggingRequest& in) {
  MDLC_TRY(auto tags, tags_of(in.Tagging, max_object_tags));
  return retag<model::PutObjectTaggingOutput>(c, in, tags);
}

api::answer<model::DeleteObjectTaggingOutput> delete_object_tagging(service&, api::call& c,
                                                                    const model::DeleteObjectTaggingRequest& in) {
  return retag<model::DeleteObjectTaggingOutput>(c, in, {});
}

api::answer<model::GetObjectTaggingOutput> get_object_tagging(service& s, api::call& c,
                                                              const model::GetObjectTaggingRequest& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetObjectTaggingOutput> {
    MDLC_TRY(auto b, need_bucket(r, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto o, need_object(r, c, b, in.Key, in.VersionId));
    model::GetObjectTaggingOutput out;
    from_json(json::object{{"TagSet", o.tags}}, out);
    out.VersionId = shown_version(b, o);
    return out;
  });
}

api::answer<model::PutBucketTaggingResponse> put_bucket_tagging(service&, api::call& c,
                                                                const model::PutBucketTaggingRequest& in) {
  MDLC_CHECK(tags_of(in.Tagging, max_bucket_tags));
  c.reply.status = no_content;
  return keep<model::PutBucketTaggingResponse>(c, in, tagging, to_json(in.Tagging));
}

api::answer<model::GetBucketTaggingOutput> get_bucket_tagging(service& s, api::call&,
                                                              const model::GetBucketTaggingRequest& in) {
  MDLC_TRY(auto found, need(s, in, tagging));
  model::GetBucketTaggingOutput out;
  from_json(found, out);
  return out;
}

api::answer<model::DeleteBucketTaggingResponse> delete_bucket_tagging(service&, api::call& c,
                                                                      const model::DeleteBucketTaggingRequest& in) {
  return drop<model::DeleteBucketTaggingResponse>(c, in, tagging);
}

}  // namespace mdlc::services::s3
