#include "runner/algorithms/kmeans.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "runner/algorithms/clustering.h"
#include "runner/algorithms/settings.h"
#include "runner/records/record.h"

namespace mdlc::runner::algorithms {
namespace {

constexpr std::string_view algorithm = "kmeans";
constexpr unsigned seed = 0;

const std::vector<parameter>& parameters() {
  static const std::vector<parameter> all{
      {"k", form::integer, 1, INFINITY, false, {}, true},
      {"feature_dim", form::integer, 1, INFINITY, false, {}, true},
      {"mini_batch_size", form::integer, 1},
      {"epochs", form::integer, 1},
      {"init_method", form::word, -INFINITY, INFINITY, false, {"random", "kmeans++"}},
      {"extra_center_factor", form::integer, 1, INFINITY, false, {"auto"}},
      {"local_lloyd_max_iter", form::integer, 1},
      {"local_lloyd_tol", form::real, 0, 1},
      {"local_lloyd_init_method", form::word, -INFINITY, INFINITY, false, {"random", "kmeans++"}},
      {"local_lloyd_num_trials", form::integer, 1, INFINITY, false, {"auto"}},
      {"half_life_time_size", form::integer, 0},
      {"eval_metrics", form::any},
      {"force_dense", form::any},  // the SDK says it; all is dense here
  };
  return all;
}

// A JSON list of msd and ssd.
base::result<std::vector<std::string>> read_eval_metrics(const std::string& text) {
  std::vector<std::string> names;
  const auto list = json::parse(text);
  if (list && list->is_array())
    for (const auto& one : list->get_array())
      if (one.is_string()) names.emplace_back(json::view(one.get_string()));
  const bool are_known =
      std::all_of(names.begin(), names.end(), [](const auto& n) { return n == "msd" || n == "ssd"; });
  if (names.empty() || !are_known || names.size() != list->get_array().size())
    return base::fail(
        fmt::format("The value '{}' is not valid for the 'eval_metrics' hyperparameter which expects a "
                    "list of the following: 'msd', 'ssd' (caused by ValidationError)",
                    text.substr(0, 100)));
  return names;
}

// The first stage: more centers than are wanted, each with the weight of the rows that it stands for.
class stream {
 public:
  stream(const points<float>& rows, std::vector<double> centers, size_t half_life)
      : rows_(rows),
        centers_(std::move(centers)),
        weights_(centers_.size() / rows.features),
        decay_(half_life ? std::exp2(-1.0 / static_cast<double>(half_life)) : 1) {}

  void take(size_t begin, size_t end) {
    std::vector<double> sums(centers_.size()), weights(weights_.size());
    for (size_t i = begin; i < end; ++i) {
      const auto point = rows_.at(i);
      const auto k = find_nearest<float>(centers_, point).center;
      ++weights[k];
      for (size_t j = 0; j < point.size(); ++j) sums[k * point.size() + j] += point[j];
    }
    const double kept = std::pow(decay_, static_cast<double>(end - begin));
    for (size_t k = 0; k < weights_.size(); ++k) {
      weights_[k] *= kept;
      const double all = weights_[k] + weights[k];
      if (weights[k] > 0)
        for (size_t j = 0; j < rows_.features; ++j) {
          auto& c = centers_[k * rows_.features + j];
          c = (c * weights_[k] + sums[k * rows_.features + j]) / all;
        }
      weights_[k] = all;
    }
  }
  points<double> summary() const { return {centers_, rows_.features, weights_}; }

 private:
  const points<float> rows_;
  std::vector<double> centers_, weights_;
  const double decay_;
};

class clusterer {
 public:
  clusterer(const settings& s, const data_set& train)
      : s_(s), rows_{train.values, train.features}, k_(s.count("k", 1)), chance_(seed) {}

  kmeans_model run() {
    const auto streamed = stream_rows();
    auto centers = shrink(streamed.summary());
    const auto distances = s_.count("half_life_time_size", 0) == 0
                               ? move_centers(rows_, centers, limits(), stop_asked)
                               : move_centers(rows_, centers, {.iterations = 0}, stop_asked);
    say_metric(-1, "train", "msd", false, distances / static_cast<double>(rows_.count()));
    say_metric(-1, "train", "ssd", false, distances);
    return {std::move(centers), rows_.features};
  }

 private:
  stream stream_rows() {
    const size_t batch = s_.count("mini_batch_size", 5000), epochs = s_.count("epochs", 1);
    const size_t factor = s_.count("extra_center_factor", std::clamp<size_t>(100 / k_, 2, 10));
    const size_t extra = std::min(k_ * factor, rows_.count());
    // The first centers are of the first rows, as a stream has them: enough to choose from.
    const size_t first = std::min(rows_.count(), std::max(batch, 10 * extra));
    stream s{rows_,
             choose_centers(points<float>{rows_.values.first(first * rows_.features), rows_.features}, extra,
                            s_.text("init_method", "random") == "kmeans++", chance_),
             s_.count("half_life_time_size", 0)};
    for (size_t epoch = 0; epoch < epochs && !stop_asked(); ++epoch) {
      for (size_t begin = 0; begin < rows_.count() && !stop_asked(); begin += batch)
        s.take(begin, std::min(begin + batch, rows_.count()));
      say_progress(epoch + 1, epochs);
    }
    return s;
  }

  lloyd_limits limits() const { return {s_.count("local_lloyd_max_iter", 300), s_.real("local_lloyd_tol", 1e-4)}; }

  std::vector<double> shrink(const points<double>& from) {
    const size_t trials = s_.count("local_lloyd_num_trials", 10);
    const bool plus_plus = s_.text("local_lloyd_init_method", "kmeans++") == "kmeans++";
    std::vector<double> best;
    double best_sum = INFINITY;
    for (size_t trial = 0; trial < trials && !(stop_asked() && !best.empty()); ++trial) {
      auto centers = choose_centers(from, k_, plus_plus, chance_);
      const double sum = move_centers(from, centers, limits(), stop_asked);
      say(fmt::format("local kmeans attempt #{}. Current mean square distance {:f}", trial,
                      sum / static_cast<double>(rows_.count())));
      if (sum < best_sum || best.empty()) {
        best_sum = sum;
        best = std::move(centers);
      }
    }
    return best;
  }

  const settings& s_;
  const points<float> rows_;
  const size_t k_;
  chance chance_;
};

}  // namespace

kmeans_model::place kmeans_model::find(std::span<const float> row) const {
  const auto found = find_nearest<float>(centers_, row);
  return {found.center, found.squared_distance};
}

void kmeans_model::predict(std::span<const float> row, std::vector<predicted>& out) const {
  const auto found = find(row);
  out.resize(2);
  out[0] = {"closest_cluster", {static_cast<float>(found.center)}};
  out[1] = {"distance_to_cluster", {static_cast<float>(std::sqrt(found.squared_distance))}};
}

json::object kmeans_model::to_json() const {
  json::array rows;
  for (size_t k = 0; k < centers(); ++k) {
    const auto center = std::span{centers_}.subspan(k * features_, features_);
    rows.push_back(json::array(center.begin(), center.end()));
  }
  return {{"algorithm", algorithm}, {"version", 1}, {"centers", std::move(rows)}};
}

base::result<kmeans_model> kmeans_model::from_json(const json::value& from) {
  const auto* rows = json::find(from, "centers");
  if (json::text(from, "algorithm") != algorithm || !rows || !rows->is_array() || rows->get_array().empty())
    return base::fail("the model file is none of k-means'");
  std::vector<double> centers;
  size_t features = 0;
  for (const auto& row : rows->get_array()) {
    if (!row.is_array() || row.get_array().empty() || row.get_array().size() > records::tensor_values_max ||
        (features && row.get_array().size() != features))
      return base::fail("the model file's centers are not equally long lists");
    features = row.get_array().size();
    for (const auto& one : row.get_array()) {
      if (!json::is_number(one)) return base::fail("the model file holds something else than numbers");
      centers.push_back(json::to_double(one));
    }
  }
  return kmeans_model{std::move(centers), features};
}

trained train_kmeans(const job& j) {
  MDLC_TRY(const auto s, settings::check(parameters(), j.hyperparameters()));
  MDLC_TRY(const auto evaluated, read_eval_metrics(s.text("eval_metrics", R"(["msd"])")));
  const size_t features = s.count("feature_dim", 0), k = s.count("k", 1);
  MDLC_TRY(const auto train, j.read_data("train", false, features));
  if (train.rows < k)
    return base::fail(fmt::format("The data of channel 'train' has {} rows, fewer than the {} clusters asked for by k",
                                  train.rows, k));
  data_set test;
  if (j.has_channel("test")) {
    MDLC_TRY(test, j.read_data("test", false, features));
  }
  const auto model = clusterer{s, train}.run();
  if (test.rows == 0) return model.to_json();
  double sum = 0;
  for (size_t i = 0; i < test.rows; ++i) sum += model.find(test.row(i)).squared_distance;
  for (const auto& name : evaluated)
    say_metric(-1, "test", name, false, name == "msd" ? sum / static_cast<double>(test.rows) : sum);
  return model.to_json();
}

}  // namespace mdlc::runner::algorithms
