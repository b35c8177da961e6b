#include "services/sagemaker/images.h"

#include <fmt/format.h>

namespace mdlc::services::sagemaker {
namespace {

// Repositories of AWS's registries whose algorithm we have, whatever the account, region and tag.
struct builtin {
  std::string_view repository;
  std::string_view algorithm;
};
constexpr builtin builtins[] = {{"sagemaker-xgboost", "xgboost"},
                                {"xgboost", "xgboost"},
                                {"linear-learner", "linear-learner"},
                                {"kmeans", "kmeans"}};

// "xgboost" of "123456789012.dkr.ecr.us-east-1.amazonaws.com/xgboost:1"
std::string_view repository_of(std::string_view uri) {
  if (const auto slash = uri.rfind('/'); slash != std::string_view::npos) uri.remove_prefix(slash + 1);
  return uri.substr(0, uri.find_first_of(":@"));
}

// What a script of a framework's image finds: versions for each series of the image's, wheels for Python 3.11.
struct release {
  std::pair<int, int> since;  // the image's version
  std::vector<std::string> packages;
};

// What both frameworks' images have beside: AWS's SDK.
std::vector<std::string> with_sdk(std::vector<std::string> packages) {
  constexpr std::string_view of_functions_only[] = {"awslambdaric", "simplejson", "snapshot-restore-py"};
  for (const auto& p : runner::function_packages())
    if (!std::count(std::begin(of_functions_only), std::end(of_functions_only), p.name))
      packages.push_back(fmt::format("{}=={}", p.name, p.version));
  return packages;
}

std::vector<std::string> older_stack() {
  return with_sdk({"scikit-learn==1.2.1", "numpy==1.24.4", "pandas==1.5.3", "scipy==1.10.1", "joblib==1.2.0",
                   "threadpoolctl==3.5.0", "pytz==2024.2"});
}

std::vector<std::string> newer_stack() {
  return with_sdk({"scikit-learn==1.4.2", "numpy==1.26.4", "pandas==2.2.3", "scipy==1.13.1", "joblib==1.4.2",
                   "threadpoolctl==3.5.0", "pytz==2024.2", "tzdata==2024.2"});
}

std::vector<std::string> and_xgboost(std::string_view version, std::vector<std::string> packages) {
  packages.insert(packages.begin(), fmt::format("xgboost=={}", version));
  return packages;
}

// (1, 2) of "…/sagemaker-scikit-learn:1.2-1-cpu-py3"; the newest where there is none to read.
std::pair<int, int> version_of(std::string_view uri) {
  std::pair version{1000, 0};
  const auto tag = uri.rfind(':');
  if (tag != std::string_view::npos)
    std::sscanf(std::string{uri.substr(tag + 1)}.c_str(), "%d.%d", &version.first, &version.second);
  return version;
}

framework framework_of(std::string_view uri, std::string_view module, const std::vector<release>& newest_first) {
  const auto wanted = version_of(uri);
  auto chosen =
      std::find_if(newest_first.begin(), newest_first.end(), [&](const auto& r) { return r.since <= wanted; });
  if (chosen == newest_first.end()) --chosen;
  return {.module = std::string{module},
          .packages = chosen->packages,
          .requirements = {},
          .note = fmt::format("For the image {} run here: {}", uri, fmt::join(chosen->packages, " "))};
}

// How a file of an own image's program is called; empty where there is none.
std::vector<std::string> call(const std::string& file, std::string_view what) {
  if (file.empty()) return {};
  const auto place = fmt::format("{}/{}", program_place, file);
  if (file.ends_with(".py")) return {std::string{runner::environment_python}, place, std::string{what}};
  if (file.ends_with(".sh")) return {"/bin/sh", place, std::string{what}};
  return {place, std::string{what}};
}

}  // namespace

base::result<runner::bind> own_binary() {
  std::error_code error;
  const auto self = std::filesystem::canonical("/proc/self/exe", error);
  if (error) return base::fail("the server's own program is not where it was started from");
  return runner::bind{self, std::string{own_binary_place}};
}

image image_of(const runner::own_image& i) {
  framework own{.module = {}, .packages = with_sdk({}), .requirements = {}, .note = {}};
  return {.train = call(i.train, "train"),
          .serve = call(i.serve, "serve"),
          .binds = {},
          .environment = {{"MDLC_IMAGE", i.uri}},
          .own = std::move(own),
          .working_folder = std::string{program_place}};
}

base::result<image> find_image(const runner::image_table& table, std::string_view uri) {
  if (const auto own = table.find(uri)) return image_of(*own);
  const auto repository = repository_of(uri);
  if (repository == "sagemaker-scikit-learn")
    return image{.train = {},
                 .serve = {},
                 .binds = {},
                 .environment = {{"MDLC_IMAGE", std::string{uri}}},
                 .scripts = framework_of(uri, "sagemaker_sklearn_container.training:main",
                                         {{{1, 4}, newer_stack()}, {{0, 0}, older_stack()}})};
  if (repository == "python")
    return image{.train = {},
                 .serve = {},
                 .binds = {},
                 .environment = {{"MDLC_IMAGE", std::string{uri}}},
                 .scripts = framework_of(uri, "", {{{0, 0}, with_sdk({})}})};
  for (const auto& b : builtins) {
    if (b.repository != repository) continue;
    MDLC_TRY(auto self, own_binary());
    const auto command = [&](std::string_view what) {
      return std::vector<std::string>{std::string{own_binary_place}, "builtin", std::string{b.algorithm},
                                      std::string{what}};
    };
    std::optional<framework> scripts;
    if (repository == "sagemaker-xgboost")
      scripts =
          framework_of(uri, "sagemaker_xgboost_container.training:main",
                       {{{3, 0}, and_xgboost("3.0.5", newer_stack())}, {{0, 0}, and_xgboost("1.7.4", older_stack())}});
    return image{
        .train = command("train"),
        .serve = command("serve"),
        .binds = {self},
        // Threads that spin while they wait make a busy machine ten times slower, and win nothing on an idle one.
        .environment = {{"MDLC_IMAGE", std::string{uri}}, {"OMP_WAIT_POLICY", "PASSIVE"}},
        .is_builtin = true,
        .scripts = std::move(scripts)};
  }
  return base::fail(
      fmt::format("Cannot run image {}: it is not in this server's image table, and container images are not run. "
                  "Name a program that stands for it: mdlc image add {} --program SCRIPT_OR_FOLDER. Built in are "
                  "sagemaker-xgboost, xgboost, linear-learner, kmeans, sagemaker-scikit-learn and python, under any "
                  "account, region and tag, for "
                  "example 683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                  uri, uri));
}

}  // namespace mdlc::services::sagemaker
