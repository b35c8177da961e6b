// Which hyperparameters to try next. Pure: the same arguments give the same answer, so that a restart goes on as it
// would have.
//
// A point has a coordinate in [0, 1) for each range. Random draws each uniformly. Grid goes through all combinations of
// categorical ranges in order. Bayesian is a tree-structured Parzen estimator: after some points that are spread over
// everything, it draws near the better ones of what was seen and takes the draw that is likeliest there against the
// rest.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "json/value.h"

namespace mdlc::services::sagemaker {

struct tuned_range {
  enum class type { continuous, integer, categorical };
  enum class scaling { linear, logarithmic, reverse_logarithmic };

  std::string name;
  type what = type::continuous;
  scaling scale = scaling::linear;
  double low = 0, high = 0;
  std::vector<std::string> values;  // categorical
};

enum class tuning_strategy { random, grid, bayesian };

using point = std::vector<double>;

struct observation {
  point at;
  double loss = 0;  // smaller is better
};

// Of a ParameterRanges. An error is the customer's. ScalingType Auto is logarithmic where the range is positive and its
// ends are more than two orders of magnitude apart.
base::result<std::vector<tuned_range>> read_ranges(const json::value& parameter_ranges);

// How many different values there are together; nothing where a range is continuous.
std::optional<double> count_combinations(const std::vector<tuned_range>&);

// How many combinations a grid has; no more than `limit`.
size_t grid_size(const std::vector<tuned_range>&, size_t limit);

// The point number `index` (from 0). `pending`: points that are being tried.
point propose(const std::vector<tuned_range>&, tuning_strategy, uint64_t seed, size_t index,
              const std::vector<observation>& seen, const std::vector<point>& pending);

// The same, but with values that are not `known` (values_at of what was tried), as long as there are such.
point propose_new(const std::vector<tuned_range>&, tuning_strategy, uint64_t seed, size_t index,
                  const std::vector<observation>& seen, const std::vector<point>& pending,
                  const std::set<std::map<std::string, std::string>>& known);

// Where a value lies in its range; nothing outside of it.
std::optional<double> coordinate_of(const tuned_range&, std::string_view value);

// What a training job gets for it.
std::map<std::string, std::string> values_at(const std::vector<tuned_range>&, const point&);

}  // namespace mdlc::services::sagemaker
