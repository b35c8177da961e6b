// A model of linear-learner, and the file that holds one: a JSON object
//   {"algorithm": "linear-learner", "version": 1, "predictor_type": …, "loss": …, "threshold": …,
//    "bias": [a number an output], "weights": [a list an output]}
// in the features' own units: normalization is in the weights.
#pragma once

#include "json/value.h"
#include "runner/algorithms/inference.h"

namespace mdlc::runner::algorithms {

enum class predictor_type { regressor, binary, multiclass };

class linear_model : public predictor {
 public:
  predictor_type type = predictor_type::regressor;
  std::string loss;
  double threshold = 0.5;  // of a binary classifier: positive from this score on
  std::vector<double> bias;
  std::vector<double> weights;  // outputs × features

  size_t outputs() const { return bias.size(); }
  size_t features() const override { return bias.empty() ? 0 : weights.size() / bias.size(); }
  bool gives_csv() const override { return false; }
  // A value or a margin; with logistic or softmax loss, probabilities.
  void score(std::span<const float> row, std::span<double> out) const;
  void predict(std::span<const float> row, std::vector<predicted>& out) const override;

  json::object to_json() const;
  static base::result<linear_model> from_json(const json::value&);
};

std::string_view name_of(predictor_type);

}  // namespace mdlc::runner::algorithms
