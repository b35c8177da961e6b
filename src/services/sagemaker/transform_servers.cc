#include "services/sagemaker/transform_servers.h"

#include <thread>

#include "services/sagemaker/endpoint.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr int64_t start_limit_ms = 8 * 60'000;  // until the model servers answer their first pings
constexpr int64_t ping_timeout_ms = 2'000;
constexpr int ping_interval_first_ms = 2, ping_interval_ms = 50;
constexpr int64_t stop_grace_ms = 5'000;
constexpr int end_interval_ms = 100;

bool runs(const sys::path& folder) {
  const auto state = runner::look(folder);
  return state && state->at == runner::job_state::phase::running;
}

// As CloudWatch's streams of a pipeline are called.
std::string name_of_container(const json::object& container, size_t at) {
  const json::value c = container;
  const auto given = json::text(c, "ContainerHostname");
  return given.empty() ? fmt::format("container-{}", at + 1) : std::string{given};
}

}  // namespace

transform_servers::transform_servers(run& r) : r_(r) {
  const auto containers = containers_of(r.j.progress.container);
  for (size_t at = 0; at < containers.size(); ++at) {
    const auto folder = at == 0 ? r.folder() : r.folder() / fmt::format("container-{}", at + 1);
    const auto stream = containers.size() == 1 ? std::string{} : name_of_container(containers[at], at);
    servers_.push_back({containers[at], folder, log_shipper{r, {.folder = folder, .number = at, .stream = stream}}});
  }
}

serving transform_servers::place(const server& one) const {
  const auto* isolated = r_.j.progress.container.if_contains("EnableNetworkIsolation");
  return {.s = r_.s,
          .context = r_.context(),
          .role = r_.role(),
          .folder = one.folder,
          .identity_key = r_.j.id,
          .container = one.container,
          .is_isolated = isolated && isolated->is_bool() && isolated->get_bool(),
          .say = [folder = one.folder](std::string_view text) { runner::append_log(folder, text); },
          .cancelled = [this] { return r_.steering.wants_attention(); }};
}

base::result<void> transform_servers::lay_out() {
  if (auto made = make_job_folder(r_); !made) throw store::failure(made.error().message);
  for (const auto& one : servers_) {
    if (auto made = sys::make_folder(one.folder); !made) throw store::failure(made.error().message);
    const auto where = place(one);
    MDLC_TRY(const auto found, sagemaker::lay_out(where));
    if (auto written = write_spec(one, found); !written) throw store::failure(written.error().message);
  }
  return {};
}

base::result<void> transform_servers::write_spec(const server& one, const laid_out& found) const {
  const auto meeting = one.folder / "run";
  MDLC_CHECK(make_owned(meeting, r_.owner()));
  std::vector<std::pair<std::string, std::string>> more{{"SAGEMAKER_BATCH", "true"}};
  if (const auto* own = r_.j.request.if_contains("Environment"); own && own->is_object())
    for (const auto& [name, value] : own->get_object())
      if (value.is_string()) more.emplace_back(name, json::view(value.get_string()));
  runner::job_spec spec;
  spec.stop_grace_ms = stop_grace_ms;
  MDLC_TRY(spec.program, serving_program(place(one), found, meeting, more));
  return runner::write_spec(one.folder, spec);
}

// The first one last: what the job's row says of the machine's restarts is asked of its folder.
bool transform_servers::begin() {
  for (size_t at = servers_.size(); at-- > 0;)
    if (!r_.begin_program(servers_[at].folder)) return false;
  return true;
}

http::client transform_servers::connect(size_t at) const {
  return http::client::to_unix(servers_[at].folder / "run" / serving_socket);
}

transform_servers::readiness transform_servers::await_ready() {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds{start_limit_ms};
  for (const auto& one : servers_)
    if (const auto found = await_ready(one, limit); found != readiness::ready) return found;
  return readiness::ready;
}

transform_servers::readiness transform_servers::await_ready(const server& one,
                                                            std::chrono::steady_clock::time_point limit) {
  auto client = http::client::to_unix(one.folder / "run" / serving_socket);
  const auto guard = r_.steering.on_wake([&] { client.cancel(); });
  for (int pause_ms = ping_interval_first_ms;; pause_ms = std::min(2 * pause_ms, ping_interval_ms)) {
    if (r_.steering.wants_attention()) return readiness::interrupted;
    auto pong = client.send({"GET", "/ping", {}}, "", ping_timeout_ms);
    if (pong && pong->status == 200) return readiness::ready;
    if (!all_run()) return readiness::ended;
    if (std::chrono::steady_clock::now() > limit) return readiness::late;
    std::this_thread::sleep_for(std::chrono::milliseconds{pause_ms});
  }
}

json::value transform_servers::execution_parameters() {
  auto client = connect(0);
  const auto guard = r_.steering.on_wake([&] { client.cancel(); });
  auto answer = client.send({"GET", "/execution-parameters", {}}, "", ping_timeout_ms);
  if (!answer || answer->status != 200) return nullptr;
  return json::parse(answer->body).value_or(nullptr);
}

bool transform_servers::all_run() const {
  return std::all_of(servers_.begin(), servers_.end(), [](const server& one) { return runs(one.folder); });
}

std::string transform_servers::how_ended() const {
  for (const auto& one : servers_) {
    const auto state = runner::look(one.folder);
    if (!state || state->at == runner::job_state::phase::running) continue;
    if (!state->outcome) break;
    const auto& o = *state->outcome;
    if (!o.error.empty()) return fmt::format("did not start: {}", o.error);
    if (o.signal) return fmt::format("was killed by signal {}", *o.signal);
    return fmt::format("ended with exit code {}", o.exit_code.value_or(-1));
  }
  return "died with its supervisor; it is not run a second time";
}

bool transform_servers::end() {
  for (const auto& one : servers_)
    if (auto asked = runner::request_stop(one.folder, stop_grace_ms); !asked)
      throw store::failure(asked.error().message);
  for (size_t at = 1; at < servers_.size(); ++at)
    if (!await_end(servers_[at])) return false;
  if (!r_.await_end(servers_[0].log)) return false;
  ship_logs(true);
  return true;
}

bool transform_servers::await_end(const server& one) {
  auto news = runner::watch::on(one.folder);
  if (!news) throw store::failure(news.error().message);
  while (runs(one.folder)) {
    if (r_.steering.shutting_down()) return false;
    news->wait(end_interval_ms);
  }
  return true;
}

void transform_servers::ship_logs(bool all) {
  for (auto& one : servers_) one.log.ship(all);
}

void transform_servers::say(std::string_view line) {
  const auto time = base::to_iso8601(r_.s.host.env.now());
  servers_[0].log.say("data-log", fmt::format("{}:[sagemaker logs]: {}", time.substr(0, time.size() - 1), line));
}

}  // namespace mdlc::services::sagemaker
