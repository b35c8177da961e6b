// A training job from its turn to its end.
#include "base/log.h"
#include "runner/archive.h"
#include "services/sagemaker/channels.h"
#include "services/sagemaker/checkpoints.h"
#include "services/sagemaker/entry_point.h"
#include "services/sagemaker/inputs.h"
#include "services/sagemaker/metrics.h"
#include "services/sagemaker/own_program.h"
#include "services/sagemaker/run.h"
#include "services/sagemaker/scripts.h"
#include "services/sagemaker/tuning_watch.h"
#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr int64_t default_max_runtime_s = 86'400;
constexpr int exit_customers_fault = 2;  // of a built-in algorithm

const json::value& member(const json::object& o, std::string_view name) {
  static const json::value null;
  const auto* found = o.if_contains(name);
  return found ? *found : null;
}

std::string image_uri(const job& j) {
  return std::string{json::text(member(j.request, "AlgorithmSpecification"), "TrainingImage")};
}

class training {
 public:
  explicit training(run& r) : r_(r) {}

  void carry() {
    if (r_.j.at == phase::queued) begin();
    if (r_.j.at == phase::running) r_.stage_again_after_reboot();
    if (r_.j.at == phase::staging) stage();
    if (r_.j.at == phase::running) await();
    if (r_.j.at == phase::publishing) publish();
    if (r_.j.at == phase::ended && checkpoint_place(r_.j)) r_.forget_outputs();
  }

 private:
  bool is_stopped() {
    if (!r_.is_asked_to_stop()) return false;
    r_.end_stopped();
    return true;
  }

  // What it runs of the image's: the user's script, its algorithm, or, with an entry point, neither.
  bool runs_script_of(const image& i) const { return !has_entry_point(r_.j) && runs_script(r_.j, i); }
  bool is_builtin(const image& i) const { return i.is_builtin && !has_entry_point(r_.j) && !runs_script(r_.j, i); }

  void begin() {
    if (!is_stopped()) r_.begin_turn("Downloading input data");
  }

  void stage() {
    if (is_stopped()) return;
    auto found = find_image(r_.s.images, image_uri(r_.j));
    if (!found) return r_.fail("ClientError: " + found.error().message);
    if (found->train.empty() && !found->scripts && !has_entry_point(r_.j))
      return r_.fail(
          fmt::format("ClientError: The image {} trains nothing here: mdlc image add gives it a program that "
                      "does",
                      image_uri(r_.j)));
    if (auto made = make_job_folder(r_); !made) throw store::failure(made.error().message);
    // A log that begins anew; an earlier try may have shipped some of its own.
    if (r_.j.progress.log_offset > 0) r_.edit([](job& row) { row.progress.log_offset = 0; });
    if (auto placed = place_input(*found); !placed) return r_.fail("ClientError: " + placed.error().message);
    if (runs_script_of(*found) && !r_.steering.wants_attention()) {
      if (auto ready = prepare_script(r_, *found); !ready) return r_.fail(ready.error().message);
      if (r_.j.at == phase::ended) return;
      found->is_builtin = false;
    }
    if (found->own && !r_.steering.wants_attention()) {
      if (auto ready = prepare_own_program(r_, *found, image_uri(r_.j)); !ready) return r_.fail(ready.error().message);
      if (r_.j.at == phase::ended) return;
    }
    if (has_entry_point(r_.j) && !r_.steering.wants_attention()) {
      if (auto ready = prepare_entry_point(r_, *found); !ready) return r_.fail(ready.error().message);
      if (r_.j.at == phase::ended) return;
      found->is_builtin = false;
    }
    if (is_stopped() || r_.steering.shutting_down()) return;
    if (auto written = write_spec(*found); !written) throw store::failure(written.error().message);
    if (is_stopped() || r_.steering.shutting_down()) return;
    r_.enter(phase::running, "Training", "Training image download completed. Training in progress.");
  }

  base::result<void> place_input(const image& i) {
    MDLC_TRY(feeds_, place_channels(r_, is_builtin(i) ? reader::builtin : reader::program));
    MDLC_CHECK(fetch_checkpoints(r_));
    return write_configuration(r_.folder() / "ml");
  }

  base::result<void> write_configuration(const sys::path& ml) {
    const auto channels = input_data_config(r_.j);
    const auto instance = json::text(member(r_.j.request, "ResourceConfig"), "InstanceType", "local");
    const json::object resources{
        {"current_host", "algo-1"},
        {"current_instance_type", instance},
        {"current_group_name", "homogeneousCluster"},
        {"hosts", json::array{"algo-1"}},
        {"instance_groups", json::array{json::object{{"instance_group_name", "homogeneousCluster"},
                                                     {"instance_type", instance},
                                                     {"hosts", json::array{"algo-1"}}}}},
        {"network_interface_name", "lo"}};
    const auto& given = member(r_.j.request, "HyperParameters");
    const auto config = ml / "input" / "config";
    MDLC_CHECK(sys::make_folder(config, 0755));
    MDLC_CHECK(
        sys::write_file_durably(config / "hyperparameters.json", given.is_object() ? json::print(given) : "{}", 0644));
    MDLC_CHECK(sys::write_file_durably(config / "inputdataconfig.json", json::print(channels), 0644));
    return sys::write_file_durably(config / "resourceconfig.json", json::print(resources), 0644);
  }

  base::result<void> write_spec(const image& i) {
    const auto ml = r_.folder() / "ml";
    for (const auto& own : {ml / "input", ml / "model", ml / "output", ml / "output" / "data"})
      MDLC_CHECK(make_owned(own, r_.owner()));
    const auto& isolated = member(r_.j.request, "EnableNetworkIsolation");
    const bool is_isolated = isolated.is_bool() && isolated.get_bool();
    runner::job_spec spec;
    spec.feeds = std::move(feeds_);
    auto& p = spec.program;
    p.argv = i.train;
    p.environment = environment_of(r_, i, r_.j.request.if_contains("Environment"), !i.is_builtin && !is_isolated);
    p.environment.insert(p.environment.end(),
                         {{"TRAINING_JOB_NAME", r_.j.key.name}, {"TRAINING_JOB_ARN", r_.j.key.arn()}});
    p.binds = {{ml, "/opt/ml", true},
               {ml / "input" / "config", "/opt/ml/input/config"},
               {ml / "input" / "data", "/opt/ml/input/data"}};
    p.binds.insert(p.binds.end(), i.binds.begin(), i.binds.end());
    if (const auto place = checkpoint_place(r_.j)) p.binds.push_back({ml / "checkpoints", *place, true});
    p.working_folder = i.working_folder;
    p.network = is_isolated || i.is_builtin ? runner::network::none : runner::network::shared;
    p.identity_key = r_.j.id;
    const auto* bound = json::find(member(r_.j.request, "StoppingCondition"), "MaxRuntimeInSeconds");
    spec.max_runtime_ms = (bound && bound->is_int64() ? bound->get_int64() : default_max_runtime_s) * 1000;
    return runner::write_spec(r_.folder(), spec);
  }

  void await() {
    log_shipper log{r_};
    objective_watch objective{r_};
    checkpoint_sync checkpoints{r_};
    const auto state = r_.await_end(log, [&] { objective.look(); });
    if (!state) return;
    log.ship(true);
    const auto metrics = read_metrics();
    const auto values = objective.all();
    r_.edit([&](job& row) {
      row.progress.metrics = metrics;
      row.progress.objective = values;
    });
    if (auto kept = checkpoints.finish(); !kept) return r_.fail("ClientError: " + kept.error().message);
    if (state->at == runner::job_state::phase::died)
      return r_.fail(
          "AlgorithmError: The training program's supervisor died, and the program with it. It is not run a second "
          "time.");
    const auto& o = *state->outcome;
    const bool was_ended = o.cause == runner::cause::stopped || o.cause == runner::cause::max_runtime;
    if (!was_ended && !(o.exit_code == 0 && o.error.empty())) return r_.fail(reason_of(o));
    r_.edit([&](job& row) {
      row.at = phase::publishing;
      row.progress.over_runtime = o.cause == runner::cause::max_runtime;
      if (row.status != "Stopping") row.enter("Uploading", "Uploading generated training model", r_.now_ms());
    });
  }

  json::array read_metrics() {
    auto found = find_image(r_.s.images, image_uri(r_.j));
    metric_reader reader{json::find(member(r_.j.request, "AlgorithmSpecification"), "MetricDefinitions"),
                         found && is_builtin(*found)};
    metric_log{r_.folder()}.read_to_end(reader);
    return reader.results(r_.now_ms());
  }

  // What the program left in /opt/ml/output/failure, in SageMaker's form.
  std::string reason_of(const runner::outcome& o) {
    if (o.cause == runner::cause::bad_input) return "ClientError: Data download failed: " + o.error;
    if (!o.error.empty()) return "AlgorithmError: " + o.error;
    if (o.cause == runner::cause::disk_full)
      return "ClientError: Please use an instance type with more disk: the job filled its volume";
    std::string told;
    if (const auto file = real_path(r_.folder() / "ml", "output/failure");
        file && std::filesystem::is_regular_file(*file))
      told = sys::read_file(*file).value_or("").substr(0, failure_reason_max);
    auto found = find_image(r_.s.images, image_uri(r_.j));
    if (told.empty() && found && runs_script_of(*found)) return script_failure(r_, o);
    const bool customers = found && is_builtin(*found) && o.exit_code == exit_customers_fault;
    if (o.signal)
      return fmt::format("AlgorithmError: {}{}killed by signal {}", told, told.empty() ? "" : ", ", *o.signal);
    return fmt::format("{}: {}, exit code: {}", customers ? "ClientError" : "AlgorithmError", told,
                       o.exit_code.value_or(-1));
  }

  void publish() {
    sys::crash_point("job.before_publish");
    const json::value output = member(r_.j.request, "OutputDataConfig");
    auto place = parse_s3_uri(json::text(output, "S3OutputPath"));
    if (!place) return r_.fail("ClientError: " + place.error().message);
    const auto base = join_key(place->key, r_.j.key.name + "/output");
    if (r_.j.progress.artifact.empty()) {
      const auto key = join_key(base, "model.tar.gz");
      const auto uri = fmt::format("s3://{}/{}", place->bucket, key);
      if (!publish_folder("model", place->bucket, key, true, [&](job& row) { row.progress.artifact = uri; })) return;
    }
    if (!r_.j.progress.output_published &&
        !publish_folder("output/data", place->bucket, join_key(base, "output.tar.gz"), false,
                        [](job& row) { row.progress.output_published = true; }))
      return;
    sys::crash_point("job.after_publish");
    if (r_.j.progress.over_runtime || r_.j.status == "Stopping") return r_.end_stopped();
    r_.end("Completed", "Completed", "Training job completed");
  }

  // False with the job failed.
  bool publish_folder(const sys::path& relative, const std::string& bucket, const std::string& key, bool even_empty,
                      const std::function<void(job&)>& mark) {
    const auto folder = real_path(r_.folder() / "ml", relative);
    if (!folder || !std::filesystem::is_directory(*folder)) {
      if (!even_empty) return true;
      r_.fail("AlgorithmError: /opt/ml/model is no folder any more");
      return false;
    }
    std::error_code error;
    if (!even_empty && std::filesystem::is_empty(*folder, error)) return true;
    auto staged = r_.s.host.blobs.stage();
    if (!staged) throw store::failure(staged.error().message);
    auto packed = runner::pack(*folder, [&](std::string_view bytes) { return (*staged)->write(bytes); });
    if (!packed) {
      r_.fail("AlgorithmError: The model cannot be packed: " + packed.error().message);
      return false;
    }
    auto content = (*staged)->finish();
    if (!content) throw store::failure(content.error().message);
    auto put = r_.publish(bucket, key, *content, [&](store::transaction& t) {
      auto row = find_job(t, r_.j.key);
      if (!row) throw store::failure("the job's row is gone");
      mark(*row);
      update(t, *row);
    });
    if (put) return true;
    if (put.error().is_internal) throw store::failure("the model could not be published");
    r_.fail(fmt::format("ClientError: Artifact upload failed:Error {}: {}", put.error().status, put.error().message));
    return false;
  }

  run& r_;
  std::vector<runner::feed> feeds_;  // of what was staged
};

}  // namespace

void run_training(run& r) { training{r}.carry(); }

}  // namespace mdlc::services::sagemaker
