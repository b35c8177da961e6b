#include "services/lambda/configuration.h"
#include "services/lambda/operations.h"
#include "services/lambda/upload.h"

namespace mdlc::services::lambda {
namespace {

// $LATEST of a function that a request wants to change.
api::answer<version> need_latest(store::reader& r, function_name name, const std::optional<std::string>& revision) {
  name.qualifier.clear();
  MDLC_TRY(auto newest, need_version(r, name));
  if (revision && *revision != newest.revision) return wrong_revision();
  return newest;
}

void renew(version& v, std::string revision, base::time_point now) {
  v.revision = revision;
  v.about.RevisionId = std::move(revision);
  v.about.LastModified = modified_at(now);
}

}  // namespace

api::answer<model::FunctionConfiguration> update_function_code(service& s, api::call& c,
                                                               const model::UpdateFunctionCodeRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  MDLC_CHECK(s.host.db.read([&](store::reader& r) { return need_latest(r, name, in.RevisionId); }));
  if (in.ImageUri) return invalid_value("Functions from container images are not served here: use a zip file.");
  if (in.Architectures && *in.Architectures != std::vector<std::string>{"x86_64"})
    return invalid_value("This server runs functions of architecture x86_64 only.");
  MDLC_TRY(const auto kept, take_code(s, c.context, {in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion}));
  const auto now = s.host.env.now();
  const auto revision = s.host.env.uuid(), published_revision = s.host.env.uuid();
  return c.commit([&](store::transaction& t) -> api::answer<model::FunctionConfiguration> {
    MDLC_TRY(auto newest, need_latest(t, name, in.RevisionId));
    newest.code = kept.sha256;
    describe(kept, newest.about);
    renew(newest, revision, now);
    if (in.DryRun.value_or(false)) return newest.about;
    write(t, newest);
    if (!in.Publish.value_or(false)) return newest.about;
    MDLC_TRY(auto f, need_function(t, name));
    return publish(t, f, newest, {}, published_revision, now).about;
  });
}

api::answer<model::FunctionConfiguration> update_function_configuration(
    service& s, api::call& c, const model::UpdateFunctionConfigurationRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  const auto now = s.host.env.now();
  const auto revision = s.host.env.uuid();
  return c.commit([&](store::transaction& t) -> api::answer<model::FunctionConfiguration> {
    MDLC_TRY(auto newest, need_latest(t, name, in.RevisionId));
    MDLC_CHECK(change_configuration(newest.about, in));
    renew(newest, revision, now);
    write(t, newest);
    return newest.about;
  });
}

}  // namespace mdlc::services::lambda
