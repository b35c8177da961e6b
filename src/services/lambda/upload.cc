#include "services/lambda/upload.h"

#include "base/bytes.h"

namespace mdlc::services::lambda {
namespace {

api::answer<code> take_object(service& s, const api::context& caller, const code_source& from) {
  api::context own = caller;
  own.source = api::source::internal;
  api::call get{s.host.db, std::move(own)};
  json::object input{{"Bucket", *from.bucket}, {"Key", *from.key}};
  if (from.object_version) input["VersionId"] = *from.object_version;
  const auto got = s.host.operations.invoke("s3", "GetObject", get, input);
  if (!got && got.error().is_internal) return tl::unexpected(got.error());
  if (!got)
    return invalid_value(fmt::format("Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
                                     got.error().code, got.error().message));
  if (!get.reply.body) return invalid_value("Uploaded file must be a non-empty zip");
  return s.codes.add(*get.reply.body);
}

}  // namespace

api::answer<code> take_code(service& s, const api::context& caller, const code_source& from) {
  if (from.zip && (from.bucket || from.key))
    return invalid_value("Please do not provide other FunctionCode parameters when providing a ZipFile.");
  if (from.zip) return s.codes.add(*from.zip);
  if (!from.bucket || !from.key) return invalid_value("Please provide a source for function code.");
  return take_object(s, caller, from);
}

void describe(const code& c, model::FunctionConfiguration& about) {
  about.CodeSize = c.bytes;
  about.CodeSha256 = base::to_base64(base::from_hex(c.sha256).value());
}

}  // namespace mdlc::services::lambda
