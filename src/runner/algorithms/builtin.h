// SageMaker's own algorithms, native: the programs that run, confined, where SageMaker would run its containers. What
// `mdlc builtin linear-learner|kmeans train|serve` calls. Exit codes are those of runner/xgboost/builtin.h.
#pragma once

#include <string_view>

#include "sys/files.h"

namespace mdlc::runner::algorithms {

enum class algorithm { linear_learner, kmeans };

// `root` is /opt/ml. Trains as root/input says into root/model; why it failed goes to root/output/failure.
int train(algorithm, const sys::path& root);

// Serves the model in `root`/model until it is ended (serving/model_server.h).
int serve(algorithm, const sys::path& root);

// `command`: train or serve.
int run(algorithm, std::string_view command);

}  // namespace mdlc::runner::algorithms
