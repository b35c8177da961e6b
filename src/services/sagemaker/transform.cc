// A batch transform job from its turn to its end.
#include "services/sagemaker/transform_pump.h"
#include "services/sagemaker/transform_servers.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t concurrency_max = 100;
constexpr int64_t default_payload_mb = 6;

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
  explicit transform(run& r) : r_(r), request_(r.j.request), servers_(r) {}

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
    const auto done = servers_.lay_out();
    if (r_.steering.shutting_down()) return;
    if (is_asked_to_stop()) return r_.end_stopped();
    if (!done) return r_.fail("ClientError: " + done.error().message);
    r_.enter(phase::running, "Training", "The model server is being started");
  }

  // What would otherwise show only when the model server runs.
  base::result<void> check_settings() {
    MDLC_TRY([[maybe_unused]] auto inputs, list_inputs(r_, source()));
    MDLC_TRY([[maybe_unused]] auto settings, read_settings({}));
    return {};
  }

  const json::value& source() const {
    return member(member(member(request_, "TransformInput"), "DataSource"), "S3DataSource");
  }

  // `told`: what the model server answered to /execution-parameters; the request's own values win.
  base::result<transform_settings> read_settings(const json::value& told) const {
    const auto& input = member(request_, "TransformInput");
    const auto& output = member(request_, "TransformOutput");
    const auto& client = member(request_, "ModelClientConfig");
    const auto& processing = member(request_, "DataProcessing");
    transform_settings t;
    t.request.content_type = json::text(input, "ContentType");
    t.request.accept = json::text(output, "Accept");
    t.assemble_lines = json::text(output, "AssembleWith") == "Line";
    t.split.format = format_of(json::text(input, "SplitType", "None"));
    t.split.is_gzipped = json::text(input, "CompressionType") == "Gzip";
    const auto strategy = json::text(request_, "BatchStrategy", json::text(told, "BatchStrategy"));
    t.split.one_at_a_time = strategy == "SingleRecord" || strategy == "SINGLE_RECORD";
    const auto payload =
        number(request_, "MaxPayloadInMB").value_or(number(told, "MaxPayloadInMB").value_or(default_payload_mb));
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
    const bool is_split = t.split.format != record_format::whole && t.split.one_at_a_time;
    t.is_streamed = payload == 0 && !is_split && t.processing.is_nothing() && servers_.count() == 1;
    return t;
  }

  void serve() {
    if (is_asked_to_stop() || !servers_.begin()) return leave();
    switch (servers_.await_ready()) {
      case transform_servers::readiness::interrupted:
        return leave();
      case transform_servers::readiness::ended:
        return fail_without_server();
      case transform_servers::readiness::late:
        return close_with(
            "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented "
            "and responds with an HTTP 200 status code");
      case transform_servers::readiness::ready:
        break;
    }
    const auto told = servers_.execution_parameters();
    auto inputs = list_inputs(r_, source());
    auto settings = read_settings(told);
    if (!inputs || !settings)
      return close_with("ClientError: " + (inputs ? settings.error().message : inputs.error().message));
    const auto payload_mb = settings->split.max_payload_bytes / mebibyte;
    servers_.say(fmt::format("MaxConcurrentTransforms={}, MaxPayloadInMB={}, BatchStrategy={}", settings->concurrency,
                             settings->is_streamed ? 0 : payload_mb,
                             settings->split.one_at_a_time ? "SINGLE_RECORD" : "MULTI_RECORD"));
    const auto published = r_.outputs();
    std::erase_if(*inputs, [&](const input_object& o) { return published.contains(o.key); });
    transform_pump pump{r_, *settings, servers_};
    const auto end = pump.pump(*inputs);
    if (end == transform_pump::end::server_gone) return fail_without_server();
    if (end == transform_pump::end::interrupted) return leave();
    close_with(pump.failure());
  }

  // The job is to stop, or the server shuts down, or the job has ended already.
  void leave() {
    if (r_.j.at == phase::ended || r_.steering.shutting_down() || !is_asked_to_stop()) return;
    r_.edit([](job& row) { row.at = phase::publishing; });
  }

  // All output is there; what is left is to end the model servers. The reason of a failure is kept with that.
  void close_with(std::string failure) {
    r_.edit([&](job& row) {
      row.at = phase::publishing;
      row.progress.failure_reason = failure;
    });
  }

  // A model server ended though nobody asked it to.
  void fail_without_server() {
    if (is_asked_to_stop()) return leave();
    close_with(
        fmt::format("AlgorithmError: The model server {}. See job logs for more information", servers_.how_ended()));
  }

  // What is published stays, whatever the end.
  void close() {
    if (!servers_.end()) return;
    r_.forget_outputs();
    if (const auto reason = r_.j.progress.failure_reason; !reason.empty()) return r_.fail(reason);
    if (is_asked_to_stop()) return r_.end_stopped();
    r_.end("Completed", "Completed", "Transform job completed");
  }

  run& r_;
  const json::value request_;
  transform_servers servers_;
};

}  // namespace

void run_transform(run& r) { transform{r}.carry(); }

}  // namespace mdlc::services::sagemaker
