#include <fmt/format.h>

#include "services/sagemaker/processing.h"

namespace mdlc::services::sagemaker {
namespace {

const json::value& member(const json::value& o, std::string_view name) {
  static const json::value null;
  const auto* found = json::find(o, name);
  return found ? *found : null;
}

bool is_app_managed(const json::value& v) {
  const auto& flag = member(v, "AppManaged");
  return flag.is_bool() && flag.get_bool();
}

}  // namespace

std::optional<sys::path> below_ml(std::string_view local_path) {
  const sys::path given{local_path};
  for (const auto& part : given)
    if (part == "..") return std::nullopt;
  auto normal = given.lexically_normal().string();
  while (normal.ends_with('/')) normal.pop_back();
  if (!normal.starts_with(fmt::format("{}/", processing_root))) return std::nullopt;
  return sys::path{normal}.lexically_relative("/opt/ml");
}

base::result<std::vector<processing_input>> inputs_of(const json::value& request) {
  std::vector<processing_input> found;
  const auto& all = member(request, "ProcessingInputs");
  if (!all.is_array()) return found;
  for (const auto& i : all.get_array()) {
    if (is_app_managed(i)) continue;
    const auto name = json::text(i, "InputName");
    const auto& s3 = member(i, "S3Input");
    if (!s3.is_object())
      return base::fail(fmt::format("The input {} has no S3Input, which is what can be read here", name));
    if (json::text(s3, "S3InputMode", "File") != "File")
      return base::fail(fmt::format("The input {}: S3InputMode Pipe is not supported here", name));
    auto folder = below_ml(json::text(s3, "LocalPath"));
    if (!folder) return base::fail(fmt::format("The input {} has no LocalPath below {}", name, processing_root));
    found.push_back({std::string{name}, *std::move(folder), s3, json::text(s3, "S3CompressionType") == "Gzip"});
  }
  return found;
}

base::result<std::vector<processing_output>> outputs_of(const json::value& request) {
  std::vector<processing_output> found;
  const auto& all = member(member(request, "ProcessingOutputConfig"), "Outputs");
  if (!all.is_array()) return found;
  for (const auto& o : all.get_array()) {
    if (is_app_managed(o)) continue;
    const auto name = json::text(o, "OutputName");
    const auto& s3 = member(o, "S3Output");
    if (!s3.is_object())
      return base::fail(fmt::format("The output {} has no S3Output, which is what can be written here", name));
    auto folder = below_ml(json::text(s3, "LocalPath"));
    if (!folder) return base::fail(fmt::format("The output {} has no LocalPath below {}", name, processing_root));
    found.push_back({std::string{name}, *std::move(folder), std::string{json::text(s3, "S3Uri")},
                     json::text(s3, "S3UploadMode") == "Continuous"});
  }
  return found;
}

}  // namespace mdlc::services::sagemaker
