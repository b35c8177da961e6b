#include "services/sagemaker/tuning_watch.h"

#include <numeric>

#include "services/sagemaker/jobs.h"
#include "services/sagemaker/run.h"
#include "services/sagemaker/tuning.h"

namespace mdlc::services::sagemaker {
namespace {

std::vector<std::vector<double>> completed_ones(const std::vector<tried>& all) {
  std::vector<std::vector<double>> out;
  for (const auto& one : all) {
    if (one.training.status != "Completed") continue;
    auto& values = out.emplace_back();
    for (const auto& v : one.training.progress.objective) values.push_back(json::to_double(v));
  }
  return out;
}

}  // namespace

objective_watch::objective_watch(run& r) : run_(r), log_(r.folder()) {
  if (!r.j.request.contains("TuningJobArn")) return;
  tuning_ = r.j.key.name.substr(0, r.j.key.name.size() - training_name_suffix);
  metrics_ =
      std::make_unique<metric_reader>(json::find(r.j.request.at("AlgorithmSpecification"), "MetricDefinitions"), false);
  metrics_->follow(std::string{json::text(r.j.request.at("HyperParameters"), tuning_metric_parameter)});
}

// Whether there is a new value.
bool objective_watch::read() {
  const auto before = metrics_->series().size();
  log_.read_lines(*metrics_);
  return metrics_->series().size() > before;
}

void objective_watch::look() {
  if (tuning_.empty() || is_asked_ || !read()) return;
  const bool is_worse = run_.s.host.db.read([&](store::reader& r) {
    const auto t = find_tuning(r, run_.j.key.scope, tuning_);
    if (!t || json::text(t->config(), "TrainingJobEarlyStoppingType") != "Auto") return false;
    return does_worse(metrics_->series(), completed_ones(read_trials(r, *t)), t->maximizes());
  });
  if (!is_worse) return;
  is_asked_ = true;
  // It may have ended meanwhile; then there is nothing to stop.
  (void)run_.s.host.db.write([&](store::transaction& t) { return ask_to_stop(run_.s, t, run_.j.key); });
}

json::array objective_watch::all() {
  if (tuning_.empty()) return {};
  log_.read_to_end(*metrics_);
  const auto& values = metrics_->series();
  return json::array(values.begin(), values.end());
}

bool does_worse(const std::vector<double>& values, const std::vector<std::vector<double>>& others, bool maximizes) {
  const auto epochs = values.size();
  std::vector<double> averages;
  for (const auto& other : others)
    if (epochs > 0 && other.size() >= epochs)
      averages.push_back(std::accumulate(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(epochs), 0.0) /
                         static_cast<double>(epochs));
  if (averages.size() < early_stopping_jobs_min) return false;
  std::sort(averages.begin(), averages.end());
  const auto half = averages.size() / 2;
  const double median = averages.size() % 2 ? averages[half] : (averages[half - 1] + averages[half]) / 2;
  return maximizes ? values.back() < median : values.back() > median;
}

}  // namespace mdlc::services::sagemaker
