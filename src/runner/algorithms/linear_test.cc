// Solver, losses and metrics on problems whose answers are known.
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/algorithms/linear_metrics.h"
#include "runner/algorithms/linear_solver.h"

namespace mdlc::runner::algorithms {
namespace {

using testing::DoubleNear;

class chance {
 public:
  double uniform() { return static_cast<double>(state_() >> 11) * 0x1.0p-53; }
  double normal() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum - 6;
  }

 private:
  std::mt19937_64 state_{1};
};

// Two features of unit size, and what `label` says of them.
template <class Label>
data_set rows(size_t count, const Label& label) {
  data_set d;
  chance c;
  for (size_t i = 0; i < count; ++i) {
    const double a = c.normal(), b = c.normal();
    d.values.insert(d.values.end(), {static_cast<float>(a), static_cast<float>(b)});
    d.labels.push_back(static_cast<float>(label(a, b, c)));
  }
  d.rows = count;
  d.features = 2;
  return d;
}

linear_problem pose(const data_set& d, loss_options loss) {
  return {.data = d,
          .targets = {d.labels.begin(), d.labels.end()},
          .weights = std::vector<double>(d.rows, 1),
          .shift = {0, 0},
          .scale = {1, 1},
          .loss = loss};
}

std::vector<double> solved(const linear_problem& p, const solver_options& o = {}, int epochs = 60) {
  std::vector<double> w(p.outputs * p.width());
  const auto solver = make_solver(p, o);
  for (int i = 0; i < epochs && solver->step(w); ++i) {
  }
  return w;
}

double line(double a, double b, chance& c) { return 2 * a - b + 3 + 0.1 * c.normal(); }

TEST(losses, have_the_slopes_that_they_rise_by) {
  for (auto kind : {loss_kind::logistic, loss_kind::hinge, loss_kind::squared, loss_kind::absolute,
                    loss_kind::eps_squared, loss_kind::eps_absolute, loss_kind::quantile, loss_kind::huber}) {
    const loss_options o{.kind = kind, .margin = 1, .insensitivity = 0.3, .quantile = 0.8, .huber_delta = 0.7};
    for (double label : {0.0, 1.0})
      for (double score = -3.05; score < 3; score += 0.17) {
        constexpr double h = 1e-6;
        const auto at = loss_at(o, score, label);
        const double slope = (loss_at(o, score + h, label).value - loss_at(o, score - h, label).value) / (2 * h);
        EXPECT_NEAR(at.gradient, slope, 1e-3) << static_cast<int>(kind) << " " << score;
        EXPECT_GE(at.curvature, 0);
        if (kind == loss_kind::logistic) continue;
        for (double to = -3; to < 3; to += 0.5)  // the parabola is nowhere below the loss
          EXPECT_GE(at.value + at.gradient * (to - score) + at.curvature / 2 * (to - score) * (to - score) + 1e-9,
                    loss_at(o, to, label).value)
              << static_cast<int>(kind) << " " << score << " " << to;
      }
  }
}

TEST(solver, least_squares_need_one_epoch) {
  const auto d = rows(200, line);
  const auto p = pose(d, {.kind = loss_kind::squared});
  const auto once = solved(p, {}, 1), often = solved(p);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(once[i], often[i], 1e-6);
  EXPECT_NEAR(often[0], 2, 0.05);
  EXPECT_NEAR(often[2], 3, 0.05);
  // At the optimum residuals are orthogonal to what predicts.
  double sum = 0, moment = 0;
  for (size_t i = 0; i < d.rows; ++i) {
    const double r = often[0] * d.row(i)[0] + often[1] * d.row(i)[1] + often[2] - d.labels[i];
    sum += r;
    moment += r * d.row(i)[0];
  }
  EXPECT_NEAR(sum, 0, 1e-5);
  EXPECT_NEAR(moment, 0, 1e-5);
}

TEST(solver, a_penalty_shrinks_and_l1_takes_away) {
  const auto d = rows(300, [](double a, double, chance& c) { return a + 0.5 * c.normal(); });
  auto p = pose(d, {.kind = loss_kind::squared});
  const auto free = solved(p);
  p.wd = 1;
  EXPECT_LT(solved(p)[0], free[0] * 0.8);
  p.wd = 0;
  p.l1 = 0.2;
  const auto sparse = solved(p);
  EXPECT_EQ(sparse[1], 0);
  EXPECT_THAT(sparse[0], DoubleNear(free[0] - 0.1, 0.03));  // the soft threshold of a feature of unit size: l1 / 2
  p.l1 = 1e6;
  EXPECT_EQ(solved(p)[0], 0);
}

TEST(solver, absolute_loss_is_not_moved_by_outliers_and_quantiles_are_met) {
  const auto d =
      rows(1000, [](double a, double b, chance& c) { return line(a, b, c) + (c.uniform() < 0.1 ? 100 : 0); });
  const auto w = solved(pose(d, {.kind = loss_kind::absolute}));
  EXPECT_NEAR(w[0], 2, 0.03);
  EXPECT_NEAR(w[2], 3, 0.05);
  const auto q = solved(pose(d, {.kind = loss_kind::quantile, .quantile = 0.75}));
  double below = 0;
  for (size_t i = 0; i < d.rows; ++i) below += d.labels[i] < q[0] * d.row(i)[0] + q[1] * d.row(i)[1] + q[2];
  EXPECT_NEAR(below / 1000, 0.75, 0.01);
}

TEST(solver, classes_that_are_apart_do_not_end_it) {
  const auto d = rows(200, [](double a, double b, chance&) { return a + b > 0; });
  for (auto kind : {loss_kind::logistic, loss_kind::hinge}) {
    const auto w = solved(pose(d, {.kind = kind}), {}, 15);
    double hits = 0;
    for (size_t i = 0; i < d.rows; ++i)
      hits += (w[0] * d.row(i)[0] + w[1] * d.row(i)[1] + w[2] > 0) == (d.labels[i] > 0.5f);
    EXPECT_GE(hits, 199) << static_cast<int>(kind);
    EXPECT_TRUE(std::isfinite(w[0]));
  }
}

TEST(solver, mini_batches_come_to_the_same) {
  const auto d = rows(2000, [](double a, double b, chance& c) { return 1 / (1 + std::exp(b - 2 * a)) > c.uniform(); });
  const auto p = pose(d, {.kind = loss_kind::logistic});
  const auto optimum = solved(p);
  for (auto optimizer : {"adam", "sgd", "rmsprop"}) {
    const bool is_sgd = std::string_view{optimizer} == "sgd";
    const auto w =
        solved(p, {.optimizer = optimizer, .mini_batch_size = 100, .learning_rate = is_sgd ? 0.5 : 0.02}, 30);
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(w[i], optimum[i], 0.1) << optimizer;
    EXPECT_NEAR(mean_loss(p, w), mean_loss(p, optimum), 0.002) << optimizer;
  }
}

TEST(solver, features_that_say_the_same_share_the_weight) {
  auto d = rows(100, line);
  for (size_t i = 0; i < d.rows; ++i) d.values[2 * i + 1] = d.values[2 * i];
  const auto w = solved(pose(d, {.kind = loss_kind::squared}));
  EXPECT_NEAR(w[0], w[1], 1e-3);
}

TEST(solver, many_features_take_mini_batches_and_get_there) {
  data_set d;
  chance c;
  d.rows = 1000;
  d.features = newton_parameters_max;
  for (size_t i = 0; i < d.rows; ++i) {
    for (size_t j = 0; j < d.features; ++j) d.values.push_back(static_cast<float>(c.normal()));
    d.labels.push_back(d.values[i * d.features] - 0.5f * d.values[i * d.features + 1]);
  }
  auto p = pose(d, {.kind = loss_kind::squared});
  p.shift.assign(d.features, 0);
  p.scale.assign(d.features, 1);
  const auto w = solved(p, {}, 15);
  EXPECT_NEAR(w[0], 1, 0.05);
  EXPECT_NEAR(w[1], -0.5, 0.05);
}

const std::vector<double> scores{0.1, 0.4, 0.35, 0.8};
const std::vector<float> labels{0, 0, 1, 1};

TEST(metrics, of_two_classes) {
  const auto c = count_binary(scores, labels, 0.4);
  EXPECT_EQ(c.accuracy(), 0.5);
  EXPECT_EQ(c.precision(), 0.5);
  EXPECT_EQ(c.recall(), 0.5);
  EXPECT_EQ(c.f(1), 0.5);
  EXPECT_EQ(count_binary(scores, labels, 2).precision(), 0);
  EXPECT_EQ(roc_auc(scores, labels), 0.75);
  EXPECT_EQ(roc_auc(std::vector<double>{1, 1}, std::vector<float>{0, 1}), 0.5);
}

TEST(metrics, a_threshold_is_the_criterions_best) {
  const auto chosen = [&](selection s, double usual = 0.5) { return choose_threshold(scores, labels, s, usual); };
  EXPECT_EQ(chosen({.criteria = "loss_function"}), 0.5);
  EXPECT_EQ(chosen({.criteria = "accuracy"}), 0.5);  // three of four, as other thresholds too
  EXPECT_DOUBLE_EQ(chosen({.criteria = "precision_at_target_recall", .target_recall = 1}), (0.35 + 0.1) / 2);
  EXPECT_EQ(count_binary(scores, labels, chosen({.criteria = "recall_at_target_precision", .target_precision = 1}))
                .precision(),
            1);
  EXPECT_DOUBLE_EQ(chosen({.criteria = "f_beta", .beta = 2}), (0.35 + 0.1) / 2);
  // No threshold reaches it: no positive row at all.
  EXPECT_EQ(choose_threshold(scores, std::vector<float>(4, 0.0f), {.criteria = "recall_at_target_precision"}, 0.5),
            0.5);
}

TEST(metrics, of_several_classes) {
  const std::vector<double> of_three{0.6, 0.3, 0.1, 0.5, 0.4, 0.1, 0.2, 0.3, 0.5};
  const auto m = measure_classes(of_three, std::vector<float>{0, 1, 2}, 3, 2, 1);
  EXPECT_EQ(m[0].name, "multiclass_accuracy");
  EXPECT_NEAR(m[0].value, 2.0 / 3, 1e-12);
  EXPECT_EQ(m[1].name, "multiclass_top_k_accuracy_2");
  EXPECT_EQ(m[1].value, 1);
  EXPECT_NEAR(m[2].value, (1 + 1 / std::log2(3) + 1) / 3, 1e-12);
  EXPECT_NEAR(m[3].value, 2.0 / 3, 1e-12);
  EXPECT_NEAR(m[4].value, 0.5, 1e-12);
  EXPECT_EQ(m[5].name, "macro_f_1.000");
}

}  // namespace
}  // namespace mdlc::runner::algorithms
