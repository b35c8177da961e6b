#include "runner/algorithms/linear_metrics.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace mdlc::runner::algorithms {
namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

double f_of(double precision, double recall, double beta) {
  return ratio((1 + beta * beta) * precision * recall, beta * beta * precision + recall);
}

std::vector<size_t> by_falling_score(std::span<const double> scores) {
  std::vector<size_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  return order;
}

}  // namespace

double binary_counts::accuracy() const {
  return ratio(true_positives + true_negatives, true_positives + true_negatives + false_positives + false_negatives);
}
double binary_counts::precision() const { return ratio(true_positives, true_positives + false_positives); }
double binary_counts::recall() const { return ratio(true_positives, true_positives + false_negatives); }
double binary_counts::f(double beta) const { return f_of(precision(), recall(), beta); }

binary_counts count_binary(std::span<const double> scores, std::span<const float> labels, double threshold) {
  binary_counts c;
  for (size_t i = 0; i < scores.size(); ++i) {
    const bool is_positive = labels[i] > 0.5f;
    if (scores[i] >= threshold)
      ++(is_positive ? c.true_positives : c.false_positives);
    else
      ++(is_positive ? c.false_negatives : c.true_negatives);
  }
  return c;
}

double roc_auc(std::span<const double> scores, std::span<const float> labels) {
  const auto order = by_falling_score(scores);
  double positives = 0, negatives = 0, area = 0;
  for (size_t i = 0; i < order.size();) {
    double p = 0, n = 0;
    for (const double score = scores[order[i]]; i < order.size() && scores[order[i]] == score; ++i)
      ++(labels[order[i]] > 0.5f ? p : n);
    area += n * (positives + p / 2);
    positives += p;
    negatives += n;
  }
  return ratio(area, positives * negatives);
}

double selection::value(const binary_counts& c) const {
  if (criteria == "f_beta") return c.f(beta);
  if (criteria == "precision_at_target_recall") return c.recall() >= target_recall ? c.precision() : -1;
  if (criteria == "recall_at_target_precision") return c.precision() >= target_precision ? c.recall() : -1;
  return c.accuracy();
}

double choose_threshold(std::span<const double> scores, std::span<const float> labels, const selection& s,
                        double usual) {
  if (s.criteria == "loss_function") return usual;
  const auto order = by_falling_score(scores);
  auto counts = count_binary(scores, labels, INFINITY);
  double best = usual, best_value = s.value(count_binary(scores, labels, usual));
  for (size_t i = 0; i < order.size();) {
    const double score = scores[order[i]];
    for (; i < order.size() && scores[order[i]] == score; ++i) {
      const bool is_positive = labels[order[i]] > 0.5f;
      ++(is_positive ? counts.true_positives : counts.false_positives);
      --(is_positive ? counts.false_negatives : counts.true_negatives);
    }
    const double threshold = i < order.size() ? (score + scores[order[i]]) / 2 : score;
    const double value = s.value(counts);
    if (value > best_value || (value == best_value && std::fabs(threshold - usual) < std::fabs(best - usual))) {
      best = threshold;
      best_value = value;
    }
  }
  return best_value < 0 ? usual : best;
}

std::vector<named_value> measure_classes(std::span<const double> scores, std::span<const float> labels, size_t classes,
                                         size_t top_k, double beta) {
  std::vector<double> hits(classes), of_label(classes), of_prediction(classes);
  double accurate = 0, among_top = 0, gain = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto row = scores.subspan(i * classes, classes);
    const auto label = static_cast<size_t>(labels[i]);
    const auto predicted = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    const auto rank =
        static_cast<size_t>(std::count_if(row.begin(), row.end(), [&](double one) { return one > row[label]; }));
    ++of_label[label];
    ++of_prediction[predicted];
    if (predicted == label) ++accurate, ++hits[label];
    if (rank < top_k) ++among_top;
    gain += 1 / std::log2(static_cast<double>(rank) + 2);
  }
  double precision = 0, recall = 0, f = 0;
  for (size_t k = 0; k < classes; ++k) {
    const double p = ratio(hits[k], of_prediction[k]), r = ratio(hits[k], of_label[k]);
    precision += p;
    recall += r;
    f += f_of(p, r, beta);
  }
  const auto rows = static_cast<double>(labels.size()), all = static_cast<double>(classes);
  return {{"multiclass_accuracy", ratio(accurate, rows)},
          {fmt::format("multiclass_top_k_accuracy_{}", top_k), ratio(among_top, rows)},
          {"dcg", ratio(gain, rows)},
          {"macro_recall", recall / all},
          {"macro_precision", precision / all},
          {fmt::format("macro_f_{:.3f}", beta), f / all}};
}

}  // namespace mdlc::runner::algorithms
