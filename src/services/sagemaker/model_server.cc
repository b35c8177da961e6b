#include "services/sagemaker/model_server.h"

#include <charconv>

#include "base/log.h"
#include "http/unix_exchange.h"
#include "services/sagemaker/log_shipper.h"
#include "services/sagemaker/run.h"
#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr int64_t ping_timeout_ms = 2'000, ping_interval_ms = 5'000;
constexpr int ping_first_ms = 2, ping_start_max_ms = 50;
// Silent for longer than any request may take: stuck.
constexpr int64_t silence_max_ms = invocation_timeout_ms + 15'000;
constexpr int starts_max = 3;  // of a server that never was ready
constexpr int64_t backoff_first_ms = 100, backoff_max_ms = 30'000, backoff_forget_ms = 60'000;
constexpr int64_t stop_grace_ms = 5'000, sweep_limit_ms = 10'000;
constexpr int log_interval_ms = 500;
constexpr const char* laid_out_file = "laid_out";

int64_t monotonic_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string boot_id() { return sys::read_file("/proc/sys/kernel/random/boot_id").value_or(""); }

// AWS's bound, or less where the container's own server has less.
int64_t timeout_of(const json::object& definition) {
  const auto* environment = definition.if_contains("Environment");
  const auto text = environment ? json::text(*environment, "SAGEMAKER_MODEL_SERVER_TIMEOUT") : std::string_view{};
  int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds > 0 ? std::min(seconds * 1000, invocation_timeout_ms) : invocation_timeout_ms;
}

// Until no program of the folder runs. False if it does not end.
bool stop_run(const sys::path& run, int64_t grace_ms) {
  auto state = runner::look(run);
  if (!state || state->at != runner::job_state::phase::running) return true;
  auto news = runner::watch::on(run);
  if (!runner::request_stop(run, grace_ms) || !news) return false;
  const auto limit = monotonic_ms() + grace_ms + sweep_limit_ms;
  while (monotonic_ms() < limit) {
    state = runner::look(run);
    if (!state || state->at != runner::job_state::phase::running) return true;
    news->wait(100);
  }
  return false;
}

void remove_folder(const sys::path& folder) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) base::log::warning("sagemaker: {} stays: {}", folder.string(), error.message());
}

}  // namespace

void sweep_model_server(const sys::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    if (at->path().filename().string().starts_with("run-")) stop_run(at->path(), 0);
  remove_folder(folder);
}

model_server::model_server(service& s, plan p, std::function<void()> changed)
    : s_(s),
      plan_(std::move(p)),
      changed_(std::move(changed)),
      folder_(s.host.data_folder / "endpoints" / plan_.id),
      timeout_ms_(timeout_of(plan_.definition)) {}

model_server::~model_server() { end(false); }

void model_server::start() {
  thread_ = std::thread{[this] {
    try {
      carry();
    } catch (const std::exception& e) {
      base::log::error("sagemaker: a model server of {}: {}", plan_.endpoint.arn(), e.what());
      give_up("InternalServerError: We encountered an internal error. Please try again.");
      refuse_waiting(model_failure::cause::unavailable);
    }
  }};
}

std::string model_server::failure() const {
  std::lock_guard lock{mutex_};
  return failure_;
}

void model_server::end(bool for_good, int64_t grace_ms) {
  if (!thread_.joinable()) return;
  const auto limit = monotonic_ms() + grace_ms;
  while (in_flight_ > 0 && monotonic_ms() < limit) std::this_thread::sleep_for(std::chrono::milliseconds{20});
  for_good_ = for_good;
  ending_ = true;
  {
    std::lock_guard lock{mutex_};
    if (watch_) watch_->wake();
    if (pinging_) pinging_->cancel();
    wake_.notify_all();
  }
  thread_.join();
}

bool model_server::pause(int64_t ms) {
  std::unique_lock lock{mutex_};
  wake_.wait_for(lock, std::chrono::milliseconds{ms}, [&] { return ending_.load(); });
  return !ending_;
}

void model_server::turn(state next) {
  if (state_.exchange(next) != next) changed_();
}

void model_server::give_up(std::string why) {
  {
    std::lock_guard lock{mutex_};
    failure_ = std::move(why);
  }
  turn(state::failed);
}

void model_server::carry() {
  int64_t backoff_ms = backoff_first_ms;
  bool was_ready = plan_.was_ready;
  while (!ending_) {
    const auto began_ms = monotonic_ms();
    if (lay_out_once() && begin_run()) keep_run();
    was_ready = was_ready || state_ == state::ready;
    {
      std::lock_guard lock{mutex_};
      socket_.clear();
    }
    if (ending_) break;
    if (!was_ready && (state_ == state::failed || ++starts_ >= starts_max)) {
      if (state_ != state::failed)
        give_up(
            fmt::format("The {} container for production variant {} did not pass the ping health check. Please "
                        "check CloudWatch logs for this endpoint.",
                        plan_.container, plan_.variant));
      refuse_waiting(model_failure::cause::unavailable);
      pause(std::numeric_limits<int32_t>::max());
      break;
    }
    turn(state::starting);
    if (monotonic_ms() - began_ms > backoff_forget_ms) backoff_ms = backoff_first_ms;
    base::log::warning("sagemaker: a model server of {} is started again", plan_.endpoint.arn());
    if (!pause(backoff_ms)) break;
    backoff_ms = std::min(2 * backoff_ms, backoff_max_ms);
  }
  turn(state::starting);
  end_program();
  refuse_waiting(model_failure::cause::unavailable);
  if (!for_good_) return;
  remove_folder(folder_);
  s_.host.db.write(
      [&](store::transaction& t) { t.run("DELETE FROM sagemaker_server_log WHERE server_id = ?1", {plan_.id}); });
}

api::context model_server::context() const {
  const auto name = plan_.role.substr(plan_.role.rfind('/') + 1);
  api::context c;
  c.scope = plan_.endpoint.scope;
  c.principal =
      fmt::format("arn:aws:sts::{}:assumed-role/{}/SageMaker", c.scope.account, name.empty() ? "SageMaker" : name);
  c.source = api::source::job;
  c.request_id = s_.host.env.uuid();
  return c;
}

serving model_server::place() const {
  return {.s = s_,
          .context = context(),
          .role = plan_.role,
          .folder = folder_,
          .identity_key = plan_.id,
          .container = plan_.definition,
          .is_isolated = plan_.is_isolated,
          .say = [](std::string_view text) { base::log::info("sagemaker: {}", text); },
          .cancelled = [this] { return ending_.load(); }};
}

std::optional<laid_out> model_server::read_laid_out() const {
  const auto text = sys::read_file(folder_ / laid_out_file);
  const auto told = text ? json::parse(*text) : base::fail("");
  // After the machine's own restart files may be missing that were not synced.
  if (!told || json::text(*told, "boot_id") != boot_id()) return std::nullopt;
  return laid_out{std::string{json::text(*told, "script")}, std::string{json::text(*told, "code")},
                  std::string{json::text(*told, "environment")}, std::string{json::text(*told, "own")}};
}

// False with the reason where it cannot be.
bool model_server::lay_out_once() {
  if (laid_out_ || (laid_out_ = read_laid_out())) return true;
  if (auto made = sys::make_folder(folder_); !made) throw store::failure(made.error().message);
  auto done = lay_out(place());
  if (ending_) return false;
  if (!done) {
    if (plan_.was_ready) {
      base::log::error("sagemaker: {}: {}", plan_.endpoint.arn(), done.error().message);
    } else {
      give_up(fmt::format("Failed to start the {} container for production variant {}: {}", plan_.container,
                          plan_.variant, done.error().message));
    }
    return false;
  }
  auto kept =
      sys::write_file_durably(folder_ / laid_out_file, json::print(json::object{{"boot_id", boot_id()},
                                                                                {"script", done->script},
                                                                                {"code", done->code},
                                                                                {"environment", done->environment},
                                                                                {"own", done->own}}));
  if (!kept) throw store::failure(kept.error().message);
  laid_out_ = *std::move(done);
  return true;
}

std::vector<int64_t> model_server::runs() const {
  std::vector<int64_t> found;
  std::error_code error;
  for (std::filesystem::directory_iterator at{folder_, error}, end; !error && at != end; at.increment(error)) {
    int64_t n = 0;
    if (std::sscanf(at->path().filename().c_str(), "run-%ld", &n) == 1) found.push_back(n);
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The program of the last run where it lives; a new one otherwise.
bool model_server::begin_run() {
  const auto before = runs();
  if (!before.empty()) {
    run_ = before.back();
    const auto state = runner::look(run_folder());
    if (state && state->at == runner::job_state::phase::running) return true;
    ship_log(true);
  }
  for (const auto n : before) remove_folder(folder_ / fmt::format("run-{}", n));
  run_ = before.empty() ? 1 : before.back() + 1;
  const auto meeting = run_folder() / "run";
  const auto prepared = [&]() -> base::result<void> {
    MDLC_CHECK(sys::make_folder(run_folder()));
    MDLC_CHECK(make_owned(meeting, runner::identity_for(plan_.id)));
    runner::job_spec spec;
    spec.stop_grace_ms = stop_grace_ms;
    MDLC_TRY(spec.program, serving_program(place(), *laid_out_, meeting, {}));
    MDLC_CHECK(runner::write_spec(run_folder(), spec));
    sys::crash_point("endpoint.before_start");
    MDLC_CHECK(runner::begin(run_folder()));
    sys::crash_point("endpoint.after_start");
    return {};
  }();
  if (!prepared) base::log::error("sagemaker: {}: {}", plan_.endpoint.arn(), prepared.error().message);
  return prepared.has_value();
}

bool model_server::is_healthy(http::client& client) {
  auto pong = client.send({"GET", "/ping", {}}, "", ping_timeout_ms);
  return pong && pong->status == 200;
}

// Until the program has ended, or is to end.
void model_server::keep_run() {
  const auto folder = run_folder(), socket = folder / "run" / serving_socket;
  auto news = runner::watch::on(folder);
  if (!news) throw store::failure(news.error().message);
  auto client = http::client::to_unix(socket);
  {
    std::lock_guard lock{mutex_};
    watch_ = &*news;
    pinging_ = &client;
    if (ending_) client.cancel();
  }
  const auto began_ms = monotonic_ms();
  int64_t heard_ms = began_ms, pinged_ms = 0, shipped_ms = 0;
  int wait_ms = ping_first_ms;
  bool is_ready = false;
  while (!ending_) {
    const auto state = runner::look(folder);
    if (!state || state->at != runner::job_state::phase::running) break;
    const auto now_ms = monotonic_ms();
    if (!is_ready || now_ms - pinged_ms >= ping_interval_ms) {
      pinged_ms = now_ms;
      const bool is_well = is_healthy(client);
      if (is_well || answered_ms_ > heard_ms) heard_ms = monotonic_ms();
      if (is_well && !is_ready) {
        is_ready = true;
        {
          std::lock_guard lock{mutex_};
          socket_ = socket;
        }
        turn(state::ready);
      }
    }
    const bool is_late = !is_ready && now_ms - began_ms > plan_.start_limit_ms;
    if (is_late) starts_ = starts_max;
    if (is_late || (is_ready && monotonic_ms() - heard_ms > silence_max_ms)) {
      stop_run(folder, stop_grace_ms);
      continue;
    }
    if (is_ready) drain();
    if (now_ms - shipped_ms >= log_interval_ms) {
      ship_log(false);
      shipped_ms = now_ms;
    }
    wait_ms = is_ready ? log_interval_ms : std::min(2 * wait_ms, ping_start_max_ms);
    news->wait(wait_ms);
  }
  {
    std::lock_guard lock{mutex_};
    watch_ = nullptr;
    pinging_ = nullptr;
  }
  ship_log(!ending_);
}

void model_server::end_program() {
  for (const auto n : runs()) {
    run_ = n;
    if (!stop_run(run_folder(), stop_grace_ms))
      base::log::error("sagemaker: a model server of {} does not end", plan_.endpoint.arn());
    ship_log(true);
  }
}

void model_server::invoke(model_request request, std::function<void(model_answer)> done) {
  waiting w{0, std::move(request), std::move(done), clock::now() + std::chrono::milliseconds{timeout_ms_}};
  bool is_ready;
  {
    std::lock_guard lock{mutex_};
    is_ready = !socket_.empty();
  }
  if (is_ready)
    send(std::move(w));
  else
    queue(std::move(w));
}

// Until the server is ready (again), or it is too late.
void model_server::queue(waiting w) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(w.deadline - clock::now());
  std::unique_lock lock{mutex_};
  if (ending_ || state_ == state::failed || waiting_.size() >= waiting_invocations_max) {
    lock.unlock();
    return s_.host.pool.post(
        [done = std::move(w.done)] { done(tl::unexpected(model_failure{model_failure::cause::unavailable})); });
  }
  const auto number = w.number = ++next_;
  waiting_.push_back(std::move(w));
  if (watch_) watch_->wake();
  lock.unlock();
  s_.host.timers.at(s_.host.env.now() + left, [weak = weak_from_this(), number] {
    auto self = weak.lock();
    if (!self) return;
    std::function<void(model_answer)> late;
    {
      std::lock_guard lock{self->mutex_};
      auto found = std::find_if(self->waiting_.begin(), self->waiting_.end(),
                                [&](const waiting& one) { return one.number == number; });
      if (found == self->waiting_.end()) return;
      late = std::move(found->done);
      self->waiting_.erase(found);
    }
    self->s_.host.pool.post(
        [late = std::move(late)] { late(tl::unexpected(model_failure{model_failure::cause::unavailable})); });
  });
}

void model_server::drain() {
  std::list<waiting> all;
  {
    std::lock_guard lock{mutex_};
    all.swap(waiting_);
  }
  for (auto& w : all) send(std::move(w));
}

void model_server::refuse_waiting(model_failure::cause why) {
  std::list<waiting> all;
  {
    std::lock_guard lock{mutex_};
    all.swap(waiting_);
  }
  for (auto& w : all) s_.host.pool.post([done = std::move(w.done), why] { done(tl::unexpected(model_failure{why})); });
}

void model_server::send(waiting w) {
  http::unix_request r;
  {
    std::lock_guard lock{mutex_};
    r.socket = socket_;
  }
  if (r.socket.empty()) return queue(std::move(w));
  r.head = {"POST", "/invocations", w.request.headers};
  r.body = w.request.body;
  r.timeout_ms =
      std::max<int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(w.deadline - clock::now()).count());
  r.response_bytes = answer_bytes_max;
  ++in_flight_;
  auto shared = std::make_shared<waiting>(std::move(w));
  http::exchange_over_unix(
      *s_.host.sockets, std::move(r),
      [self = shared_from_this(), shared](base::result<http::response, http::exchange_failure> answer) {
        using cause = http::exchange_failure::cause;
        --self->in_flight_;
        if (answer) self->answered_ms_ = monotonic_ms();
        // It died a moment ago, and got nothing: another one is on its way.
        if (!answer && answer.error().why == cause::unreachable && clock::now() < shared->deadline && !self->ending_)
          return self->queue(std::move(*shared));
        self->s_.host.pool.post([shared, answer = std::move(answer)]() mutable {
          if (answer) return shared->done(*std::move(answer));
          auto why = model_failure::cause::died;
          if (answer.error().why == cause::timeout) why = model_failure::cause::timeout;
          if (answer.error().why == cause::too_large) why = model_failure::cause::too_large;
          if (answer.error().why == cause::unreachable) why = model_failure::cause::unavailable;
          shared->done(tl::unexpected(model_failure{why}));
        });
      });
}

// How far it got stands in a row that is written in the commit of the lines themselves: each line once.
void model_server::ship_log(bool all) {
  auto& host = s_.host;
  const auto group = "/aws/sagemaker/Endpoints/" + plan_.endpoint.name;
  auto offset = host.db.read([&](store::reader& r) -> int64_t {
    auto row =
        r.first("SELECT log_offset FROM sagemaker_server_log WHERE server_id = ?1 AND run = ?2", {plan_.id, run_});
    return row ? row->integer(0) : 0;
  });
  while (true) {
    auto text = runner::read_log(run_folder(), offset, log_batch_bytes);
    if (!text || text->empty()) return;
    auto batch = next_log_batch(*text, all && text->size() < log_batch_bytes, base::to_ms(host.env.now()));
    if (batch.taken == 0) return;
    offset += static_cast<int64_t>(batch.taken);
    const auto mark = [&](store::transaction& t) {
      t.run(
          "INSERT INTO sagemaker_server_log (server_id, run, log_offset) VALUES (?1, ?2, ?3) ON CONFLICT (server_id) "
          "DO UPDATE SET run = excluded.run, log_offset = excluded.log_offset",
          {plan_.id, run_, offset});
    };
    if (batch.events.empty() || !host.operations.find("logs", "PutLogEvents")) {
      host.db.write(mark);
      continue;
    }
    const auto tell = [&](std::string_view operation, json::object input, api::call::recorder record = {}) {
      api::call c{host.db, context(), std::move(record)};
      return host.operations.invoke("logs", operation, c, std::move(input)).has_value();
    };
    if (!has_stream_) {
      tell("CreateLogGroup", {{"logGroupName", group}});
      tell("CreateLogStream", {{"logGroupName", group}, {"logStreamName", plan_.log_stream}});
      has_stream_ = true;
    }
    const bool put =
        tell("PutLogEvents",
             {{"logGroupName", group}, {"logStreamName", plan_.log_stream}, {"logEvents", std::move(batch.events)}},
             [&](store::transaction& t, const api::answer<json::value>& answer) {
               if (answer) mark(t);
             });
    if (!put) return;
  }
}

}  // namespace mdlc::services::sagemaker
