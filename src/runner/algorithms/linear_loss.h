// The losses of linear-learner at one row, as functions of the score.
#pragma once

#include <optional>
#include <string_view>

namespace mdlc::runner::algorithms {

enum class loss_kind {
  logistic,      // label 0 or 1
  hinge,         // label 0 or 1, which is -1 or 1 there
  squared,       // (f - y)²
  absolute,      // |f - y|
  eps_squared,   // squared, of what |f - y| exceeds the insensitivity by
  eps_absolute,  // the same, absolute
  quantile,      // q·(y - f) where f is below y, (1 - q)·(f - y) where it is above
  huber,         // ½(f - y)² up to delta, linear beyond
  softmax,       // of several scores; see the solver
};

// Whether its slope leaps somewhere.
bool has_corner(loss_kind);

// Of the hyperparameter `loss`; none where there is no such loss.
std::optional<loss_kind> find_loss(std::string_view name);
// As metrics are named: "mse_objective".
std::string_view objective_name(loss_kind, bool is_binary);

struct loss_options {
  loss_kind kind = loss_kind::squared;
  double margin = 1;            // of hinge
  double insensitivity = 0.01;  // of eps_…
  double quantile = 0.5;
  double huber_delta = 1;
};

struct point_loss {
  double value = 0;
  double gradient = 0;
  // Of a parabola that touches the loss here and nowhere lies below it, so that a step to the least of such parabolas'
  // sum never leads up. The second derivative where that is such a one (logistic excepted, whose steps are checked).
  double curvature = 0;
};

// Anything but softmax.
point_loss loss_at(const loss_options&, double score, double label);

}  // namespace mdlc::runner::algorithms
