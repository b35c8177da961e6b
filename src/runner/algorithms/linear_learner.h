// SageMaker's linear-learner: classification and regression by linear models. Its hyperparameters and its metrics; how
// it finds its weights is linear_solver.h's.
//
// What differs from SageMaker's own, which trains up to 32 models side by side with varied rates and penalties and
// keeps the best: one model is trained, with what was asked for. `auto` is 0 for wd, l1, bias_wd_mult and momentum,
// 1 for bias_lr_mult, 0.005 for learning_rate, and balanced for positive_example_weight_mult. Losses are of the scaled
// label where it is scaled; mse and absolute_loss are of the label itself.
#pragma once

#include "runner/algorithms/linear_model.h"
#include "runner/algorithms/report.h"

namespace mdlc::runner::algorithms {

trained train_linear_learner(const job&);

}  // namespace mdlc::runner::algorithms
