// CreateMultipartUpload and AbortMultipartUpload.
#include "services/s3/content.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/stage.h"
#include "services/s3/upload.h"

namespace mdlc::services::s3 {
namespace {

struct checksum_choice {
  const algorithm* of;
  std::string type;
};

api::answer<checksum_choice> choose(const model::CreateMultipartUploadRequest& in, const json::value& input) {
  MDLC_TRY(auto claim, claimed(input));
  checksum_choice chosen{claim ? claim->of : &default_algorithm(), {}};
  chosen.type = in.ChecksumType.value_or(chosen.of->may_be_composite ? "COMPOSITE" : "FULL_OBJECT");
  bool composite = chosen.type == "COMPOSITE";
  if (!composite && chosen.type != "FULL_OBJECT")
    return invalid_request("Value for x-amz-checksum-type header is invalid.");
  if (composite ? !chosen.of->may_be_composite : !chosen.of->may_be_whole)
    return invalid_request(fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.",
                                       chosen.type, chosen.of->name));
  return chosen;
}

}  // namespace

api::answer<model::CreateMultipartUploadOutput> create_multipart_upload(service& s, api::call& c,
                                                                        const model::CreateMultipartUploadRequest& in) {
  auto input = to_json(in);
  MDLC_CHECK(check_key(in.Key));
  MDLC_TRY(auto described, content_of(input));
  MDLC_TRY(auto chosen, choose(in, input));
  upload u{.key = in.Key,
           .upload_id = s.host.env.random_id(upload_id_length),
           .initiated = now_in_seconds(s),
           .storage_class = described.storage_class,
           .attributes = std::move(described.attributes),
           .tags = std::move(described.tags),
           .sum = chosen.of,
           .checksum_type = chosen.type,
           .checksum_asked = in.ChecksumAlgorithm.has_value()};
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateMultipartUploadOutput> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    MDLC_CHECK(check_acl(t, b, in.ACL));
    insert_upload(t, b.name, u);
    model::CreateMultipartUploadOutput out;
    from_json(encryption_of(u.attributes), out);
    out.Bucket = b.name;
    out.Key = u.key;
    out.UploadId = u.upload_id;
    if (u.checksum_asked) {
      out.ChecksumAlgorithm = u.sum->name;
      out.ChecksumType = u.checksum_type;
    }
    return out;
  });
}

api::answer<model::AbortMultipartUploadOutput> abort_multipart_upload(service& s, api::call& c,
                                                                      const model::AbortMultipartUploadRequest& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::AbortMultipartUploadOutput> {
    MDLC_TRY(auto b, need_bucket(t, in.Bucket, in.ExpectedBucketOwner));
    MDLC_TRY(auto u, need_upload(t, b.name, in.Key, in.UploadId));
    if (in.IfMatchInitiatedTime && *in.IfMatchInitiatedTime != u.initiated)
      return precondition_failed("x-amz-if-match-initiated-time");
    remove_upload(s, t, b.name, u);
    return model::AbortMultipartUploadOutput{};
  });
}

}  // namespace mdlc::services::s3
