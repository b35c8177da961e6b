#include "runner/algorithms/linear_solver.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace mdlc::runner::algorithms {
namespace {

constexpr unsigned seed = 0;

// What a row's loss is and what it asks of its scores.
class row_loss {
 public:
  explicit row_loss(const linear_problem& p) : p_(p), scores_(p.outputs), gradients_(p.outputs) {}

  // The loss; fills gradients() and, of one output, curvature().
  double at(std::span<const double> parameters, std::span<const double> row, double target) {
    const size_t width = row.size();
    for (size_t k = 0; k < p_.outputs; ++k) {
      double sum = 0;
      for (size_t j = 0; j < width; ++j) sum += parameters[k * width + j] * row[j];
      scores_[k] = sum;
    }
    if (p_.loss.kind != loss_kind::softmax) {
      const auto one = loss_at(p_.loss, scores_[0], target);
      gradients_[0] = one.gradient;
      curvature_ = one.curvature;
      return one.value;
    }
    const auto label = static_cast<size_t>(target);
    const double most = *std::max_element(scores_.begin(), scores_.end());
    const double of_label = scores_[label] - most;
    double sum = 0;
    for (auto& s : scores_) sum += s = std::exp(s - most);
    for (size_t k = 0; k < p_.outputs; ++k) gradients_[k] = scores_[k] /= sum;
    gradients_[label] -= 1;
    return std::log(sum) - of_label;
  }
  std::span<const double> gradients() const { return gradients_; }
  // Of the scores k and l, whose probabilities stand in scores_ where they are several.
  double curvature(size_t k, size_t l) const {
    return p_.outputs == 1 ? curvature_ : scores_[k] * ((k == l ? 1 : 0) - scores_[l]);
  }

 private:
  const linear_problem& p_;
  std::vector<double> scores_, gradients_;
  double curvature_ = 0;
};

bool is_bias(const linear_problem& p, size_t parameter) { return p.has_bias && parameter % p.width() == p.width() - 1; }

double wd_of(const linear_problem& p, size_t parameter) { return is_bias(p, parameter) ? p.wd * p.bias_wd_mult : p.wd; }
double l1_of(const linear_problem& p, size_t parameter) { return is_bias(p, parameter) ? 0 : p.l1; }

double shrink(double value, double by) { return value > by ? value - by : value < -by ? value + by : 0; }

class newton : public linear_solver {
 public:
  explicit newton(const linear_problem& p)
      : p_(p), count_(p.outputs * p.width()), gradient_(count_), curvature_(count_ * count_) {}

  bool step(std::vector<double>& parameters) override {
    for (int i = 0; i < (has_corner(p_.loss.kind) ? corner_steps : 1); ++i)
      if (!descend_once(parameters)) return i > 0;
    return true;
  }

 private:
  static constexpr int corner_steps = 10;

  bool descend_once(std::vector<double>& parameters) {
    const double before = collect(parameters);
    const auto direction = p_.l1 > 0 ? descend(parameters) : solve();
    if (direction.empty()) return false;
    std::vector<double> tried(count_);
    for (double length = 1; length > 1e-6; length /= 2) {
      for (size_t i = 0; i < count_; ++i) tried[i] = parameters[i] + length * direction[i];
      if (mean_loss(p_, tried) + penalty(tried) < before) {
        parameters = tried;
        return true;
      }
    }
    return false;
  }

  double penalty(std::span<const double> w) const {
    double sum = 0;
    for (size_t i = 0; i < count_; ++i) sum += wd_of(p_, i) / 2 * w[i] * w[i] + l1_of(p_, i) * std::fabs(w[i]);
    return sum;
  }

  // Loss and penalty here; their derivatives but for l1's.
  double collect(std::span<const double> w) {
    std::fill(gradient_.begin(), gradient_.end(), 0.0);
    std::fill(curvature_.begin(), curvature_.end(), 0.0);
    row_loss loss{p_};
    const size_t width = p_.width();
    std::vector<double> row(width);
    double sum = 0, weights = 0;
    for (size_t i = 0; i < p_.data.rows; ++i) {
      p_.fill(i, row);
      sum += p_.weights[i] * loss.at(w, row, p_.targets[i]);
      weights += p_.weights[i];
      for (size_t k = 0; k < p_.outputs; ++k) {
        const double slope = p_.weights[i] * loss.gradients()[k];
        for (size_t a = 0; a < width; ++a) gradient_[k * width + a] += slope * row[a];
        for (size_t l = 0; l <= k; ++l) add_block(k, l, p_.weights[i] * loss.curvature(k, l), row);
      }
    }
    for (auto& g : gradient_) g /= weights;
    for (auto& c : curvature_) c /= weights;
    double trace = 0;
    for (size_t i = 0; i < count_; ++i) trace += curvature_[i * count_ + i];
    for (size_t i = 0; i < count_; ++i) {
      gradient_[i] += wd_of(p_, i) * w[i];
      // A little more than there is, so that features that say the same leave a solution.
      curvature_[i * count_ + i] += wd_of(p_, i) + 1e-9 * trace / static_cast<double>(count_) + 1e-12;
    }
    return sum / weights + penalty(w);
  }

  // The lower triangle alone.
  void add_block(size_t k, size_t l, double factor, std::span<const double> row) {
    const size_t width = row.size();
    for (size_t a = 0; a < width; ++a) {
      const double f = factor * row[a];
      double* to = &curvature_[(k * width + a) * count_ + l * width];
      const size_t end = k == l ? a + 1 : width;
      for (size_t b = 0; b < end; ++b) to[b] += f * row[b];
    }
  }

  // Cholesky's way, in a copy. Empty where the parabola has no least point.
  std::vector<double> solve() const {
    auto c = curvature_;
    for (size_t i = 0; i < count_; ++i)
      for (size_t j = 0; j <= i; ++j) {
        double sum = c[i * count_ + j];
        for (size_t k = 0; k < j; ++k) sum -= c[i * count_ + k] * c[j * count_ + k];
        if (i != j)
          c[i * count_ + j] = sum / c[j * count_ + j];
        else if (!(sum > 0))
          return {};
        else
          c[i * count_ + i] = std::sqrt(sum);
      }
    std::vector<double> x(count_);
    for (size_t i = 0; i < count_; ++i) {
      double sum = -gradient_[i];
      for (size_t k = 0; k < i; ++k) sum -= c[i * count_ + k] * x[k];
      x[i] = sum / c[i * count_ + i];
    }
    for (size_t i = count_; i-- > 0;) {
      double sum = x[i];
      for (size_t k = i + 1; k < count_; ++k) sum -= c[k * count_ + i] * x[k];
      x[i] = sum / c[i * count_ + i];
    }
    return x;
  }

  double curvature_at(size_t i, size_t j) const {
    return i >= j ? curvature_[i * count_ + j] : curvature_[j * count_ + i];
  }

  // Coordinate descent on parabola and l1.
  std::vector<double> descend(std::span<const double> w) const {
    constexpr int sweeps_max = 1000;
    constexpr double tolerance = 1e-10;
    std::vector<double> direction(count_);
    auto slope = gradient_;  // at w + direction
    for (int sweep = 0; sweep < sweeps_max; ++sweep) {
      double moved = 0;
      for (size_t i = 0; i < count_; ++i) {
        const double c = curvature_at(i, i), at = w[i] + direction[i];
        const double by = shrink(at - slope[i] / c, l1_of(p_, i) / c) - at;
        if (by == 0) continue;
        direction[i] += by;
        for (size_t j = 0; j < count_; ++j) slope[j] += curvature_at(i, j) * by;
        moved = std::max(moved, std::fabs(by));
      }
      if (moved < tolerance) break;
    }
    return direction;
  }

  const linear_problem& p_;
  const size_t count_;
  std::vector<double> gradient_, curvature_;
};

class mini_batches : public linear_solver {
 public:
  mini_batches(const linear_problem& p, const solver_options& o)
      : p_(p),
        o_(o),
        order_(p.data.rows),
        first_(p.outputs * p.width()),
        second_(first_.size()),
        rate_(o.learning_rate) {
    for (size_t i = 0; i < order_.size(); ++i) order_[i] = i;
  }

  bool step(std::vector<double>& parameters) override {
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[chance_() % i]);
    for (size_t begin = 0; begin < order_.size(); begin += o_.mini_batch_size)
      update(parameters, std::span{order_}.subspan(begin, std::min(o_.mini_batch_size, order_.size() - begin)));
    return true;
  }

 private:
  void update(std::vector<double>& w, std::span<const size_t> rows) {
    const auto gradient = gradient_of(w, rows);
    ++updates_;
    if (o_.uses_lr_scheduler && updates_ % o_.lr_scheduler_step == 0)
      rate_ = std::max(rate_ * o_.lr_scheduler_factor, std::min(o_.lr_scheduler_minimum_lr, o_.learning_rate));
    for (size_t i = 0; i < w.size(); ++i) {
      const double rate = rate_ * (is_bias(p_, i) ? o_.bias_lr_mult : 1);
      w[i] = shrink(w[i] - rate * direction(i, gradient[i]), rate * l1_of(p_, i));
    }
  }

  std::vector<double> gradient_of(std::span<const double> w, std::span<const size_t> rows) {
    const size_t width = p_.width();
    std::vector<double> gradient(w.size()), row(width);
    row_loss loss{p_};
    double weights = 0;
    for (auto i : rows) {
      p_.fill(i, row);
      loss.at(w, row, p_.targets[i]);
      weights += p_.weights[i];
      for (size_t k = 0; k < p_.outputs; ++k) {
        const double slope = p_.weights[i] * loss.gradients()[k];
        for (size_t j = 0; j < width; ++j) gradient[k * width + j] += slope * row[j];
      }
    }
    for (size_t i = 0; i < w.size(); ++i) gradient[i] = gradient[i] / weights + wd_of(p_, i) * w[i];
    return gradient;
  }

  double direction(size_t i, double g) {
    constexpr double epsilon = 1e-8;
    if (o_.optimizer == "sgd") return first_[i] = o_.momentum * first_[i] + g;
    if (o_.optimizer == "rmsprop") {
      second_[i] = o_.gamma_1 * second_[i] + (1 - o_.gamma_1) * g * g;
      return g / std::sqrt(second_[i] + epsilon);
    }
    const auto t = static_cast<double>(updates_);
    first_[i] = o_.beta_1 * first_[i] + (1 - o_.beta_1) * g;
    second_[i] = o_.beta_2 * second_[i] + (1 - o_.beta_2) * g * g;
    return first_[i] / (1 - std::pow(o_.beta_1, t)) / (std::sqrt(second_[i] / (1 - std::pow(o_.beta_2, t))) + epsilon);
  }

  const linear_problem& p_;
  const solver_options o_;
  std::vector<size_t> order_;
  std::vector<double> first_, second_;  // moments of the gradients
  std::mt19937_64 chance_{seed};
  size_t updates_ = 0;
  double rate_;
};

}  // namespace

void linear_problem::fill(size_t row, std::span<double> out) const {
  const auto values = data.row(row);
  for (size_t j = 0; j < values.size(); ++j) out[j] = (values[j] - shift[j]) * scale[j];
  if (has_bias) out.back() = 1;
}

double mean_loss(const linear_problem& p, std::span<const double> parameters) {
  row_loss loss{p};
  std::vector<double> row(p.width());
  double sum = 0, weights = 0;
  for (size_t i = 0; i < p.data.rows; ++i) {
    p.fill(i, row);
    sum += p.weights[i] * loss.at(parameters, row, p.targets[i]);
    weights += p.weights[i];
  }
  return sum / weights;
}

std::unique_ptr<linear_solver> make_solver(const linear_problem& p, const solver_options& o) {
  if (o.optimizer != "auto") return std::make_unique<mini_batches>(p, o);
  if (p.outputs * p.width() <= newton_parameters_max) return std::make_unique<newton>(p);
  // As many steps an epoch as lead somewhere, however few rows there are.
  constexpr size_t steps = 100, batch_min = 16;
  auto chosen = o;
  chosen.mini_batch_size = std::min(o.mini_batch_size, std::max(batch_min, p.data.rows / steps));
  return std::make_unique<mini_batches>(p, chosen);
}

}  // namespace mdlc::runner::algorithms
