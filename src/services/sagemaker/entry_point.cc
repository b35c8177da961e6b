#include "services/sagemaker/entry_point.h"

#include "services/sagemaker/scripts.h"
#include "services/sagemaker/writable.h"

namespace mdlc::services::sagemaker {
namespace {

// The channels in which the SDK puts the user's code, and its driver with what that is to do.
constexpr const char* code_channel = "code";
constexpr const char* driver_channel = "sm_drivers";
constexpr const char* source_file = "sourcecode.json";
constexpr std::string_view installed_ahead = "requirements.txt";
constexpr std::string_view data_place = "/opt/ml/input/data";

std::vector<std::string> texts(const json::value& of, std::string_view name) {
  std::vector<std::string> out;
  const auto* list = json::find(of, name);
  if (list && list->is_array())
    for (const auto& one : list->get_array()) out.emplace_back(json::view(one.as_string()));
  return out;
}

const json::value& algorithm_of(const job& j) { return j.request.at("AlgorithmSpecification"); }

base::result<void> own_code(run& r, image& i) {
  const auto data = r.folder() / "ml" / "input" / "data";
  for (const auto* name : {code_channel, driver_channel}) {
    std::error_code error;
    if (!std::filesystem::is_directory(data / name, error)) continue;
    MDLC_CHECK(own_files(r, data / name));
    i.binds.push_back({data / name, fmt::format("{}/{}", data_place, name), true});
  }
  return {};
}

// The code, if the driver is going to install its requirements.txt: what is there already, it finds installed.
sys::path code_with_requirements(const run& r) {
  const auto data = r.folder() / "ml" / "input" / "data";
  const auto text = sys::read_file(data / driver_channel / source_file);
  const auto source = text ? json::parse(*text) : base::fail("");
  return source && json::text(*source, "requirements") == installed_ahead ? data / code_channel : sys::path{};
}

base::result<bool> prepare_packages(run& r, image& i, const framework& f) {
  if (const auto code = code_with_requirements(r); !code.empty()) {
    if (auto ready = prepare_environment(r, i, f, code)) return ready;
    runner::append_log(r.folder(), "Leaving requirements.txt to the training program\n");
  }
  return prepare_environment(r, i, f, {});
}

}  // namespace

bool has_entry_point(const job& j) { return !texts(algorithm_of(j), "ContainerEntrypoint").empty(); }

base::result<void> prepare_entry_point(run& r, image& i) {
  MDLC_CHECK(own_code(r, i));
  if (!i.own) {
    if (!i.scripts)
      return base::fail(
          fmt::format("ClientError: The image {} runs no program but its own, and the request names one: "
                      "ContainerEntrypoint",
                      json::text(algorithm_of(r.j), "TrainingImage")));
    MDLC_TRY(const bool ready, prepare_packages(r, i, *i.scripts));
    if (!ready) return {};
  }
  MDLC_CHECK(add_layer(r, i));
  i.train = texts(algorithm_of(r.j), "ContainerEntrypoint");
  const auto arguments = texts(algorithm_of(r.j), "ContainerArguments");
  i.train.insert(i.train.end(), arguments.begin(), arguments.end());
  return {};
}

}  // namespace mdlc::services::sagemaker
