#include "services/sagemaker/tuning.h"

#include "services/sagemaker/describe.h"
#include "services/sagemaker/service.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr std::string_view columns =
    "account, region, name, status, created_ms, modified_ms, ended_ms, request, progress";

double seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

json::array write(const point& p) { return json::array(p.begin(), p.end()); }

point read_point(const json::value& v) {
  point p;
  for (const auto& u : v.as_array()) p.push_back(json::to_double(u));
  return p;
}

json::object write_progress(const tuning& t) {
  json::array trials;
  for (const auto& one : t.trials) {
    trials.push_back(json::object{{"name", one.name}, {"at", write(one.at)}, {"values", one.values}});
  }
  json::object out{{"seed", std::to_string(t.seed)},
                   {"failure_reason", t.failure_reason},
                   {"is_closing", t.is_closing},
                   {"trials", std::move(trials)}};
  if (t.converged_ms) out["converged_ms"] = *t.converged_ms;
  json::array inherited;
  for (const auto& one : t.inherited) inherited.push_back(json::object{{"at", write(one.at)}, {"loss", one.loss}});
  out["inherited"] = std::move(inherited);
  return out;
}

void read_progress(const json::value& progress, tuning& t) {
  t.seed = std::stoull(std::string{json::text(progress, "seed", "0")});
  t.failure_reason = json::text(progress, "failure_reason");
  t.is_closing = progress.at("is_closing").as_bool();
  if (const auto* at = json::find(progress, "converged_ms")) t.converged_ms = at->as_int64();
  for (const auto& one : progress.at("trials").as_array())
    t.trials.push_back({std::string{json::text(one, "name")}, read_point(one.at("at")), one.at("values").as_object()});
  for (const auto& one : progress.at("inherited").as_array())
    t.inherited.push_back({read_point(one.at("at")), json::to_double(one.at("loss"))});
}

tuning read_tuning(const store::row& r) {
  tuning t;
  t.scope = {r.text(0), r.text(1)};
  t.name = r.text(2);
  t.status = r.text(3);
  t.created_ms = r.integer(4);
  t.modified_ms = r.integer(5);
  t.ended_ms = r.integer_if(6);
  auto request = json::parse(r.text(7)), progress = json::parse(r.text(8));
  if (!request || !progress) throw store::failure("a tuning job's row is not readable");
  t.request = std::move(request->as_object());
  read_progress(*progress, t);
  return t;
}

const json::value& objective_of(const tuning& t) { return t.config().at("HyperParameterTuningJobObjective"); }

std::optional<double> metric(const job& j, std::string_view name) {
  for (const auto& m : j.progress.metrics)
    if (json::text(m, "MetricName") == name) return json::to_double(m.at("Value"));
  return std::nullopt;
}

json::object count(const std::vector<tried>& all) {
  int64_t completed = 0, in_progress = 0, failed = 0, stopped = 0;
  for (const auto& one : all) {
    const auto& status = one.training.status;
    ++(status == "Completed" ? completed : status == "Failed" ? failed : status == "Stopped" ? stopped : in_progress);
  }
  return {{"Completed", completed},
          {"InProgress", in_progress},
          {"RetryableError", 0},
          {"NonRetryableError", failed},
          {"Stopped", stopped}};
}

json::object count_objectives(const std::vector<tried>& all) {
  int64_t succeeded = 0, pending = 0, failed = 0;
  for (const auto& one : all) ++(one.objective ? succeeded : one.has_failed() ? failed : pending);
  return {{"Succeeded", succeeded}, {"Pending", pending}, {"Failed", failed}};
}

}  // namespace

std::string tuning::arn() const {
  std::string lower = name;
  for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return scope.arn("sagemaker", fmt::format("hyper-parameter-tuning-job/{}", lower));
}

std::string tuning::objective() const { return std::string{json::text(objective_of(*this), "MetricName")}; }

bool tuning::maximizes() const { return json::text(objective_of(*this), "Type") == "Maximize"; }

tuning_strategy tuning::strategy() const {
  const auto given = json::text(config(), "Strategy");
  if (given == "Grid") return tuning_strategy::grid;
  return given == "Random" ? tuning_strategy::random : tuning_strategy::bayesian;
}

std::vector<tuned_range> tuning::ranges() const {
  auto read = read_ranges(config().at("ParameterRanges"));
  if (!read) throw store::failure(read.error().message);
  return *std::move(read);
}

std::optional<int64_t> tuning::due_ms() const {
  const auto* bound = json::find(config().at("ResourceLimits"), "MaxRuntimeInSeconds");
  if (!bound) return std::nullopt;
  return created_ms + bound->as_int64() * 1000;
}

std::optional<tuning> find_tuning(store::reader& r, const base::scope& scope, std::string_view name) {
  static const auto sql =
      fmt::format("SELECT {} FROM sagemaker_tuning WHERE account = ?1 AND region = ?2 AND name = ?3", columns);
  auto found = r.first(sql, {scope.account, scope.region, name});
  if (!found) return std::nullopt;
  return read_tuning(*found);
}

std::vector<tuning> open_tunings(store::reader& r) {
  static const auto sql =
      fmt::format("SELECT {} FROM sagemaker_tuning WHERE ended_ms IS NULL ORDER BY created_ms, name", columns);
  std::vector<tuning> open;
  r.each(sql, {}, [&](const store::row& row) {
    open.push_back(read_tuning(row));
    return true;
  });
  return open;
}

void insert(store::transaction& t, const tuning& one) {
  t.run(
      "INSERT INTO sagemaker_tuning (account, region, name, status, created_ms, modified_ms, ended_ms, request, "
      "progress) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {one.scope.account, one.scope.region, one.name, one.status, one.created_ms, one.modified_ms, one.ended_ms,
       json::print(one.request), json::print(write_progress(one))});
}

void update(store::transaction& t, const tuning& one) {
  t.run(
      "UPDATE sagemaker_tuning SET status = ?4, modified_ms = ?5, ended_ms = ?6, progress = ?7 "
      "WHERE account = ?1 AND region = ?2 AND name = ?3",
      {one.scope.account, one.scope.region, one.name, one.status, one.modified_ms, one.ended_ms,
       json::print(write_progress(one))});
}

std::vector<tried> read_trials(store::reader& r, const tuning& t) {
  const auto name = t.objective();
  std::vector<tried> all;
  for (const auto& one : t.trials) {
    auto found = find_job(r, {t.scope, kind::training, one.name});
    if (!found) throw store::failure("a tuning job's training job is gone");
    tried now{&one, *std::move(found), std::nullopt};
    const auto& j = now.training;
    if (j.at == phase::ended && j.status != "Failed") now.objective = metric(j, name);
    all.push_back(std::move(now));
  }
  return all;
}

const tried* best_of(const tuning& t, const std::vector<tried>& all) {
  const tried* best = nullptr;
  for (const auto& one : all)
    if (one.objective &&
        (!best || (t.maximizes() ? *one.objective > *best->objective : *one.objective < *best->objective)))
      best = &one;
  return best;
}

size_t not_improving(const tuning& t, const std::vector<tried>& all) {
  const auto* best = best_of(t, all);
  if (!best) return 0;
  size_t later = 0;
  for (const auto* one = best + 1; one < all.data() + all.size(); ++one) later += one->has_ended();
  return later;
}

json::object summary_of(const tuning& t, const tried& one) {
  const auto& j = one.training;
  json::object out{{"TrainingJobName", j.key.name}, {"TrainingJobArn", j.key.arn()},
                   {"TuningJobName", t.name},       {"CreationTime", seconds(j.created_ms)},
                   {"TrainingJobStatus", j.status}, {"TunedHyperParameters", one.of->values}};
  if (const auto* name = json::find(t.request.at("TrainingJobDefinition"), "DefinitionName"))
    out["TrainingJobDefinitionName"] = *name;
  if (j.progress.started_ms) out["TrainingStartTime"] = seconds(*j.progress.started_ms);
  if (j.progress.ended_ms) out["TrainingEndTime"] = seconds(*j.progress.ended_ms);
  if (j.status == "Failed") out["FailureReason"] = j.progress.failure_reason;
  out["ObjectiveStatus"] = one.objective ? "Succeeded" : one.has_failed() ? "Failed" : "Pending";
  if (one.objective)
    out["FinalHyperParameterTuningJobObjectiveMetric"] = json::object{
        {"Type", json::text(objective_of(t), "Type")}, {"MetricName", t.objective()}, {"Value", *one.objective}};
  return out;
}

json::object summary_of(const tuning& t, const std::vector<tried>& all) {
  json::object out{{"HyperParameterTuningJobName", t.name},           {"HyperParameterTuningJobArn", t.arn()},
                   {"HyperParameterTuningJobStatus", t.status},       {"CreationTime", seconds(t.created_ms)},
                   {"LastModifiedTime", seconds(t.modified_ms)},      {"TrainingJobStatusCounters", count(all)},
                   {"ObjectiveStatusCounters", count_objectives(all)}};
  if (t.ended_ms) out["HyperParameterTuningEndTime"] = seconds(*t.ended_ms);
  out["Strategy"] = t.config().at("Strategy");
  out["ResourceLimits"] = t.config().at("ResourceLimits");
  return out;
}

json::object describe(const tuning& t, const std::vector<tried>& all) {
  json::object out = t.request;
  out.erase("Tags");
  for (auto& [name, value] : summary_of(t, all))
    if (name != "Strategy" && name != "ResourceLimits") out[name] = std::move(value);
  if (!t.failure_reason.empty()) out["FailureReason"] = t.failure_reason;
  if (const auto* best = best_of(t, all)) out["BestTrainingJob"] = summary_of(t, *best);
  json::object details{{"NumberOfTrainingJobsObjectiveNotImproving", static_cast<int64_t>(not_improving(t, all))}};
  if (t.converged_ms) details["ConvergenceDetectedTime"] = seconds(*t.converged_ms);
  out["TuningJobCompletionDetails"] = std::move(details);
  if (t.ended_ms)
    out["ConsumedResources"] = json::object{{"RuntimeInSeconds", (*t.ended_ms - t.created_ms + 999) / 1000}};
  return out;
}

std::optional<json::object> overall_best(store::reader& r, const tuning& t, const std::vector<tried>& all) {
  const auto* warm = t.request.if_contains("WarmStartConfig");
  if (!warm || json::text(*warm, "WarmStartType") != "IdenticalDataAndAlgorithm") return std::nullopt;
  std::optional<double> value;
  std::optional<json::object> best;
  const auto take = [&](const tuning& from, const std::vector<tried>& tries) {
    const auto* one = best_of(from, tries);
    if (!one || (value && (t.maximizes() ? *one->objective <= *value : *one->objective >= *value))) return;
    value = one->objective;
    best = summary_of(from, *one);
  };
  take(t, all);
  for (const auto& parent : warm->at("ParentHyperParameterTuningJobs").as_array())
    if (const auto found = find_tuning(r, t.scope, json::text(parent, "HyperParameterTuningJobName")))
      take(*found, read_trials(r, *found));
  return best;
}

std::vector<observation> seen_by(const tuning& parent, const std::vector<tried>& all, const tuning& t) {
  const auto ranges = t.ranges();
  std::vector<observation> seen;
  for (const auto& one : all) {
    if (!one.objective) continue;
    point p;
    for (const auto& range : ranges) {
      auto value = json::text(one.of->values, range.name);
      if (value.empty())
        value = json::text(parent.request.at("TrainingJobDefinition").at("StaticHyperParameters"), range.name);
      if (const auto u = coordinate_of(range, value)) p.push_back(*u);
    }
    if (p.size() == ranges.size()) seen.push_back({std::move(p), t.maximizes() ? -*one.objective : *one.objective});
  }
  return seen;
}

void tell_after(service& s, store::transaction& t, const tuning& one) {
  auto event = event_of(one.scope, "HyperParameter Tuning", one.arn(), one.modified_ms,
                        describe(one, read_trials(t, one)), one.request);
  t.after_commit([&s, event = std::move(event)] { s.host.bus.publish(event); });
}

}  // namespace mdlc::services::sagemaker
