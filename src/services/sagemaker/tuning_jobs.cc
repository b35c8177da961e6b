// Create, Describe, List and Stop of hyperparameter tuning jobs, and the list of one's training jobs.
#include <cmath>

#include "services/sagemaker/channels.h"
#include "services/sagemaker/images.h"
#include "services/sagemaker/jobs.h"
#include "services/sagemaker/operations.h"
#include "services/sagemaker/scripts.h"
#include "services/sagemaker/tuning.h"

namespace mdlc::services::sagemaker {
namespace {

refusal no_such_tuning(std::string_view name) {
  return api::refuse("ResourceNotFound",
                     fmt::format("Amazon SageMaker can't find a tuning job called {}. Type another name.", name));
}

api::answer<tuning> need_tuning(store::reader& r, const base::scope& scope, std::string_view name) {
  auto found = find_tuning(r, scope, name);
  if (!found) return no_such_tuning(name);
  return *std::move(found);
}

// What is not served here is refused rather than passed over.
api::answer<void> check_served(const model::CreateHyperParameterTuningJobRequest& in) {
  const auto& config = in.HyperParameterTuningJobConfig;
  if (config.Strategy == "Hyperband")
    return invalid("The strategy Hyperband is not supported here; Bayesian, Random and Grid are.");
  if (in.Autotune || (config.ParameterRanges && config.ParameterRanges->AutoParameters &&
                      !config.ParameterRanges->AutoParameters->empty()))
    return invalid("Autotune and AutoParameters are not supported here.");
  if (!in.TrainingJobDefinition || in.TrainingJobDefinitions)
    return invalid("TrainingJobDefinition is required; several TrainingJobDefinitions are not supported here.");
  return {};
}

api::answer<void> check_limits(const model::HyperParameterTuningJobConfig& config,
                               const std::vector<tuned_range>& ranges) {
  const auto& limits = config.ResourceLimits;
  const auto most = limits.MaxNumberOfTrainingJobs;
  if (!most && config.Strategy != "Grid")
    return invalid(fmt::format("MaxNumberOfTrainingJobs is required for the strategy {}.", config.Strategy));
  if (most.value_or(1) > tuning_jobs_max)
    return api::refuse("ResourceLimitExceeded",
                       fmt::format("A tuning job can have at most {} training jobs.", tuning_jobs_max));
  if (limits.MaxParallelTrainingJobs > tuning_parallel_max)
    return api::refuse("ResourceLimitExceeded",
                       fmt::format("A tuning job can run at most {} training jobs at once.", tuning_parallel_max));
  const auto combinations = count_combinations(ranges);
  if (config.Strategy == "Grid") {
    if (!combinations) return invalid("The strategy Grid takes CategoricalParameterRanges only.");
    if (*combinations > tuning_jobs_max)
      return api::refuse("ResourceLimitExceeded",
                         fmt::format("A tuning job can have at most {} training jobs.", tuning_jobs_max));
    if (most && *combinations != static_cast<double>(*most))
      return invalid(
          fmt::format("MaxNumberOfTrainingJobs must be the number of combinations of the categorical values, {}, where "
                      "the strategy is Grid.",
                      *combinations));
  } else if (combinations && *combinations < static_cast<double>(*most)) {
    return invalid(
        fmt::format("You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
                    "combinations for the provided ranges [{:.1f}] must be equal or greater than the value of "
                    "MaxNumberOfJobs, [{}]. Provide additional ranges.",
                    *combinations, *most));
  }
  if (most && limits.MaxParallelTrainingJobs > *most)
    return invalid("MaxParallelTrainingJobs must be less than or equal to MaxNumberOfTrainingJobs.");
  return {};
}

// A metric that nobody measures would fail every training job.
api::answer<void> check_objective(const service& s, const std::string& metric,
                                  const model::HyperParameterTrainingJobDefinition& d) {
  if (d.AlgorithmSpecification.MetricDefinitions)
    for (const auto& one : *d.AlgorithmSpecification.MetricDefinitions)
      if (one.Name == metric) return {};
  job as_job;
  if (d.StaticHyperParameters) {
    json::object given;
    for (const auto& [name, value] : *d.StaticHyperParameters) given[name] = value;
    as_job.request["HyperParameters"] = std::move(given);
  }
  const auto image = find_image(s.images, d.AlgorithmSpecification.TrainingImage.value_or(""));
  if (image && image->is_builtin && !runs_script(as_job, *image)) {
    for (auto channel : {"train:", "validation:", "test:"})
      if (metric.starts_with(channel)) return {};
    return invalid(
        fmt::format("The objective metric for the hyperparameter tuning job, [{}], isn't valid for the [{}] algorithm. "
                    "Choose a valid objective metric.",
                    metric, *d.AlgorithmSpecification.TrainingImage));
  }
  return invalid(
      "A metric is required for this hyperparameter tuning job objective. Provide a metric in the metric definitions.");
}

api::answer<void> check(const service& s, const model::CreateHyperParameterTuningJobRequest& in) {
  MDLC_CHECK(check_served(in));
  const auto& config = in.HyperParameterTuningJobConfig;
  const auto& definition = *in.TrainingJobDefinition;
  if (!config.HyperParameterTuningJobObjective) return invalid("HyperParameterTuningJobObjective is required.");
  if (!definition.ResourceConfig && !definition.HyperParameterTuningResourceConfig)
    return invalid("ResourceConfig or HyperParameterTuningResourceConfig is required.");
  auto ranges = read_ranges(config.ParameterRanges ? to_json(*config.ParameterRanges) : json::object{});
  if (!ranges) return invalid(ranges.error().message);
  if (ranges->empty()) return invalid("ParameterRanges must have at least one range.");
  for (const auto& r : *ranges)
    if (definition.StaticHyperParameters && definition.StaticHyperParameters->contains(r.name))
      return invalid(fmt::format("The hyperparameter {} is both static and tuned.", r.name));
  MDLC_CHECK(check_limits(config, *ranges));
  MDLC_CHECK(check_channels(to_json(definition).as_object()));
  return check_objective(s, config.HyperParameterTuningJobObjective->MetricName, definition);
}

// Of a HyperParameterTuningResourceConfig; the first of several kinds of instances.
json::object resources_of(const json::value& given) {
  json::object out;
  const auto take = [&](const json::value& from) {
    for (auto name : {"InstanceType", "InstanceCount", "VolumeSizeInGB"})
      if (const auto* v = json::find(from, name)) out[name] = *v;
  };
  take(given);
  if (const auto* several = json::find(given, "InstanceConfigs"); several && !several->as_array().empty())
    take(several->as_array()[0]);
  return out;
}

// How a built-in algorithm's log tells of a metric: "[3]#011train-rmse:1.5#011validation-rmse:1.6".
json::object builtin_metric(const json::value& name) {
  std::string mark{json::view(name.as_string())};
  std::replace(mark.begin(), mark.end(), ':', '-');
  return {{"Name", name},
          {"Regex", fmt::format(R"(.*\[[0-9]+\].*#011{}:([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?).*)", mark)}};
}

// As SageMaker keeps it: the training jobs' programs are told what is looked at, and clients find the resources and a
// built-in algorithm's metric where a training job has them.
json::object completed(json::object request) {
  auto& definition = request["TrainingJobDefinition"].as_object();
  auto& parameters = definition["StaticHyperParameters"];
  if (!parameters.is_object()) parameters = json::object{};
  parameters.as_object()[tuning_metric_parameter] =
      request["HyperParameterTuningJobConfig"].at("HyperParameterTuningJobObjective").at("MetricName");
  auto& algorithm = definition["AlgorithmSpecification"].as_object();
  if (!algorithm.contains("MetricDefinitions"))
    algorithm["MetricDefinitions"] = json::array{builtin_metric(parameters.at(tuning_metric_parameter))};
  if (const auto* given = definition.if_contains("HyperParameterTuningResourceConfig"))
    if (!definition.contains("ResourceConfig")) definition["ResourceConfig"] = resources_of(*given);
  return request;
}

std::set<std::string> parameter_names(const tuning& t) {
  std::set<std::string> names;
  for (const auto& r : t.ranges()) names.insert(r.name);
  for (const auto& one : t.request.at("TrainingJobDefinition").at("StaticHyperParameters").as_object())
    names.emplace(one.key());
  return names;
}

// Takes over what the tuning jobs saw that it names as its parents.
api::answer<void> start_warm(store::reader& r, tuning& made) {
  const auto* warm = made.request.if_contains("WarmStartConfig");
  if (!warm) return {};
  for (const auto& one : warm->at("ParentHyperParameterTuningJobs").as_array()) {
    MDLC_TRY(const auto parent, need_tuning(r, made.scope, json::text(one, "HyperParameterTuningJobName")));
    if (parent.is_open())
      return invalid(
          fmt::format("The parent tuning job {} is in status {}; it must have ended.", parent.name, parent.status));
    if (parent.objective() != made.objective() || parent.maximizes() != made.maximizes())
      return invalid(fmt::format("The objective of the parent tuning job {} is another one.", parent.name));
    if (parameter_names(parent) != parameter_names(made))
      return invalid(
          "The set of tunable plus static HyperParameter names is not the same across current and parent tuning jobs. "
          "Please ensure this set is constant when warm starting. Note that previously static HyperParameters can be "
          "tuned in warm start jobs and vice versa.");
    auto seen = seen_by(parent, read_trials(r, parent), made);
    made.inherited.insert(made.inherited.end(), seen.begin(), seen.end());
  }
  return {};
}

double value_of(const tried& one, bool is_descending) {
  return one.objective.value_or(is_descending ? -HUGE_VAL : HUGE_VAL);  // those without one come last
}

}  // namespace

api::answer<model::CreateHyperParameterTuningJobResponse> create_hyper_parameter_tuning_job(
    service& s, api::call& c, const model::CreateHyperParameterTuningJobRequest& in) {
  MDLC_CHECK(check(s, in));
  tuning made;
  made.scope = c.context.scope;
  made.name = in.HyperParameterTuningJobName;
  made.status = "InProgress";
  made.created_ms = made.modified_ms = base::to_ms(s.host.env.now());
  made.request = completed(to_json(in).as_object());
  if (const auto seed = in.HyperParameterTuningJobConfig.RandomSeed)
    made.seed = static_cast<uint64_t>(*seed);
  else
    s.host.env.random_bytes(reinterpret_cast<char*>(&made.seed), sizeof made.seed);
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateHyperParameterTuningJobResponse> {
    if (find_tuning(t, made.scope, made.name))
      return api::refuse("ResourceInUse",
                         fmt::format("A hyperparameter tuning job with the name, {}, already exists. Choose a "
                                     "different name.",
                                     made.name));
    MDLC_CHECK(start_warm(t, made));
    insert(t, made);
    if (in.Tags) put_tags(t, made.arn(), *in.Tags);
    tell_after(s, t, made);
    t.after_commit([&s, made] {
      s.tunings.look(made.scope, made.name);
      s.tunings.look_when_due(made);
    });
    return model::CreateHyperParameterTuningJobResponse{made.arn()};
  });
}

api::answer<model::DescribeHyperParameterTuningJobResponse> describe_hyper_parameter_tuning_job(
    service& s, api::call& c, const model::DescribeHyperParameterTuningJobRequest& in) {
  return s.host.db.read([&](store::reader& r) -> api::answer<model::DescribeHyperParameterTuningJobResponse> {
    MDLC_TRY(auto found, need_tuning(r, c.context.scope, in.HyperParameterTuningJobName));
    model::DescribeHyperParameterTuningJobResponse out;
    const auto tries = read_trials(r, found);
    auto told = describe(found, tries);
    if (auto best = overall_best(r, found, tries)) told["OverallBestTrainingJob"] = *std::move(best);
    from_json(json::value(std::move(told)), out);
    return out;
  });
}

api::answer<model::ListHyperParameterTuningJobsResponse> list_hyper_parameter_tuning_jobs(
    service& s, api::call& c, const model::ListHyperParameterTuningJobsRequest& in) {
  MDLC_TRY(const auto p, page_of(in, in.SortBy.value_or("Name")));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListHyperParameterTuningJobsResponse> {
    std::vector<listed> all;
    r.each("SELECT name, status, created_ms, modified_ms FROM sagemaker_tuning WHERE account = ?1 AND region = ?2",
           {c.context.scope.account, c.context.scope.region}, [&](const store::row& row) {
             all.push_back({row.text(0), row.text(1), row.integer(2), row.integer(3)});
             return true;
           });
    model::ListHyperParameterTuningJobsResponse out;
    for (const auto& l : cut(std::move(all), p, out.NextToken)) {
      MDLC_TRY(auto found, need_tuning(r, c.context.scope, l.name));
      model::HyperParameterTuningJobSummary one;
      from_json(json::value(summary_of(found, read_trials(r, found))), one);
      out.HyperParameterTuningJobSummaries.push_back(std::move(one));
    }
    return out;
  });
}

api::answer<model::ListTrainingJobsForHyperParameterTuningJobResponse>
list_training_jobs_for_hyper_parameter_tuning_job(service& s, api::call& c,
                                                  const model::ListTrainingJobsForHyperParameterTuningJobRequest& in) {
  page p;
  p.sort_by = in.SortBy.value_or("Name");
  p.is_descending = in.SortOrder.value_or("Ascending") == "Descending";
  p.size = static_cast<size_t>(in.MaxResults.value_or(default_page_size));
  MDLC_TRY(p.after, read_token(in.NextToken));
  p.status = in.StatusEquals.value_or("");
  return s.host.db.read(
      [&](store::reader& r) -> api::answer<model::ListTrainingJobsForHyperParameterTuningJobResponse> {
        MDLC_TRY(auto found, need_tuning(r, c.context.scope, in.HyperParameterTuningJobName));
        auto tries = read_trials(r, found);
        const bool by_value = p.sort_by == "FinalObjectiveMetricValue";
        std::stable_sort(tries.begin(), tries.end(), [&](const auto& a, const auto& b) {
          if (by_value && value_of(a, p.is_descending) != value_of(b, p.is_descending))
            return (value_of(a, p.is_descending) < value_of(b, p.is_descending)) != p.is_descending;
          return a.training.key.name < b.training.key.name;
        });
        std::vector<listed> all;
        for (size_t i = 0; i < tries.size(); ++i) {
          const auto& j = tries[i].training;
          // Where the objective sorts, its place in that order stands for the time.
          const auto at = by_value ? static_cast<int64_t>(p.is_descending ? tries.size() - i : i) : j.created_ms;
          all.push_back({j.key.name, j.status, at, j.modified_ms});
        }
        model::ListTrainingJobsForHyperParameterTuningJobResponse out;
        for (const auto& l : cut(std::move(all), p, out.NextToken))
          for (const auto& one : tries) {
            if (one.training.key.name != l.name) continue;
            model::HyperParameterTrainingJobSummary summary;
            from_json(json::value(summary_of(found, one)), summary);
            out.TrainingJobSummaries.push_back(std::move(summary));
          }
        return out;
      });
}

api::answer<model::StopHyperParameterTuningJob::output> stop_hyper_parameter_tuning_job(
    service& s, api::call& c, const model::StopHyperParameterTuningJobRequest& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::StopHyperParameterTuningJob::output> {
    MDLC_TRY(auto found, need_tuning(t, c.context.scope, in.HyperParameterTuningJobName));
    if (!found.is_open())
      return invalid(
          fmt::format("The request was rejected because the hyperparameter tuning job is in status {}.", found.status));
    if (found.status == "Stopping") return model::StopHyperParameterTuningJob::output{};
    found.status = "Stopping";
    found.modified_ms = base::to_ms(s.host.env.now());
    update(t, found);
    tell_after(s, t, found);
    t.after_commit([&s, scope = found.scope, name = found.name] { s.tunings.look(scope, name); });
    return model::StopHyperParameterTuningJob::output{};
  });
}

}  // namespace mdlc::services::sagemaker
