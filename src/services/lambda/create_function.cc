#include "services/lambda/configuration.h"
#include "services/lambda/operations.h"
#include "services/lambda/upload.h"

namespace mdlc::services::lambda {
namespace {

tl::unexpected<api::error> exists_already(const function_name& f) {
  return conflict(fmt::format("Function already exist: {}", f.name));
}

}  // namespace

api::answer<model::FunctionConfiguration> create_function(service& s, api::call& c,
                                                          const model::CreateFunctionRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  MDLC_TRY(auto about, make_configuration(name, in));
  // Asked before the code is unpacked, and again when it counts.
  if (s.host.db.read([&](store::reader& r) { return find_function(r, name.scope, name.name).has_value(); }))
    return exists_already(name);
  MDLC_TRY(const auto kept,
           take_code(s, c.context, {in.Code.ZipFile, in.Code.S3Bucket, in.Code.S3Key, in.Code.S3ObjectVersion}));
  describe(kept, about);
  about.RevisionId = s.host.env.uuid();
  const auto now = s.host.env.now();
  about.LastModified = modified_at(now);
  const auto published_revision = s.host.env.uuid();
  return c.commit([&](store::transaction& t) -> api::answer<model::FunctionConfiguration> {
    if (find_function(t, name.scope, name.name)) return exists_already(name);
    function f{name.scope, name.name, 0, {}, in.Tags.value_or(std::map<std::string, std::string>{})};
    version newest{name.scope, name.name, 0, *about.RevisionId, kept.sha256, about};
    write(t, f);
    write(t, newest);
    if (!in.Publish.value_or(false)) return newest.about;
    return publish(t, f, newest, {}, published_revision, now).about;
  });
}

}  // namespace mdlc::services::lambda
