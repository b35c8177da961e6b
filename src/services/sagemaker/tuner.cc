#include "base/log.h"
#include "services/sagemaker/jobs.h"
#include "services/sagemaker/tuning.h"
#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t convergence_window = 10;  // training jobs in a row that improved nothing

const json::value& member(const json::value& o, std::string_view name) {
  static const json::value null;
  const auto* found = json::find(o, name);
  return found ? *found : null;
}

// Eight hexadecimal digits, as AWS ends a training job's name.
std::string name_suffix(sys::env& env) {
  uint32_t bits = 0;
  env.random_bytes(reinterpret_cast<char*>(&bits), sizeof bits);
  return fmt::format("{:08x}", bits);
}

// The parts of a training job's definition that are the tuning job's own.
constexpr const char* not_a_training_jobs[] = {"DefinitionName", "TuningObjective", "HyperParameterRanges",
                                               "StaticHyperParameters", "HyperParameterTuningResourceConfig"};

// One look at a tuning job, inside a transaction.
class look_at {
 public:
  look_at(service& s, store::transaction& t, tuning& job)
      : service_(s), t_(t), job_(job), now_ms_(base::to_ms(s.host.env.now())), all_(read_trials(t, job)) {}

  void advance() {
    if (!job_.is_closing) job_.is_closing = job_.status == "Stopping" || has_failed() || is_enough();
    if (job_.is_closing)
      stop_running();
    else
      while (running() < limit("MaxParallelTrainingJobs", 1) && job_.trials.size() < trials_max()) begin();
    if (running() == 0) end();
  }

 private:
  size_t running() const {
    return begun_ + static_cast<size_t>(
                        std::count_if(all_.begin(), all_.end(), [](const auto& one) { return !one.has_ended(); }));
  }

  size_t limit(std::string_view name, int64_t otherwise) const {
    const auto& v = member(job_.config().at("ResourceLimits"), name);
    return static_cast<size_t>(v.is_int64() ? v.get_int64() : otherwise);
  }

  size_t trials_max() {
    const auto most = limit("MaxNumberOfTrainingJobs", tuning_jobs_max);
    return job_.strategy() == tuning_strategy::grid ? grid_size(job_.ranges(), most) : most;
  }

  bool has_failed() {
    const auto failed = static_cast<size_t>(
        std::count_if(all_.begin(), all_.end(), [](const auto& one) { return one.training.status == "Failed"; }));
    const bool none_good =
        std::none_of(all_.begin(), all_.end(), [](const auto& one) { return one.training.status == "Completed"; });
    if (failed < tuning_failures_max || !none_good) return false;
    job_.failure_reason = fmt::format(
        "No training job succeeded after {} attempts. Please take a look at the training job failures to get more "
        "details.",
        failed);
    return true;
  }

  bool is_enough() {
    if (const auto due = job_.due_ms(); due && now_ms_ >= *due) return true;
    const auto& criteria = member(job_.config(), "TuningJobCompletionCriteria");
    const auto* best = best_of(job_, all_);
    if (!best) return false;
    if (const auto& target = member(criteria, "TargetObjectiveMetricValue"); json::is_number(target)) {
      const double wanted = json::to_double(target);
      if (job_.maximizes() ? *best->objective >= wanted : *best->objective <= wanted) return true;
    }
    const auto& patience = member(member(criteria, "BestObjectiveNotImproving"), "MaxNumberOfTrainingJobsNotImproving");
    const auto later = not_improving(job_, all_);
    if (patience.is_int64() && later >= static_cast<size_t>(patience.get_int64())) return true;
    if (json::text(member(criteria, "ConvergenceDetected"), "CompleteOnConvergence") != "Enabled" ||
        later < convergence_window)
      return false;
    job_.converged_ms = now_ms_;
    return true;
  }

  void stop_running() {
    for (const auto& one : all_)
      if (!one.has_ended())
        if (auto asked = ask_to_stop(service_, t_, one.training.key); !asked)
          throw store::failure(asked.error().message);
    all_ = read_trials(t_, job_);
  }

  void begin() {
    auto seen = job_.inherited;
    std::vector<point> pending;
    std::set<std::map<std::string, std::string>> known;
    const auto ranges = job_.ranges();
    for (const auto& one : all_) {
      if (one.objective) seen.push_back({one.of->at, job_.maximizes() ? -*one.objective : *one.objective});
      if (!one.has_ended()) pending.push_back(one.of->at);
    }
    for (size_t i = all_.size(); i < job_.trials.size(); ++i) pending.push_back(job_.trials[i].at);
    for (const auto& one : job_.trials) known.insert(values_at(ranges, one.at));
    trial next;
    next.at = propose_new(ranges, job_.strategy(), job_.seed, job_.trials.size(), seen, pending, known);
    for (auto& [name, value] : values_at(ranges, next.at)) next.values[name] = value;
    auto training = training_for(next);
    next.name = training.key.name;
    if (auto added = add_job(service_, t_, training, read_tags(t_, job_.arn())); !added)
      throw store::failure(added.error().message);
    job_.trials.push_back(std::move(next));
    ++begun_;
  }

  job training_for(const trial& next) {
    const auto& definition = job_.request.at("TrainingJobDefinition");
    auto request = definition.as_object();
    for (const auto* name : not_a_training_jobs) request.erase(name);
    json::object parameters;
    if (const auto& fixed = member(definition, "StaticHyperParameters"); fixed.is_object())
      parameters = fixed.get_object();
    for (const auto& [name, value] : next.values) parameters[name] = value;
    const auto name = fmt::format("{}-{:03}-{}", job_.name, job_.trials.size() + 1, name_suffix(service_.host.env));
    request["TrainingJobName"] = name;
    request["HyperParameters"] = std::move(parameters);
    request["TuningJobArn"] = job_.arn();
    if (const auto* tags = job_.request.if_contains("Tags")) request["Tags"] = *tags;
    api::context context;
    context.scope = job_.scope;
    return new_job(service_, context, kind::training, name, std::move(request));
  }

  void end() {
    job_.ended_ms = now_ms_;
    const bool is_known = best_of(job_, all_) != nullptr;
    const bool ran_out = job_.is_closing && job_.failure_reason.empty() && !is_known;  // before anything was known
    if (job_.status == "Stopping" || ran_out) {
      job_.status = "Stopped";
    } else if (!job_.failure_reason.empty()) {
      job_.status = "Failed";
    } else if (is_known) {
      job_.status = "Completed";
    } else {
      job_.status = "Failed";
      job_.failure_reason =
          std::all_of(all_.begin(), all_.end(), [](const auto& one) { return one.training.status == "Failed"; })
              ? "All training jobs failed. Please take a look at the training jobs failures to get more details."
              : fmt::format(
                    "No objective metrics found after running {} training jobs. Please ensure that the custom "
                    "algorithm is emitting the objective metric as defined by the regular expression provided.",
                    all_.size());
    }
  }

  service& service_;
  store::transaction& t_;
  tuning& job_;
  const int64_t now_ms_;
  std::vector<tried> all_;
  size_t begun_ = 0;
};

}  // namespace

tuner::tuner(service& s) : service_(s) {
  s.host.bus.subscribe([this](const api::event& e) {
    if (e.source != "aws.sagemaker" || e.detail_type != "SageMaker Training Job State Change") return;
    const std::string arn{json::text(e.detail, "TuningJobArn")};
    const auto status = json::text(e.detail, "TrainingJobStatus");
    if (arn.empty() || status == "InProgress" || status == "Stopping") return;
    thread_.post([this, arn] {
      for (const auto& open : service_.host.db.read([](store::reader& r) { return open_tunings(r); }))
        if (open.arn() == arn) advance(open.scope, open.name);
    });
  });
}

void tuner::look(base::scope scope, std::string name) {
  thread_.post([this, scope = std::move(scope), name = std::move(name)] { advance(scope, name); });
}

void tuner::look_when_due(const tuning& t) {
  if (const auto due = t.due_ms())
    service_.host.timers.at(base::from_ms(*due), [this, scope = t.scope, name = t.name] { look(scope, name); });
}

void tuner::resume() {
  for (const auto& open : service_.host.db.read([](store::reader& r) { return open_tunings(r); })) {
    look(open.scope, open.name);
    look_when_due(open);
  }
}

void tuner::advance(const base::scope& scope, const std::string& name) {
  try {
    sys::crash_point("tuning.before_step");
    service_.host.db.write([&](store::transaction& t) {
      auto found = find_tuning(t, scope, name);
      if (!found || !found->is_open()) return;
      const auto before = found->status;
      look_at{service_, t, *found}.advance();
      found->modified_ms = base::to_ms(service_.host.env.now());
      update(t, *found);
      if (found->status != before) tell_after(service_, t, *found);
    });
    sys::crash_point("tuning.after_step");
  } catch (const std::exception& e) {
    // The next look, or the next start, takes it up.
    base::log::error("sagemaker: the tuning job {} is left as it is: {}", name, e.what());
  }
}

}  // namespace mdlc::services::sagemaker
