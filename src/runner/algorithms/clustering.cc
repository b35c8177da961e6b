#include "runner/algorithms/clustering.h"

#include <algorithm>
#include <cmath>

namespace mdlc::runner::algorithms {
namespace {

double uniform(chance& c) { return static_cast<double>(c() >> 11) * 0x1.0p-53; }

template <class T>
double squared_distance(std::span<const double> center, std::span<const T> point) {
  double sum = 0;
  for (size_t j = 0; j < point.size(); ++j) sum += (point[j] - center[j]) * (point[j] - center[j]);
  return sum;
}

// One of those that the shares are of, each as likely as its share.
size_t draw(std::span<const double> shares, chance& c) {
  double sum = 0;
  for (auto s : shares) sum += s;
  double at = uniform(c) * sum;
  for (size_t i = 0; i < shares.size(); ++i)
    if (shares[i] > 0 && (at -= shares[i]) < 0) return i;
  return c() % shares.size();  // all of them are zero
}

}  // namespace

template <class T>
nearest find_nearest(std::span<const double> centers, std::span<const T> point) {
  nearest best{0, INFINITY};
  const size_t count = centers.size() / point.size();
  for (size_t k = 0; k < count; ++k) {
    const double d = squared_distance(centers.subspan(k * point.size(), point.size()), point);
    if (d < best.squared_distance) best = {k, d};
  }
  return best;
}

template <class T>
std::vector<double> choose_centers(const points<T>& all, size_t k, bool plus_plus, chance& c) {
  std::vector<double> centers;
  centers.reserve(k * all.features);
  const auto add = [&](size_t i) {
    const auto p = all.at(i);
    centers.insert(centers.end(), p.begin(), p.end());
  };
  if (!plus_plus) {
    std::vector<size_t> order(all.count());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (size_t i = 0; i < k; ++i) {
      std::swap(order[i], order[i + c() % (order.size() - i)]);
      add(order[i]);
    }
    return centers;
  }
  std::vector<double> distances(all.count(), INFINITY), shares(all.count());
  for (size_t i = 0; i < all.count(); ++i) shares[i] = all.weight(i);
  for (size_t chosen = 0; chosen < k; ++chosen) {
    add(draw(shares, c));
    const std::span<const double> newest{centers.data() + chosen * all.features, all.features};
    for (size_t i = 0; i < all.count(); ++i) {
      distances[i] = std::min(distances[i], squared_distance(newest, all.at(i)));
      shares[i] = distances[i] * all.weight(i);
    }
  }
  return centers;
}

template <class T>
double move_centers(const points<T>& all, std::vector<double>& centers, const lloyd_limits& limits, bool (*is_over)()) {
  const size_t features = all.features;
  std::vector<double> sums(centers.size()), weights(centers.size() / features);
  double before = INFINITY;
  for (size_t iteration = 0;; ++iteration) {
    std::fill(sums.begin(), sums.end(), 0.0);
    std::fill(weights.begin(), weights.end(), 0.0);
    double total = 0;
    for (size_t i = 0; i < all.count(); ++i) {
      const auto point = all.at(i);
      const auto to = find_nearest<T>(centers, point);
      const double weight = all.weight(i);
      total += weight * to.squared_distance;
      weights[to.center] += weight;
      for (size_t j = 0; j < features; ++j) sums[to.center * features + j] += weight * point[j];
    }
    if (iteration == limits.iterations || before - total <= limits.tolerance * total || is_over()) return total;
    before = total;
    for (size_t k = 0; k < weights.size(); ++k)
      if (weights[k] > 0)  // a center without points stays where it is
        for (size_t j = 0; j < features; ++j) centers[k * features + j] = sums[k * features + j] / weights[k];
  }
}

template nearest find_nearest(std::span<const double>, std::span<const float>);
template nearest find_nearest(std::span<const double>, std::span<const double>);
template std::vector<double> choose_centers(const points<float>&, size_t, bool, chance&);
template std::vector<double> choose_centers(const points<double>&, size_t, bool, chance&);
template double move_centers(const points<float>&, std::vector<double>&, const lloyd_limits&, bool (*)());
template double move_centers(const points<double>&, std::vector<double>&, const lloyd_limits&, bool (*)());

}  // namespace mdlc::runner::algorithms
