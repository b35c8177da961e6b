#include "services/sagemaker/processing_image.h"

#include <fmt/format.h>

#include "runner/runtimes.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr std::string_view packages_root = "/opt/mdlc/packages";

std::vector<std::string> texts(const json::value& of, std::string_view name) {
  std::vector<std::string> out;
  const auto* list = json::find(of, name);
  if (list && list->is_array())
    for (const auto& one : list->get_array())
      if (one.is_string()) out.emplace_back(json::view(one.get_string()));
  return out;
}

bool is_python(std::string_view program) { return program == "python" || program == "python3"; }

}  // namespace

base::result<processing_image> find_processing_image(const runner::image_table& table, const json::value& app,
                                                     const std::string& python) {
  processing_image found;
  found.argv = texts(app, "ContainerEntrypoint");
  if (found.argv.empty())
    return base::fail(
        fmt::format("Cannot run image {}: container images are not run here, so that the image's own entry point is "
                    "not known. Name the program in AppSpecification.ContainerEntrypoint, for example [\"python3\", "
                    "\"/opt/ml/processing/input/code/script.py\"]",
                    json::text(app, "ImageUri")));
  const auto arguments = texts(app, "ContainerArguments");
  found.argv.insert(found.argv.end(), arguments.begin(), arguments.end());
  const auto uri = json::text(app, "ImageUri");
  if (auto known = find_image(table, uri); known && known->scripts) {
    found.image.scripts = std::move(known->scripts);
    found.image.environment = {{"MDLC_IMAGE", std::string{uri}}};
    return found;
  }
  auto runtime = runner::find_runtime(python);
  if (!runtime) return base::fail(runtime.error().message);
  if (is_python(found.argv.front())) found.argv.front() = runtime->interpreter;
  found.image.binds = {{runtime->packages, std::string{packages_root}}};
  found.image.environment = {{"PYTHONPATH", std::string{packages_root}}, {"PYTHONUNBUFFERED", "1"}};
  return found;
}

}  // namespace mdlc::services::sagemaker
