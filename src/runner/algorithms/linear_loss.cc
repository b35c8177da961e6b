#include "runner/algorithms/linear_loss.h"

#include <algorithm>
#include <cmath>

namespace mdlc::runner::algorithms {
namespace {

// The corner of |r| is a parabola this near to it: parabolas that touch a corner would be infinitely narrow.
constexpr double corner = 1e-4;

point_loss absolute(double r) {
  const double size = std::fabs(r);
  if (size < corner) return {r * r / (2 * corner) + corner / 2, r / corner, 1 / corner};
  return {size, r < 0 ? -1.0 : 1.0, 1 / size};
}

// max(0, r)
point_loss positive_part(double r) {
  const auto a = absolute(r);
  return {(r + a.value) / 2, (1 + a.gradient) / 2, a.curvature / 2};
}

point_loss logistic(double score, double label) {
  const double p = 1 / (1 + std::exp(-score));
  const double value = std::max(score, 0.0) + std::log1p(std::exp(-std::fabs(score))) - label * score;
  return {value, p - label, p * (1 - p)};
}

point_loss eps_absolute(double r, double insensitivity) {
  const auto above = positive_part(r - insensitivity), below = positive_part(-r - insensitivity);
  return {above.value + below.value, above.gradient - below.gradient, above.curvature + below.curvature};
}

point_loss eps_squared(double r, double insensitivity) {
  const double excess = std::max(0.0, std::fabs(r) - insensitivity);
  return {excess * excess, 2 * std::copysign(excess, r), 2};
}

point_loss quantile(double r, double q) {
  const auto a = absolute(r);
  return {a.value / 2 + (0.5 - q) * r, a.gradient / 2 + (0.5 - q), a.curvature / 2};
}

point_loss huber(double r, double delta) {
  const double size = std::fabs(r);
  if (size <= delta) return {r * r / 2, r, 1};
  return {delta * (size - delta / 2), std::copysign(delta, r), delta / size};
}

}  // namespace

std::optional<loss_kind> find_loss(std::string_view name) {
  if (name == "logistic") return loss_kind::logistic;
  if (name == "hinge_loss") return loss_kind::hinge;
  if (name == "squared_loss") return loss_kind::squared;
  if (name == "absolute_loss") return loss_kind::absolute;
  if (name == "eps_insensitive_squared_loss") return loss_kind::eps_squared;
  if (name == "eps_insensitive_absolute_loss") return loss_kind::eps_absolute;
  if (name == "quantile_loss") return loss_kind::quantile;
  if (name == "huber_loss") return loss_kind::huber;
  if (name == "softmax_loss") return loss_kind::softmax;
  return std::nullopt;
}

bool has_corner(loss_kind kind) {
  return kind == loss_kind::hinge || kind == loss_kind::absolute || kind == loss_kind::eps_absolute ||
         kind == loss_kind::quantile;
}

std::string_view objective_name(loss_kind kind, bool is_binary) {
  switch (kind) {
    case loss_kind::logistic:
      return is_binary ? "binary_classification_cross_entropy_objective" : "logistic_objective";
    case loss_kind::hinge:
      return "hinge_loss_objective";
    case loss_kind::squared:
      return "mse_objective";
    case loss_kind::absolute:
      return "absolute_loss_objective";
    case loss_kind::eps_squared:
      return "eps_insensitive_squared_loss_objective";
    case loss_kind::eps_absolute:
      return "eps_insensitive_absolute_loss_objective";
    case loss_kind::quantile:
      return "quantile_loss_objective";
    case loss_kind::huber:
      return "huber_loss_objective";
    case loss_kind::softmax:
      return "multiclass_cross_entropy_objective";
  }
  return "";
}

point_loss loss_at(const loss_options& o, double score, double label) {
  const double r = score - label;
  switch (o.kind) {
    case loss_kind::logistic:
      return logistic(score, label);
    case loss_kind::hinge: {
      const double sign = label > 0.5 ? 1 : -1;
      auto p = positive_part(o.margin - sign * score);
      p.gradient *= -sign;
      return p;
    }
    case loss_kind::squared:
      return {r * r, 2 * r, 2};
    case loss_kind::absolute:
      return absolute(r);
    case loss_kind::eps_squared:
      return eps_squared(r, o.insensitivity);
    case loss_kind::eps_absolute:
      return eps_absolute(r, o.insensitivity);
    case loss_kind::quantile:
      return quantile(r, o.quantile);
    case loss_kind::huber:
      return huber(r, o.huber_delta);
    case loss_kind::softmax:
      break;
  }
  return {};
}

}  // namespace mdlc::runner::algorithms
