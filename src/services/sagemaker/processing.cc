// A processing job from its turn to its end.
#include "services/sagemaker/processing.h"

#include <fcntl.h>
#include <unistd.h>

#include "services/sagemaker/inputs.h"
#include "services/sagemaker/processing_image.h"
#include "services/sagemaker/run.h"
#include "services/sagemaker/scripts.h"
#include "services/sagemaker/uploads.h"
#include "services/sagemaker/utf8.h"
#include "services/sagemaker/writable.h"
#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr int64_t default_max_runtime_s = 86'400;
constexpr size_t exit_message_max = 1024;

const json::value& member(const json::value& o, std::string_view name) {
  static const json::value null;
  const auto* found = json::find(o, name);
  return found ? *found : null;
}

// At most `limit` bytes of a file that a program left, which is no link.
base::result<std::string> read_head(const sys::path& file, size_t limit) {
  const sys::descriptor from{open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!from) return base::fail("cannot be read");
  std::string text(limit, '\0');
  size_t have = 0;
  while (have < limit) {
    const auto got = ::read(from.get(), text.data() + have, limit - have);
    if (got < 0) return base::fail("cannot be read");
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  text.resize(have);
  return text;
}

// A bound may have cut a character in two: what is left of it goes.
void drop_half_character(std::string& text) {
  size_t begin = text.size();
  for (int back = 0; back < 3 && begin > 0; ++back) {
    const auto c = static_cast<unsigned char>(text[--begin]);
    if (c < 0x80) break;
    if (c < 0xC0) continue;
    const size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (begin + length > text.size()) text.resize(begin);
    break;
  }
}

class processing {
 public:
  explicit processing(run& r) : r_(r), request_(r.j.request) {}

  void carry() {
    if (r_.j.at == phase::queued) begin();
    if (r_.j.at == phase::running) r_.stage_again_after_reboot();
    if (r_.j.at == phase::staging) stage();
    if (r_.j.at == phase::running) await();
    if (r_.j.at == phase::publishing) publish();
  }

 private:
  sys::path ml() const { return r_.folder() / "ml"; }

  bool is_stopped() {
    if (!r_.is_asked_to_stop()) return false;
    r_.end_stopped();
    return true;
  }

  void begin() {
    if (!is_stopped()) r_.begin_turn("Downloading input data");
  }

  void stage() {
    if (is_stopped()) return;
    auto found = find_processing_image(r_.s.images, member(request_, "AppSpecification"), r_.s.host.python);
    if (!found) return r_.fail("ClientError: " + found.error().message);
    auto inputs = inputs_of(request_);
    if (!inputs) return r_.fail("ClientError: " + inputs.error().message);
    auto outputs = outputs_of(request_);
    if (!outputs) return r_.fail("ClientError: " + outputs.error().message);
    if (auto made = make_job_folder(r_); !made) throw store::failure(made.error().message);
    if (auto made = make_folders(*inputs, *outputs); !made) throw store::failure(made.error().message);
    for (const auto& i : *inputs)
      if (auto placed = place(i); !placed) return r_.fail("ClientError: " + placed.error().message);
    for (const auto& i : *inputs)
      if (is_code(i) && !r_.steering.wants_attention())
        if (auto owned = own_files(r_, ml() / i.folder); !owned) return r_.fail(owned.error().message);
    if (found->image.scripts && !r_.steering.wants_attention()) {
      if (auto ready = prepare_packages(found->image); !ready) return r_.fail(ready.error().message);
      if (r_.j.at == phase::ended) return;
    }
    if (is_stopped() || r_.steering.shutting_down()) return;
    if (auto written = write_spec(*found, *inputs, *outputs); !written) throw store::failure(written.error().message);
    if (is_stopped() || r_.steering.shutting_down()) return;
    r_.enter(phase::running, "Training", "Processing in progress");
  }

  // A processor of the SDK's has its code unpacked where it lies.
  static bool is_code(const processing_input& i) { return i.name == "code"; }

  base::result<void> prepare_packages(image& i) {
    // A log that begins anew; an earlier try may have shipped some of its own.
    if (r_.j.progress.log_offset > 0) r_.edit([](job& row) { row.progress.log_offset = 0; });
    MDLC_TRY(const bool ready, prepare_environment(r_, i, *i.scripts, {}));
    if (!ready) return {};
    return add_layer(r_, i);
  }

  // All of them before any has content: one may lie inside another.
  base::result<void> make_folders(const std::vector<processing_input>& inputs,
                                  const std::vector<processing_output>& outputs) {
    MDLC_CHECK(make_owned(ml() / "output", r_.owner()));
    const auto make = [&](const sys::path& folder) -> base::result<void> {
      sys::path at = ml();
      for (const auto& part : folder) MDLC_CHECK(make_owned(at /= part, r_.owner()));
      return {};
    };
    MDLC_CHECK(make(sys::path{processing_root}.lexically_relative("/opt/ml")));
    for (const auto& i : inputs) MDLC_CHECK(make(i.folder));
    for (const auto& o : outputs) MDLC_CHECK(make(o.folder));
    return {};
  }

  base::result<void> place(const processing_input& i) {
    MDLC_TRY(auto objects, list_inputs(r_, i.source));
    for (auto& o : objects) {
      if (r_.steering.wants_attention()) return {};
      auto placed = i.is_gzipped ? place_unzipped(r_, o, ml() / i.folder) : place_object(r_, o, ml() / i.folder);
      if (!placed) return placed;
    }
    return {};
  }

  base::result<void> write_configuration() {
    json::object job = request_.as_object();
    job.erase("Tags");
    job["ProcessingJobArn"] = r_.j.key.arn();
    const json::object resources{{"current_host", "algo-1"}, {"hosts", json::array{"algo-1"}}};
    const auto config = ml() / "config";
    MDLC_CHECK(sys::make_folder(config, 0755));
    MDLC_CHECK(sys::write_file_durably(config / "processingjobconfig.json", json::print(job), 0644));
    return sys::write_file_durably(config / "resourceconfig.json", json::print(resources), 0644);
  }

  base::result<void> write_spec(const processing_image& found, const std::vector<processing_input>& inputs,
                                const std::vector<processing_output>& outputs) {
    MDLC_CHECK(write_configuration());
    const auto& isolated = member(member(request_, "NetworkConfig"), "EnableNetworkIsolation");
    const bool is_isolated = isolated.is_bool() && isolated.get_bool();
    runner::job_spec spec;
    auto& p = spec.program;
    p.argv = found.argv;
    p.environment = environment_of(r_, found.image, request_.as_object().if_contains("Environment"), !is_isolated);
    // Inputs are links to S3's own bytes: none may be seen through a mount that can be written. So what lies inside
    // another comes after it.
    std::map<sys::path, bool> places;
    for (const auto& i : inputs) places[i.folder] = is_code(i);
    for (const auto& o : outputs) places[o.folder] = true;
    p.binds = {{ml(), "/opt/ml", true}, {ml() / "config", "/opt/ml/config"}};
    for (const auto& [folder, writable] : places)
      p.binds.push_back({ml() / folder, (sys::path{"/opt/ml"} / folder).string(), writable});
    p.binds.insert(p.binds.end(), found.image.binds.begin(), found.image.binds.end());
    p.working_folder = "/opt/ml";
    p.network = is_isolated ? runner::network::none : runner::network::shared;
    p.identity_key = r_.j.id;
    const auto& bound = member(member(request_, "StoppingCondition"), "MaxRuntimeInSeconds");
    spec.max_runtime_ms = (bound.is_int64() ? bound.get_int64() : default_max_runtime_s) * 1000;
    return runner::write_spec(r_.folder(), spec);
  }

  void await() {
    log_shipper log{r_};
    const auto state = r_.await_end(log);
    if (!state) return;
    log.ship(true);
    auto message = read_message();
    std::string reason;
    if (state->at == runner::job_state::phase::died)
      reason = "AlgorithmError: The program's supervisor died, and the program with it. It is not run a second time.";
    else
      reason = reason_of(*state->outcome, message ? *message : "");
    if (reason.empty() && !message) reason = "AlgorithmError: " + message.error().message;
    r_.edit([&](job& row) {
      row.at = phase::publishing;
      row.progress.exit_message = message ? *message : "";
      row.progress.failure_reason = reason;
      row.progress.over_runtime = state->outcome && state->outcome->cause == runner::cause::max_runtime;
      if (row.status != "Stopping") row.enter("Uploading", "Uploading the outputs", r_.now_ms());
    });
  }

  base::result<std::string> read_message() {
    const auto file = real_path(ml(), "output/message");
    if (!file || !std::filesystem::is_regular_file(*file)) return std::string{};
    auto text = read_head(*file, exit_message_max);
    if (!text) return std::string{};
    if (text->size() == exit_message_max) drop_half_character(*text);
    if (as_utf8(*text) != *text) return base::fail("The exit message in /opt/ml/output/message is not valid UTF-8");
    return text;
  }

  // Empty where the program ended well, or because it was told to.
  static std::string reason_of(const runner::outcome& o, const std::string& message) {
    if (!o.error.empty()) return "AlgorithmError: " + o.error;
    switch (o.cause) {
      case runner::cause::stopped:
      case runner::cause::max_runtime:
        return "";
      case runner::cause::disk_full:
        return "ClientError: Please use an instance type with more disk: the job filled its volume";
      case runner::cause::bad_input:  // its error is told above
      case runner::cause::none:
        break;
    }
    if (o.exit_code == 0) return "";
    if (o.signal)
      return fmt::format("AlgorithmError: {}{}killed by signal {}", message, message.empty() ? "" : ", ", *o.signal);
    return fmt::format("AlgorithmError: {}, exit code: {}", message, o.exit_code.value_or(-1));
  }

  // Of a job that failed or was stopped, only what was to be uploaded while it ran.
  void publish() {
    const bool is_cut_short =
        !r_.j.progress.failure_reason.empty() || r_.j.progress.over_runtime || r_.j.status == "Stopping";
    auto outputs = outputs_of(request_);
    if (!outputs) return r_.fail("ClientError: " + outputs.error().message);
    const auto published = r_.outputs();
    std::string failure = r_.j.progress.failure_reason;
    for (const auto& o : *outputs)
      if (!is_cut_short || o.is_continuous)
        if (auto done = publish(o, published); !done && failure.empty())
          failure = "ClientError: " + done.error().message;
    r_.forget_outputs();
    if (!failure.empty()) return r_.fail(failure);
    if (is_cut_short) return r_.end_stopped();
    r_.end("Completed", "Completed", "Processing job completed");
  }

  base::result<void> publish(const processing_output& o, const std::set<std::string>& published) {
    MDLC_TRY(auto place, parse_s3_uri(o.uri));
    return upload_folder(r_, ml(), o.folder, place, o.name, published);
  }

  run& r_;
  const json::value request_;
};

}  // namespace

void run_processing(run& r) { processing{r}.carry(); }

}  // namespace mdlc::services::sagemaker
