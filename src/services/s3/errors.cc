#include "services/s3/errors.h"

namespace mdlc::services::s3 {

refusal refuse_with(std::string code, std::string message, int status, json::object members) {
  return refusal(api::error{std::move(code), std::move(message), status, std::move(members)});
}

refusal no_such_bucket(std::string_view bucket) {
  return refuse_with("NoSuchBucket", "The specified bucket does not exist", 404, {{"BucketName", bucket}});
}

refusal no_such_key(std::string_view key) {
  return refuse_with("NoSuchKey", "The specified key does not exist.", 404, {{"Key", key}});
}

refusal no_such_version(std::string_view key, std::string_view version_id) {
  return refuse_with("NoSuchVersion", "The specified version does not exist.", 404,
                     {{"Key", key}, {"VersionId", version_id}});
}

refusal no_such_upload(std::string_view upload_id) {
  return refuse_with("NoSuchUpload",
                     "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                     "aborted or completed.",
                     404, {{"UploadId", upload_id}});
}

refusal invalid_argument(std::string message, std::string_view name, std::string_view value) {
  return refuse_with("InvalidArgument", std::move(message), 400, {{"ArgumentName", name}, {"ArgumentValue", value}});
}

refusal invalid_request(std::string message) { return refuse_with("InvalidRequest", std::move(message), 400, {}); }

refusal precondition_failed(std::string_view condition) {
  return refuse_with("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412,
                     {{"Condition", condition}});
}

refusal not_implemented(std::string_view header) {
  return refuse_with("NotImplemented", "A header you provided implies functionality that is not implemented", 501,
                     {{"Header", header}});
}

refusal malformed_xml() {
  return refuse_with("MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our published schema", 400,
                     {});
}

refusal access_denied() { return refuse_with("AccessDenied", "Access Denied", 403, {}); }

refusal bad_digest(std::string_view which) {
  return refuse_with("BadDigest", fmt::format("The {} you specified did not match the calculated checksum.", which),
                     400, {});
}

}  // namespace mdlc::services::s3
