// How linear-learner finds weights: the least of
//   the weighted mean of the rows' losses + wd/2·|w|² + l1·|w|₁ + wd·bias_wd_mult/2·b²
// over scaled features. SageMaker's takes steps of stochastic gradients, dozens of models at once, and keeps the best:
// what that comes to depends on how many steps there were. Here, with `optimizer` auto and a problem of moderate size,
// an epoch is a step of Newton's method, of which least squares need one and logistic regression some eight, or, for
// losses with corners, ten steps to the least of parabolas above them (with l1, by coordinate descent on the parabolas'
// sum): the default 15 epochs are near enough the optimum. Otherwise it is a pass of mini-batches, shuffled by a fixed
// seed.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runner/algorithms/data.h"
#include "runner/algorithms/linear_loss.h"

namespace mdlc::runner::algorithms {

// Rows as the solver sees them: shifted and scaled.
struct linear_problem {
  const data_set& data;
  std::vector<double> targets;       // one a row: the label, scaled; the class where there are several
  std::vector<double> weights;       // one a row, of the loss
  std::vector<double> shift, scale;  // a feature's value is (x - shift)·scale
  size_t outputs = 1;
  bool has_bias = true;
  loss_options loss;
  double wd = 0, l1 = 0, bias_wd_mult = 0;

  size_t width() const { return data.features + (has_bias ? 1 : 0); }  // of an output's parameters, the bias last
  // `out` is as wide as that.
  void fill(size_t row, std::span<double> out) const;
};

// The mean of the rows' losses, without what regularization adds. `parameters`: outputs × width.
double mean_loss(const linear_problem&, std::span<const double> parameters);

struct solver_options {
  std::string optimizer = "auto";  // auto, sgd, adam, rmsprop
  size_t mini_batch_size = 1000;
  double learning_rate = 0.005, bias_lr_mult = 1;
  double momentum = 0, beta_1 = 0.9, beta_2 = 0.999, gamma_1 = 0.9;
  bool uses_lr_scheduler = true;
  size_t lr_scheduler_step = 100;
  double lr_scheduler_factor = 0.99, lr_scheduler_minimum_lr = 1e-5;
};

// The most parameters whose second derivatives are taken.
inline constexpr size_t newton_parameters_max = 256;

class linear_solver {
 public:
  virtual ~linear_solver() = default;
  // An epoch. False where nothing is left to be won.
  virtual bool step(std::vector<double>& parameters) = 0;
};

std::unique_ptr<linear_solver> make_solver(const linear_problem&, const solver_options&);

}  // namespace mdlc::runner::algorithms
