#include "services/sagemaker/run.h"

#include <thread>

#include <unistd.h>

#include "base/log.h"
#include "services/sagemaker/describe.h"
#include "services/sagemaker/serving.h"
#include "services/sagemaker/utf8.h"
#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr int begin_tries_max = 20;
constexpr int log_interval_ms = 500;

// A row that every phase relies on.
job need_job(store::reader& r, const job_key& key) {
  auto found = find_job(r, key);
  if (!found) throw store::failure("the job's row is gone");
  return *std::move(found);
}

std::string role_of(const job& j) {
  const json::value request = j.request, container = j.progress.container;
  const auto given = json::text(request, "RoleArn");
  return std::string{given.empty() ? json::text(container, "ExecutionRoleArn") : given};
}

std::string boot_id() { return sys::read_file("/proc/sys/kernel/random/boot_id").value_or(""); }

}  // namespace

void run::edit(const std::function<void(job&)>& change) {
  const auto before = std::pair{j.status, j.secondary()};
  j = s.host.db.write([&](store::transaction& t) {
    auto now = need_job(t, j.key);
    if (outcome_) now.progress.spawned_ns = outcome_->spawned_ns, now.progress.exited_ns = outcome_->exited_ns;
    change(now);
    update(t, now);
    return now;
  });
  if (before != std::pair{j.status, j.secondary()}) s.host.bus.publish(change_of(j));
}

void run::enter(phase next, std::string secondary, std::string message) {
  edit([&](job& row) {
    row.at = next;
    if (next == phase::running) row.progress.boot_id = boot_id();
    // A stop that was asked for stays what the world sees.
    if (row.status != "Stopping") row.enter(secondary, message, now_ms());
  });
}

void run::end(std::string status, std::string secondary, std::string message) {
  edit([&](job& row) { row.end(status, secondary, message, now_ms()); });
}

void run::fail(std::string reason) {
  reason = as_utf8(std::string_view{reason}.substr(0, failure_reason_max));
  edit([&](job& row) {
    row.progress.failure_reason = reason;
    row.end("Failed", "Failed", fmt::format("{} job failed", title_of(j.key.what)), now_ms());
  });
}

void run::end_stopped() {
  if (j.progress.over_runtime)
    end("Stopped", "MaxRuntimeExceeded",
        fmt::format("{} job runtime exceeded MaxRuntimeInSeconds provided", title_of(j.key.what)));
  else
    end("Stopped", "Stopped", fmt::format("{} job stopped", title_of(j.key.what)));
}

run::run(service& s, job row, control& c)
    : s(s), j(std::move(row)), steering(c), role_(role_of(j)), folder_(s.folder_of(j)) {
  const auto name = role_.substr(role_.rfind('/') + 1);
  context_.scope = j.key.scope;
  context_.principal =
      fmt::format("arn:aws:sts::{}:assumed-role/{}/SageMaker", j.key.scope.account, name.empty() ? "SageMaker" : name);
  context_.source = api::source::job;
}

api::context run::context() const {
  auto c = context_;
  c.request_id = s.host.env.uuid();
  return c;
}

api::answer<json::value> run::call(std::string_view service, std::string_view operation, json::object input) {
  std::optional<blob::slice> body;
  return call(service, operation, std::move(input), body);
}

api::answer<json::value> run::call(std::string_view service, std::string_view operation, json::object input,
                                   std::optional<blob::slice>& body) {
  api::call c{s.host.db, context()};
  auto answer = s.host.operations.invoke(service, operation, c, json::value(std::move(input)));
  body = std::move(c.reply.body);
  return answer;
}

api::answer<void> run::publish(const std::string& bucket, const std::string& key, const blob::ref& content,
                               const std::function<void(store::transaction&)>& mark) {
  api::call c{s.host.db, context(), [&](store::transaction& t, const api::answer<json::value>& answer) {
                if (answer) mark(t);
              }};
  c.body = content;
  auto answer = s.host.operations.invoke("s3", "PutObject", c, json::object{{"Bucket", bucket}, {"Key", key}});
  if (!answer) return tl::unexpected(std::move(answer).error());
  return {};
}

std::set<std::string> run::outputs() const {
  return s.host.db.read([&](store::reader& reader) {
    std::set<std::string> keys;
    reader.each("SELECT key FROM sagemaker_output WHERE job_id = ?1", {j.id}, [&](const store::row& row) {
      keys.insert(row.text(0));
      return true;
    });
    return keys;
  });
}

void run::forget_outputs() {
  s.host.db.write([&](store::transaction& t) { t.run("DELETE FROM sagemaker_output WHERE job_id = ?1", {j.id}); });
}

void mark_output(store::transaction& t, const std::string& job_id, const std::string& key) {
  t.run("INSERT INTO sagemaker_output (job_id, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING", {job_id, key});
}

void unmark_output(store::transaction& t, const std::string& job_id, const std::string& key) {
  t.run("DELETE FROM sagemaker_output WHERE job_id = ?1 AND key = ?2", {job_id, key});
}

bool run::begin_program(const sys::path& where) {
  for (int tries = 0; tries < begin_tries_max; ++tries) {
    auto state = runner::look(where);
    if (!state || state->at != runner::job_state::phase::not_begun) return true;
    // A supervisor that ended before its mark began nothing; that it happens again and again has one more reason to
    // wait.
    if (tries > 0) std::this_thread::sleep_for(std::chrono::milliseconds{10 << std::min(tries, 6)});
    if (steering.shutting_down()) return true;
    sys::crash_point("runner.before_start");
    auto begun = runner::begin(where);
    sys::crash_point("runner.after_start");
    if (!begun) base::log::warning("sagemaker: {}: {}", j.key.arn(), begun.error().message);
  }
  base::log::error("sagemaker: {}: its supervisor does not start", j.key.arn());
  fail("InternalServerError: We encountered an internal error. Please try again.");
  return false;
}

void run::begin_turn(std::string message) {
  edit([&](job& row) {
    row.at = phase::staging;
    row.progress.log_stream = fmt::format("{}/algo-1-{}", row.key.name, now_ms() / 1000);
    row.progress.started_ms = now_ms();
    if (row.status != "Stopping") row.enter("Downloading", message, now_ms());
  });
}

bool run::stage_again_after_reboot() {
  const auto state = runner::look(folder());
  if (!state || state->at != runner::job_state::phase::not_begun || !has_rebooted()) return false;
  edit([](job& row) { row.at = phase::staging; });
  return true;
}

bool run::has_rebooted() const { return j.progress.boot_id != boot_id(); }

std::optional<runner::job_state> run::await_end(log_shipper& log, const std::function<void()>& at_times) {
  const auto where = folder();
  auto news = runner::watch::on(where);
  if (!news) throw store::failure(news.error().message);
  const auto guard = steering.on_wake([&] { news->wake(); });
  bool stop_sent = false;
  auto shipped = std::chrono::steady_clock::now();
  while (!steering.shutting_down()) {
    if (!stop_sent && (steering.stop_asked() || j.progress.stop_asked)) {
      if (auto asked = runner::request_stop(where); !asked) base::log::error("sagemaker: {}", asked.error().message);
      stop_sent = true;
    }
    auto state = runner::look(where);
    if (!state) throw store::failure(state.error().message);
    if (state->at == runner::job_state::phase::not_begun && !begin_program()) return std::nullopt;
    if (state->at == runner::job_state::phase::ended || state->at == runner::job_state::phase::died) {
      outcome_ = state->outcome;
      return *state;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - shipped >= std::chrono::milliseconds{log_interval_ms}) {
      log.ship(false);
      shipped = now;
      if (at_times) at_times();
    }
    news->wait(log_interval_ms);
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> environment_of(run& r, const image& i, const json::value* of_request,
                                                                bool with_credentials) {
  return program_environment(r.s, r.j.key.scope, r.role(), i, of_request, with_credentials);
}

base::result<void> make_owned(const sys::path& folder, const runner::identity& who) {
  MDLC_CHECK(sys::make_folder(folder, 0755));
  if (geteuid() == 0 && chown(folder.c_str(), who.uid, who.gid) != 0)
    return base::fail("cannot give a folder to the job's user");
  return {};
}

std::optional<sys::path> real_path(const sys::path& folder, const sys::path& relative) {
  sys::path at = folder;
  for (const auto& part : relative) {
    if (part == "..") return std::nullopt;
    at /= part;
    std::error_code error;
    const auto status = std::filesystem::symlink_status(at, error);
    if (error || std::filesystem::is_symlink(status) || !std::filesystem::exists(status)) return std::nullopt;
  }
  return at;
}

base::result<void> make_job_folder(run& r) {
  std::error_code error;
  std::filesystem::remove_all(r.folder(), error);
  MDLC_CHECK(sys::make_folder(r.folder()));
  return make_owned(r.folder() / "ml", r.owner());
}

void run_job(service& s, const job_key& key, control& steering) {
  auto found = s.host.db.read([&](store::reader& r) { return find_job(r, key); });
  if (!found || found->at == phase::ended) return;
  run r{s, *std::move(found), steering};
  switch (key.what) {
    case kind::training:
      run_training(r);
      break;
    case kind::transform:
      run_transform(r);
      break;
    case kind::processing:
      run_processing(r);
      break;
  }
  if (r.j.at != phase::ended) return;
  std::error_code error;
  std::filesystem::remove_all(r.folder(), error);
  if (error) base::log::warning("sagemaker: {}: its folder stays: {}", key.arn(), error.message());
}

}  // namespace mdlc::services::sagemaker
