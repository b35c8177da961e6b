// The native XGBoost "image": the program that runs, confined, where SageMaker would run its container. What
// `mdlc builtin xgboost train|serve` calls.
#pragma once

#include <string>
#include <string_view>

#include "sys/files.h"

namespace mdlc::runner::xgboost {

// Exit codes of `train`, as SageMaker's built-in algorithms use them.
inline constexpr int exit_done = 0;
inline constexpr int exit_algorithm_failed = 1;
inline constexpr int exit_customers_fault = 2;

// The first line of each log: the library's version, which may not be the one that the image's tag (MDLC_IMAGE) names.
std::string describe_library();

// Trains as /opt/ml/input says, into /opt/ml/model; why it failed goes to /opt/ml/output/failure. `root` is /opt/ml.
int train(const sys::path& root);

// Serves the model in `root`/model until it is ended: on the Unix socket that MDLC_SERVE_SOCKET names, otherwise on
// port SAGEMAKER_BIND_TO_PORT or 8080.
int serve(const sys::path& root);

// `command`: train or serve.
int run(std::string_view command);

}  // namespace mdlc::runner::xgboost
