#include "runner/algorithms/builtin.h"

#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "runner/algorithms/kmeans.h"
#include "runner/algorithms/linear_learner.h"
#include "runner/xgboost/builtin.h"

namespace mdlc::runner::algorithms {
namespace {

void say_what_runs(std::string_view name) {
  const char* image = std::getenv("MDLC_IMAGE");
  say(fmt::format("{}, built in{}{}", name, image ? ", for image " : "", image ? image : ""));
}

std::string_view name_of(algorithm a) { return a == algorithm::kmeans ? "k-means" : "linear-learner"; }

template <class Model>
base::result<std::unique_ptr<predictor>> read_as(const json::value& from) {
  MDLC_TRY(auto model, Model::from_json(from));
  return std::make_unique<Model>(std::move(model));
}

base::result<std::unique_ptr<predictor>> read_model(algorithm a, const sys::path& folder) {
  const auto text = sys::read_file(folder / model_file);
  if (!text) return base::fail(fmt::format("the model's archive holds no file {}", model_file));
  const auto content = json::parse(*text);
  if (!content)
    return base::fail(
        "the model file is not one that was written here; a model that SageMaker trained is to be trained again");
  return a == algorithm::kmeans ? read_as<kmeans_model>(*content) : read_as<linear_model>(*content);
}

}  // namespace

int train(algorithm a, const sys::path& root) {
  say_what_runs(name_of(a));
  return run_training(root, a == algorithm::kmeans ? train_kmeans : train_linear_learner);
}

int serve(algorithm a, const sys::path& root) {
  serving::hold_ending_signals();
  say_what_runs(name_of(a));
  const auto model = read_model(a, root / "model");
  if (!model) return say(model.error().message), xgboost::exit_customers_fault;
  const auto served =
      serving::serve_until_ended([&](const serving::inference_request& request) { return infer(**model, request); });
  if (!served) return say(served.error().message), xgboost::exit_algorithm_failed;
  return xgboost::exit_done;
}

int run(algorithm a, std::string_view command) {
  const sys::path root = "/opt/ml";
  if (command == "train") return train(a, root);
  if (command == "serve") return serve(a, root);
  fmt::print(stderr, "usage: mdlc builtin linear-learner|kmeans train|serve\n");
  return xgboost::exit_customers_fault;
}

}  // namespace mdlc::runner::algorithms
