#include <cstdio>
#include <cstdlib>

#include "runner/serving/model_server.h"
#include "runner/xgboost/builtin.h"
#include "runner/xgboost/inference.h"

namespace mdlc::runner::xgboost {
namespace {

void say(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

base::result<std::string> read_model(const sys::path& folder) {
  std::vector<sys::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    if (at->is_regular_file(error)) files.push_back(at->path());
  std::sort(files.begin(), files.end());
  const auto usual = std::find(files.begin(), files.end(), folder / "xgboost-model");
  if (usual != files.end()) return sys::read_file(*usual);
  if (files.empty()) return base::fail("the model's archive holds no file xgboost-model");
  return sys::read_file(files.front());
}

}  // namespace

int serve(const sys::path& root) {
  serving::hold_ending_signals();
  say(describe_library());
  auto bytes = read_model(root / "model");
  if (!bytes) return say(bytes.error().message), exit_customers_fault;
  auto model = load_model(*bytes);
  if (!model) return say(model.error().message), exit_customers_fault;
  // Requests come side by side; each predicts on its own thread.
  if (auto set = model->set("nthread", "1"); !set) return say(set.error().message), exit_algorithm_failed;
  auto served = serving::serve_until_ended([&](const inference_request& request) { return infer(*model, request); });
  if (!served) return say(served.error().message), exit_algorithm_failed;
  return exit_done;
}

}  // namespace mdlc::runner::xgboost
