#include "services/sagemaker/images.h"

#include <fmt/format.h>

namespace mdlc::services::sagemaker {
namespace {

constexpr std::string_view own_program = "/opt/mdlc/mdlc";  // where a confined built-in finds this very binary

// Repositories of AWS's registries whose algorithm we have, whatever the account, region and tag.
struct builtin {
  std::string_view repository;
  std::string_view algorithm;
};
constexpr builtin builtins[] = {{"sagemaker-xgboost", "xgboost"}, {"xgboost", "xgboost"}};

// "xgboost" of "123456789012.dkr.ecr.us-east-1.amazonaws.com/xgboost:1"
std::string_view repository_of(std::string_view uri) {
  if (const auto slash = uri.rfind('/'); slash != std::string_view::npos) uri.remove_prefix(slash + 1);
  return uri.substr(0, uri.find_first_of(":@"));
}

}  // namespace

base::result<image> find_image(std::string_view uri) {
  const auto repository = repository_of(uri);
  for (const auto& b : builtins) {
    if (b.repository != repository) continue;
    std::error_code error;
    const auto self = std::filesystem::canonical("/proc/self/exe", error);
    if (error) return base::fail("the server's own program is not where it was started from");
    const auto command = [&](std::string_view what) {
      return std::vector<std::string>{std::string{own_program}, "builtin", std::string{b.algorithm}, std::string{what}};
    };
    return image{
        .train = command("train"),
        .serve = command("serve"),
        .binds = {{self, std::string{own_program}}},
        // Threads that spin while they wait make a busy machine ten times slower, and win nothing on an idle one.
        .environment = {{"MDLC_IMAGE", std::string{uri}}, {"OMP_WAIT_POLICY", "PASSIVE"}},
        .is_builtin = true};
  }
  return base::fail(
      fmt::format("Cannot run image {}: it is not in this server's image table, and container images are not run. "
                  "Built in are sagemaker-xgboost and xgboost, under any account, region and tag, for example "
                  "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                  uri));
}

}  // namespace mdlc::services::sagemaker
