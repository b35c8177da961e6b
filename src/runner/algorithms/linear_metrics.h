// What linear-learner measures of a model's scores.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mdlc::runner::algorithms {

struct binary_counts {
  double true_positives = 0, false_positives = 0, true_negatives = 0, false_negatives = 0;
  // Of nothing, 0.
  double accuracy() const;
  double precision() const;
  double recall() const;
  double f(double beta) const;
};

// A row is positive from the threshold on.
binary_counts count_binary(std::span<const double> scores, std::span<const float> labels, double threshold);

double roc_auc(std::span<const double> scores, std::span<const float> labels);

struct selection {
  std::string criteria = "accuracy";  // binary_classifier_model_selection_criteria
  double beta = 1, target_recall = 0.8, target_precision = 0.8;
  double value(const binary_counts&) const;  // more is better; below 0 where a target is missed
};

// The threshold at which the criterion is best, halfway between two scores; of equally good ones the nearest to
// `usual`, which it is too where the criterion is loss_function or no threshold reaches the target.
double choose_threshold(std::span<const double> scores, std::span<const float> labels, const selection&, double usual);

struct named_value {
  std::string name;
  double value;
};
// `scores`: a row's scores side by side, one a class.
std::vector<named_value> measure_classes(std::span<const double> scores, std::span<const float> labels, size_t classes,
                                         size_t top_k, double beta);

}  // namespace mdlc::runner::algorithms
