#include "services/sagemaker/tuning_search.h"

#include <charconv>
#include <cmath>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t spread_points_min = 5;  // before an estimate, and more for many ranges
constexpr double good_share = 0.15;
constexpr int candidates = 32;
constexpr double bandwidth = 0.35, bandwidth_min = 0.02;  // shares of a range
constexpr double other_choice_share = 0.2;
constexpr double auto_logarithmic_ratio = 100;

// splitmix64
class chance {
 public:
  chance(uint64_t seed, size_t index) : state_(seed ^ (0xD1B54A32D192ED03ULL * (index + 1))) {}
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

size_t cell(double u, size_t count) { return std::min(static_cast<size_t>(u * static_cast<double>(count)), count - 1); }
double centre(size_t cell, size_t count) { return (static_cast<double>(cell) + 0.5) / static_cast<double>(count); }

base::result<double> read_number(std::string_view text, std::string_view name, bool whole) {
  double v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(v) || (whole && v != std::floor(v)))
    return base::fail(fmt::format("The value {} of the range of the hyperparameter {} is not {}.", text, name,
                                  whole ? "an integer" : "a number"));
  return v;
}

base::result<tuned_range::scaling> read_scaling(std::string_view text, const tuned_range& r) {
  using enum tuned_range::scaling;
  if (text == "Logarithmic") {
    if (r.low <= 0)
      return base::fail(
          fmt::format("The hyperparameter {} has Logarithmic scaling, which takes values above 0 only.", r.name));
    return logarithmic;
  }
  if (text == "ReverseLogarithmic") {
    if (r.what == tuned_range::type::integer || r.low < 0 || r.high >= 1)
      return base::fail(fmt::format(
          "The hyperparameter {} has ReverseLogarithmic scaling, which takes continuous values in [0, 1) only.",
          r.name));
    return reverse_logarithmic;
  }
  if (text == "Auto" && r.low > 0 && r.high / r.low > auto_logarithmic_ratio) return logarithmic;
  return linear;
}

base::result<tuned_range> read_numeric(const json::value& v, tuned_range::type what) {
  tuned_range r;
  r.name = json::text(v, "Name");
  r.what = what;
  const bool whole = what == tuned_range::type::integer;
  MDLC_TRY(r.low, read_number(json::text(v, "MinValue"), r.name, whole));
  MDLC_TRY(r.high, read_number(json::text(v, "MaxValue"), r.name, whole));
  if (r.low > r.high)
    return base::fail(fmt::format("The hyperparameter {} has a MinValue above its MaxValue.", r.name));
  MDLC_TRY(r.scale, read_scaling(json::text(v, "ScalingType", "Auto"), r));
  return r;
}

double at(const tuned_range& r, double u) {
  using enum tuned_range::scaling;
  // Whole numbers have a cell each.
  const double low = r.what == tuned_range::type::integer ? r.low - 0.5 : r.low;
  const double high = r.what == tuned_range::type::integer ? r.high + 0.5 : r.high;
  switch (r.scale) {
    case linear:
      return low + u * (high - low);
    case logarithmic:
      return low * std::pow(high / low, u);
    case reverse_logarithmic:
      return 1 - (1 - low) * std::pow((1 - high) / (1 - low), u);
  }
  return low;
}

double integer_at(const tuned_range& r, double u) { return std::clamp(std::round(at(r, u)), r.low, r.high); }

// Of a range that is not continuous: how many values it has, the number of the one at a coordinate, and a coordinate of
// one.
size_t value_count(const tuned_range& r) {
  return r.what == tuned_range::type::categorical ? r.values.size() : static_cast<size_t>(r.high - r.low) + 1;
}

size_t value_index(const tuned_range& r, double u) {
  return r.what == tuned_range::type::categorical ? cell(u, r.values.size())
                                                  : static_cast<size_t>(integer_at(r, u) - r.low);
}

double coordinate_at(const tuned_range& r, size_t index) {
  if (r.what == tuned_range::type::categorical) return centre(index, r.values.size());
  const double value = r.low + static_cast<double>(index), low = r.low - 0.5, high = r.high + 0.5;
  return r.scale == tuned_range::scaling::logarithmic ? std::log(value / low) / std::log(high / low)
                                                      : (value - low) / (high - low);
}

// How dense points lie: a mixture of bells around them, with the uniform density as one of them. A bell is the product
// of its ranges'; around a choice it is that choice, and a little of each.
class density {
 public:
  density(std::vector<const point*> points, const std::vector<tuned_range>& ranges, double width)
      : ranges_(ranges), points_(std::move(points)), width_(width) {}

  double operator()(const point& p) const {
    double sum = 1;
    for (const auto* other : points_) {
      double product = 1;
      for (size_t d = 0; d < ranges_.size(); ++d) product *= bell(d, p[d], (*other)[d]);
      sum += product;
    }
    return sum / static_cast<double>(points_.size() + 1);
  }

  point draw(chance& c) const {
    const auto which = cell(c.uniform(), points_.size() + 1);
    point p;
    for (size_t d = 0; d < ranges_.size(); ++d)
      p.push_back(which == points_.size() ? c.uniform() : draw_near(d, (*points_[which])[d], c));
    return p;
  }

 private:
  bool is_choice(size_t d) const { return ranges_[d].what == tuned_range::type::categorical; }

  double bell(size_t d, double u, double centre) const {
    if (is_choice(d)) {
      const auto count = ranges_[d].values.size();
      return other_choice_share +
             (cell(u, count) == cell(centre, count) ? (1 - other_choice_share) * static_cast<double>(count) : 0);
    }
    const double z = (u - centre) / width_;
    return std::exp(-0.5 * z * z) / (width_ * std::sqrt(2 * std::numbers::pi));
  }

  double draw_near(size_t d, double centre, chance& c) const {
    if (is_choice(d)) return c.uniform() < other_choice_share ? c.uniform() : centre;
    const double u = centre + width_ * c.normal();
    return u < 0 || u >= 1 ? c.uniform() : u;
  }

  const std::vector<tuned_range>& ranges_;
  const std::vector<const point*> points_;
  const double width_;
};

point draw_uniform(const std::vector<tuned_range>& ranges, chance& c) {
  point p;
  for (size_t d = 0; d < ranges.size(); ++d) p.push_back(c.uniform());
  return p;
}

// The point number `index` of `count` that leave no part of any range out: each coordinate has `count` slices, and no
// two points share one (a Latin hypercube).
point draw_spread(const std::vector<tuned_range>& ranges, uint64_t seed, size_t index, size_t count) {
  chance shuffle{seed, 0}, within{seed, index + 1};
  point p;
  for (size_t d = 0; d < ranges.size(); ++d) {
    std::vector<size_t> slices(count);
    std::iota(slices.begin(), slices.end(), size_t{0});
    for (size_t i = count - 1; i > 0; --i) std::swap(slices[i], slices[cell(shuffle.uniform(), i + 1)]);
    p.push_back((static_cast<double>(slices[index]) + within.uniform()) / static_cast<double>(count));
  }
  return p;
}

point estimate(const std::vector<tuned_range>& ranges, chance& c, std::vector<observation> seen,
               const std::vector<point>& pending) {
  std::stable_sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.loss < b.loss; });
  const auto good_count = static_cast<size_t>(std::ceil(good_share * static_cast<double>(seen.size())));
  std::vector<const point*> good, rest;
  for (size_t i = 0; i < seen.size(); ++i) (i < good_count ? good : rest).push_back(&seen[i].at);
  // Where a job runs already, another would learn little.
  for (const auto& p : pending) rest.push_back(&p);
  const double width = std::max(bandwidth_min, bandwidth / std::sqrt(1 + static_cast<double>(good.size())));
  const density near{std::move(good), ranges, width}, far{std::move(rest), ranges, width};
  point best;
  double best_score = -HUGE_VAL;
  for (int k = 0; k < candidates; ++k) {
    auto p = near.draw(c);
    const double score = std::log(near(p)) - std::log(far(p));
    if (score > best_score) best = std::move(p), best_score = score;
  }
  return best;
}

}  // namespace

base::result<std::vector<tuned_range>> read_ranges(const json::value& all) {
  std::vector<tuned_range> out;
  const auto each = [&](std::string_view name, auto&& read) -> base::result<void> {
    const auto* list = json::find(all, name);
    if (!list || !list->is_array()) return {};
    for (const auto& v : list->get_array()) {
      MDLC_TRY(auto one, read(v));
      for (const auto& other : out)
        if (other.name == one.name)
          return base::fail(fmt::format("The hyperparameter {} has more than one range.", one.name));
      out.push_back(std::move(one));
    }
    return {};
  };
  MDLC_CHECK(
      each("IntegerParameterRanges", [](const json::value& v) { return read_numeric(v, tuned_range::type::integer); }));
  MDLC_CHECK(each("ContinuousParameterRanges",
                  [](const json::value& v) { return read_numeric(v, tuned_range::type::continuous); }));
  MDLC_CHECK(each("CategoricalParameterRanges", [](const json::value& v) -> base::result<tuned_range> {
    tuned_range r;
    r.name = json::text(v, "Name");
    r.what = tuned_range::type::categorical;
    if (const auto* values = json::find(v, "Values"); values && values->is_array())
      for (const auto& one : values->get_array()) r.values.emplace_back(json::view(one.as_string()));
    return r;
  }));
  return out;
}

std::optional<double> count_combinations(const std::vector<tuned_range>& ranges) {
  double count = 1;
  for (const auto& r : ranges) {
    if (r.what == tuned_range::type::continuous) return std::nullopt;
    count *= static_cast<double>(value_count(r));
  }
  return count;
}

size_t grid_size(const std::vector<tuned_range>& ranges, size_t limit) {
  size_t size = 1;
  for (const auto& r : ranges) size = std::min(size * std::max<size_t>(r.values.size(), 1), limit);
  return size;
}

point propose(const std::vector<tuned_range>& ranges, tuning_strategy strategy, uint64_t seed, size_t index,
              const std::vector<observation>& seen, const std::vector<point>& pending) {
  if (strategy == tuning_strategy::grid) {
    point p;
    for (const auto& r : ranges) {
      p.push_back(centre(index % r.values.size(), r.values.size()));
      index /= r.values.size();
    }
    return p;
  }
  chance c{seed, index};
  if (strategy == tuning_strategy::random) return draw_uniform(ranges, c);
  const auto first = std::max(spread_points_min, ranges.size() + 2);
  if (index < first && seen.size() <= index) return draw_spread(ranges, seed, index, first);
  if (seen.size() < spread_points_min) return draw_uniform(ranges, c);
  return estimate(ranges, c, seen, pending);
}

point propose_new(const std::vector<tuned_range>& ranges, tuning_strategy strategy, uint64_t seed, size_t index,
                  const std::vector<observation>& seen, const std::vector<point>& pending,
                  const std::set<std::map<std::string, std::string>>& known) {
  auto p = propose(ranges, strategy, seed, index, seen, pending);
  if (!count_combinations(ranges)) return p;
  // From the proposed one on, in the order of the digits of a number whose base differs from place to place.
  for (size_t passed = 0; passed <= known.size() && known.contains(values_at(ranges, p)); ++passed)
    for (size_t d = 0; d < ranges.size(); ++d) {
      const auto count = value_count(ranges[d]);
      const auto next = (value_index(ranges[d], p[d]) + 1) % count;
      p[d] = coordinate_at(ranges[d], next);
      if (next != 0) break;
    }
  return p;
}

std::optional<double> coordinate_of(const tuned_range& r, std::string_view text) {
  using enum tuned_range::scaling;
  if (r.what == tuned_range::type::categorical) {
    const auto found = std::find(r.values.begin(), r.values.end(), text);
    if (found == r.values.end()) return std::nullopt;
    return coordinate_at(r, static_cast<size_t>(found - r.values.begin()));
  }
  const bool whole = r.what == tuned_range::type::integer;
  const auto value = read_number(text, r.name, whole);
  if (!value || *value < r.low || *value > r.high) return std::nullopt;
  if (whole) return coordinate_at(r, static_cast<size_t>(*value - r.low));
  if (r.low == r.high) return 0.5;
  switch (r.scale) {
    case linear:
      return (*value - r.low) / (r.high - r.low);
    case logarithmic:
      return std::log(*value / r.low) / std::log(r.high / r.low);
    case reverse_logarithmic:
      return std::log((1 - *value) / (1 - r.low)) / std::log((1 - r.high) / (1 - r.low));
  }
  return std::nullopt;
}

std::map<std::string, std::string> values_at(const std::vector<tuned_range>& ranges, const point& p) {
  std::map<std::string, std::string> out;
  for (size_t d = 0; d < ranges.size(); ++d) {
    const auto& r = ranges[d];
    switch (r.what) {
      case tuned_range::type::categorical:
        out[r.name] = r.values[cell(p[d], r.values.size())];
        break;
      case tuned_range::type::integer:
        out[r.name] = fmt::format("{:.0f}", integer_at(r, p[d]));
        break;
      case tuned_range::type::continuous:
        out[r.name] = fmt::format("{}", std::clamp(at(r, p[d]), r.low, r.high));
        break;
    }
  }
  return out;
}

}  // namespace mdlc::services::sagemaker
