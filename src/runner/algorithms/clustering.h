// The parts of k-means.
#pragma once

#include <random>
#include <span>
#include <vector>

namespace mdlc::runner::algorithms {

using chance = std::mt19937_64;

struct nearest {
  size_t center = 0;
  double squared_distance = 0;
};
// `centers`: one after the other, each as wide as the point.
template <class T>
nearest find_nearest(std::span<const double> centers, std::span<const T> point);

template <class T>
struct points {
  std::span<const T> values;  // one after the other
  size_t features;
  std::span<const double> weights = {};  // one a point; none: each counts once
  size_t count() const { return values.size() / features; }
  std::span<const T> at(size_t i) const { return values.subspan(i * features, features); }
  double weight(size_t i) const { return weights.empty() ? 1 : weights[i]; }
};

// k of the points, at least as many: at random, or by k-means++.
template <class T>
std::vector<double> choose_centers(const points<T>&, size_t k, bool plus_plus, chance&);

struct lloyd_limits {
  size_t iterations = 300;
  double tolerance = 1e-4;  // of the squared distances' sum: what an iteration must win of it
};

// Moves the centers until they stay; the weighted sum of squared distances to them.
template <class T>
double move_centers(const points<T>&, std::vector<double>& centers, const lloyd_limits&, bool (*is_over)());

}  // namespace mdlc::runner::algorithms
