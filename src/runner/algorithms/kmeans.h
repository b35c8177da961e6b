// SageMaker's k-means. As there, a first stage streams mini-batches over more centers than are wanted, and a second one
// clusters those centers, weighted, several times from chosen beginnings and keeps the best k. Then, unless
// half_life_time_size asks that early rows count for less, a third stage that theirs has not: Lloyd's iterations over
// all rows, which are here in memory, until they win less than local_lloyd_tol, at most local_lloyd_max_iter times. So
// the outcome is as good as that of other libraries, and depends little on the order of rows. Chance has a fixed seed.
//
// `auto` is, for extra_center_factor, what makes 100 centers, from 2 to 10; for local_lloyd_num_trials, 10.
#pragma once

#include "json/value.h"
#include "runner/algorithms/inference.h"
#include "runner/algorithms/report.h"

namespace mdlc::runner::algorithms {

// The file that holds one is a JSON object: {"algorithm": "kmeans", "version": 1, "centers": [a list a center]}.
class kmeans_model : public predictor {
 public:
  kmeans_model(std::vector<double> centers, size_t features) : centers_(std::move(centers)), features_(features) {}
  size_t features() const override { return features_; }
  size_t centers() const { return centers_.size() / features_; }
  bool gives_csv() const override { return true; }
  struct place {
    size_t center;
    double squared_distance;
  };
  place find(std::span<const float> row) const;
  void predict(std::span<const float> row, std::vector<predicted>& out) const override;

  json::object to_json() const;
  static base::result<kmeans_model> from_json(const json::value&);

 private:
  std::vector<double> centers_;
  size_t features_;
};

trained train_kmeans(const job&);

}  // namespace mdlc::runner::algorithms
