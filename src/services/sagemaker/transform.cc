// A batch transform job from its turn to its end.
#include <thread>

#include "services/sagemaker/serving.h"
#include "services/sagemaker/transform_pump.h"
#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr int64_t start_limit_ms = 8 * 60'000;  // until a model server answers its first ping
constexpr int64_t ping_timeout_ms = 2'000;
constexpr int ping_interval_first_ms = 2, ping_interval_ms = 50;
constexpr int64_t server_stop_grace_ms = 5'000;
constexpr size_t concurrency_max = 100;

const json::value& member(const json::value& o, std::string_view name) {
  static const json::value null;
  const auto* found = json::find(o, name);
  return found ? *found : null;
}

std::optional<int64_t> number(const json::value& o, std::string_view name) {
  const auto& v = member(o, name);
  return v.is_int64() ? std::optional{v.get_int64()} : std::nullopt;
}

record_format format_of(std::string_view split_type) {
  if (split_type == "Line") return record_format::line;
  if (split_type == "RecordIO") return record_format::recordio;
  return split_type == "TFRecord" ? record_format::tfrecord : record_format::whole;
}

class transform {
 public:
  explicit transform(run& r) : r_(r), request_(r.j.request), log_(r) {}

  void carry() {
    if (r_.j.at == phase::queued) begin();
    if (r_.j.at == phase::running) r_.stage_again_after_reboot();
    if (r_.j.at == phase::staging) stage();
    if (r_.j.at == phase::running) serve();
    if (r_.j.at == phase::publishing) close();
  }

 private:
  bool is_asked_to_stop() const { return r_.is_asked_to_stop(); }

  void begin() {
    if (is_asked_to_stop()) return r_.end_stopped();
    r_.begin_turn("Downloading the model");
  }

  void stage() {
    if (is_asked_to_stop()) return r_.end_stopped();
    if (auto ready = check_settings(); !ready) return r_.fail("ClientError: " + ready.error().message);
    if (auto made = make_job_folder(r_); !made) throw store::failure(made.error().message);
    const auto place = model_place();
    const auto found = lay_out(place);
    if (r_.steering.shutting_down()) return;
    if (is_asked_to_stop()) return r_.end_stopped();
    if (!found) return r_.fail("ClientError: " + found.error().message);
    if (auto written = write_spec(place, *found); !written) throw store::failure(written.error().message);
    r_.enter(phase::running, "Training", "The model server is being started");
  }

  // What would otherwise show only when the model server runs.
  base::result<void> check_settings() {
    if (json::text(container(), "Image").empty() || r_.j.progress.container.contains("Containers"))
      return base::fail("Inference pipelines, models of several containers, are not supported here");
    MDLC_TRY([[maybe_unused]] auto inputs, list_inputs(r_, source()));
    MDLC_TRY([[maybe_unused]] auto settings, read_settings({}));
    return {};
  }

  const json::value& container() const {
    static const json::value null;
    const auto* found = r_.j.progress.container.if_contains("PrimaryContainer");
    return found ? *found : null;
  }
  const json::value& source() const {
    return member(member(member(request_, "TransformInput"), "DataSource"), "S3DataSource");
  }

  serving model_place() {
    const auto& isolated = member(r_.j.progress.container, "EnableNetworkIsolation");
    return {.s = r_.s,
            .context = r_.context(),
            .role = r_.role(),
            .folder = r_.folder(),
            .identity_key = r_.j.id,
            .container = container().as_object(),
            .is_isolated = isolated.is_bool() && isolated.get_bool(),
            .say = [this](std::string_view text) { runner::append_log(r_.folder(), text); },
            .cancelled = [this] { return r_.steering.wants_attention(); }};
  }

  base::result<void> write_spec(const serving& place, const laid_out& found) {
    const auto meeting = r_.folder() / "run";
    MDLC_CHECK(make_owned(meeting, r_.owner()));
    std::vector<std::pair<std::string, std::string>> more{{"SAGEMAKER_BATCH", "true"}};
    if (const auto& own = member(request_, "Environment"); own.is_object())
      for (const auto& [name, value] : own.get_object())
        if (value.is_string()) more.emplace_back(name, json::view(value.get_string()));
    runner::job_spec spec;
    spec.stop_grace_ms = server_stop_grace_ms;
    MDLC_TRY(spec.program, serving_program(place, found, meeting, more));
    return runner::write_spec(r_.folder(), spec);
  }

  // `told`: what the model server answered to /execution-parameters; the request's own values win.
  base::result<transform_settings> read_settings(const json::value& told) const {
    const auto& input = member(request_, "TransformInput");
    const auto& output = member(request_, "TransformOutput");
    const auto& client = member(request_, "ModelClientConfig");
    const auto& processing = member(request_, "DataProcessing");
    transform_settings t;
    t.content_type = json::text(input, "ContentType");
    t.accept = json::text(output, "Accept");
    t.assemble_lines = json::text(output, "AssembleWith") == "Line";
    t.split.format = format_of(json::text(input, "SplitType", "None"));
    t.split.is_gzipped = json::text(input, "CompressionType") == "Gzip";
    const auto strategy = json::text(request_, "BatchStrategy", json::text(told, "BatchStrategy"));
    t.split.one_at_a_time = strategy == "SingleRecord" || strategy == "SINGLE_RECORD";
    const auto payload = number(request_, "MaxPayloadInMB").value_or(number(told, "MaxPayloadInMB").value_or(6));
    t.split.max_payload_bytes = payload > 0 ? std::min(payload * mebibyte, payload_max) : unbounded_payload_max;
    auto side_by_side = number(request_, "MaxConcurrentTransforms").value_or(0);
    if (side_by_side <= 0) side_by_side = number(told, "MaxConcurrentTransforms").value_or(1);
    t.concurrency = std::clamp<size_t>(static_cast<size_t>(std::max<int64_t>(side_by_side, 1)), 1, concurrency_max);
    if (auto s = number(client, "InvocationsTimeoutInSeconds")) t.timeout_ms = *s * 1000;
    if (auto n = number(client, "InvocationsMaxRetries")) t.retries = static_cast<int>(*n);
    MDLC_TRY(t.processing.input, filter::parse(json::text(processing, "InputFilter", "$")));
    MDLC_TRY(t.processing.output, filter::parse(json::text(processing, "OutputFilter", "$")));
    t.processing.joins_input = json::text(processing, "JoinSource") == "Input";
    MDLC_TRY(t.output, parse_s3_uri(json::text(output, "S3OutputPath")));
    t.socket = r_.folder() / "run" / serving_socket;
    return t;
  }

  void serve() {
    if (is_asked_to_stop() || !r_.begin_program()) return leave();
    auto client = http::client::to_unix(r_.folder() / "run" / serving_socket);
    if (!await_ready(client)) return leave();
    const auto told = ask_parameters(client);
    auto inputs = list_inputs(r_, source());
    auto settings = read_settings(told);
    if (!inputs || !settings)
      return close_with("ClientError: " + (inputs ? settings.error().message : inputs.error().message));
    log_.say("data-log",
             fmt::format("[sagemaker logs]: MaxConcurrentTransforms={}, MaxPayloadInMB={}, BatchStrategy={}",
                         settings->concurrency, settings->split.max_payload_bytes / mebibyte,
                         settings->split.one_at_a_time ? "SINGLE_RECORD" : "MULTI_RECORD"));
    const auto published = r_.outputs();
    std::erase_if(*inputs, [&](const input_object& o) { return published.contains(o.key); });
    transform_pump pump{r_, *settings, log_};
    const auto end = pump.pump(*inputs);
    if (end == transform_pump::end::server_gone) return await_and_fail();
    if (end == transform_pump::end::interrupted) return leave();
    close_with(pump.failure());
  }

  // The job is to stop, or the server shuts down, or the job has ended already.
  void leave() {
    if (r_.j.at == phase::ended || r_.steering.shutting_down() || !is_asked_to_stop()) return;
    r_.edit([](job& row) { row.at = phase::publishing; });
  }

  // All output is there; what is left is to end the model server. The reason of a failure is kept with that.
  void close_with(std::string failure) {
    r_.edit([&](job& row) {
      row.at = phase::publishing;
      row.progress.failure_reason = failure;
    });
  }

  bool await_ready(http::client& client) {
    const auto guard = r_.steering.on_wake([&] { client.cancel(); });
    const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds{start_limit_ms};
    for (int pause_ms = ping_interval_first_ms;; pause_ms = std::min(2 * pause_ms, ping_interval_ms)) {
      if (r_.steering.wants_attention()) return false;
      auto pong = client.send({"GET", "/ping", {}}, "", ping_timeout_ms);
      if (pong && pong->status == 200) return true;
      auto state = runner::look(r_.folder());
      if (state && state->at != runner::job_state::phase::running) return await_and_fail(), false;
      if (std::chrono::steady_clock::now() > limit) {
        close_with(
            "ClientError: The model server did not pass the ping health check in time. See job logs for more "
            "information");
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{pause_ms});
    }
  }

  json::value ask_parameters(http::client& client) {
    auto answer = client.send({"GET", "/execution-parameters", {}}, "", ping_timeout_ms);
    if (!answer || answer->status != 200) return nullptr;
    return json::parse(answer->body).value_or(nullptr);
  }

  // The model server ended though nobody asked it to.
  void await_and_fail() {
    const auto state = r_.await_end(log_);
    if (!state) return;
    log_.ship(true);
    if (is_asked_to_stop()) return end_rows(), r_.end_stopped();
    std::string how = "died with its supervisor; it is not run a second time";
    if (state->outcome && !state->outcome->error.empty())
      how = fmt::format("did not start: {}", state->outcome->error);
    else if (state->outcome && state->outcome->signal)
      how = fmt::format("was killed by signal {}", *state->outcome->signal);
    else if (state->outcome)
      how = fmt::format("ended with exit code {}", state->outcome->exit_code.value_or(-1));
    end_rows();
    r_.fail(fmt::format("AlgorithmError: The model server {}. See job logs for more information", how));
  }

  void close() {
    if (auto asked = runner::request_stop(r_.folder(), server_stop_grace_ms); !asked)
      throw store::failure(asked.error().message);
    if (!r_.await_end(log_)) return;
    log_.ship(true);
    end_rows();
    if (const auto reason = r_.j.progress.failure_reason; !reason.empty()) return r_.fail(reason);
    if (is_asked_to_stop()) return r_.end_stopped();
    r_.end("Completed", "Completed", "Transform job completed");
  }

  void end_rows() { r_.forget_outputs(); }

  run& r_;
  const json::value request_;
  log_shipper log_;
};

}  // namespace

void run_transform(run& r) { transform{r}.carry(); }

}  // namespace mdlc::services::sagemaker
