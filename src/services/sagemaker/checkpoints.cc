#include "services/sagemaker/checkpoints.h"

#include <unistd.h>

#include "services/sagemaker/uploads.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr const char* folder_name = "checkpoints";

const json::value* config_of(const job& j) {
  const auto* config = j.request.if_contains("CheckpointConfig");
  return config && config->is_object() ? config : nullptr;
}

}  // namespace

std::optional<std::string> checkpoint_place(const job& j) {
  const auto* config = config_of(j);
  if (!config) return {};
  return std::string{json::text(*config, "LocalPath", "/opt/ml/checkpoints")};
}

base::result<void> fetch_checkpoints(run& r) {
  const auto* config = config_of(r.j);
  if (!config) return {};
  const sys::path place_inside{*checkpoint_place(r.j)};
  if (!place_inside.is_absolute() || place_inside != place_inside.lexically_normal() || place_inside == "/")
    return base::fail(
        fmt::format("CheckpointConfig.LocalPath is {}, which is no folder's path", place_inside.string()));
  const auto folder = r.folder() / "ml" / folder_name;
  MDLC_CHECK(make_owned(folder, r.owner()));
  MDLC_TRY(auto place, parse_s3_uri(json::text(*config, "S3Uri")));
  auto found = objects_below(r, place);
  if (!found) return base::fail(found.error().message);
  for (const auto& o : *found) {
    if (r.steering.wants_attention()) return {};
    MDLC_TRY(const auto to, file_for(o, o.relative, folder));
    MDLC_TRY(auto object, open_object(r, o.bucket, o.key));
    std::error_code error;
    std::filesystem::copy_file(fmt::format("/proc/self/fd/{}", object.fd()), to, error);
    if (error) return base::fail(fmt::format("Cannot copy s3://{}/{}: {}", o.bucket, o.key, error.message()));
    // The program may change them, and the folders on the way.
    for (auto p = to; geteuid() == 0 && p != folder; p = p.parent_path())
      if (lchown(p.c_str(), r.owner().uid, r.owner().gid) != 0)
        return base::fail(fmt::format("Cannot give s3://{}/{} to the job", o.bucket, o.key));
    std::filesystem::permissions(to, std::filesystem::perms{0644}, error);
  }
  return {};
}

base::result<void> store_checkpoints(run& r) {
  const auto* config = config_of(r.j);
  if (!config) return {};
  MDLC_TRY(auto place, parse_s3_uri(json::text(*config, "S3Uri")));
  return upload_folder(r, r.folder() / "ml", folder_name, place, folder_name, r.outputs());
}

}  // namespace mdlc::services::sagemaker
