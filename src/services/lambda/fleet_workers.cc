// How workers come and go.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstring>

#include "base/log.h"
#include "runner/runtimes.h"
#include "services/lambda/fleet.h"

namespace mdlc::services::lambda {
namespace {

constexpr int64_t sweep_every_ms = 10'000;
constexpr size_t listener_connections_max = 16;

struct channel {
  sys::descriptor read, write;
};

base::result<channel> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail(fmt::format("pipe: {}", std::strerror(errno)));
  channel c{sys::descriptor{ends[0]}, sys::descriptor{ends[1]}};
  ::fcntl(c.read.get(), F_SETFL, O_NONBLOCK);
  return c;
}

// 2013/07/01/[$LATEST]0123456789abcdef0123456789abcdef
log_stream stream_of(const version& v, base::time_point now, std::string_view worker_id) {
  auto day = base::to_iso8601(now).substr(0, 10);
  std::replace(day.begin(), day.end(), '-', '/');
  return {v.scope, log_group_of(v), fmt::format("{}/[{}]{}", day, v.label(), worker_id)};
}

api::error not_started() {
  return {"ServiceException", "The function's process could not be started. The server's log says why.", 500};
}

std::string describe(const runner::process::end& end) {
  if (end.exit_code == 0) return "Runtime exited without providing a reason";
  if (end.exit_code) return fmt::format("Runtime exited with error: exit status {}", *end.exit_code);
  std::string name = strsignal(end.signal.value_or(0));
  for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return fmt::format("Runtime exited with error: signal: {}", name);
}

}  // namespace

// As many as there are calls that wait and that no worker is about to ask for, within the bounds.
void fleet::start_more(group& g, afterwards& then) {
  size_t ending = 0, between = 0;
  for (const auto& [id, w] : workers_) {
    ending += w->at == worker::phase::ending;
    between += w->at == worker::phase::between && w->what == g.what;
  }
  size_t evicted = 0;
  while (!stopping_ && g.starting + between < g.queue.size() && g.workers < limits_.workers_a_function &&
         starting_ < limits_.starting) {
    if (workers_.size() < limits_.workers) {
      make_worker(g, then);
    } else {
      // Each that ends makes room; its end brings us here again.
      if (ending + evicted >= g.queue.size() - g.starting - between || !evict()) return;
      ++evicted;
    }
  }
}

void fleet::start_more(afterwards& then) {
  for (auto& [key, g] : groups_)
    if (!g.queue.empty()) start_more(g, then);
}

void fleet::make_worker(group& g, afterwards& then) {
  const auto now = host_.env.now();
  auto id = host_.env.uuid();
  std::erase(id, '-');
  auto w = std::make_shared<worker>(g.what, id, logs_, stream_of(*g.what, now, id));
  w->made_at = now;
  const auto limit_ms = limits_.start_ms + g.what->about.Timeout.value_or(0) * 1000;
  w->deadline = host_.timers.at(now + std::chrono::milliseconds{limit_ms}, [this, w] { deadline(w, {}); });
  workers_[id] = w;
  ++g.workers;
  ++g.starting;
  ++starting_;
  then.push_back([this, w] { host_.pool.post([this, w] { start(w); }); });
}

// The one that was not used for the longest time, of whatever function.
bool fleet::evict() {
  group* of = nullptr;
  for (auto& [key, g] : groups_)
    if (!g.idle.empty() && (!of || g.idle.front()->idle_since < of->idle.front()->idle_since)) of = &g;
  if (!of) return false;
  end_worker(of->idle.front(), worker::cause::retired);
  of->idle.erase(of->idle.begin());
  return true;
}

void fleet::end_worker(const worker_ptr& w, worker::cause why) {
  if (w->at == worker::phase::starting) started(w);
  w->at = worker::phase::ending;
  w->kill(why);
}

void fleet::started(const worker_ptr& w) {
  --starting_;
  --groups_.at(key_of(*w->what)).starting;
  end_deadline(w);
}

void fleet::end_deadline(const worker_ptr& w) {
  if (w->deadline != 0) host_.timers.cancel(std::exchange(w->deadline, 0));
}

void fleet::forget(const worker_ptr& w) {
  workers_.erase(w->id);
  const auto at = groups_.find(key_of(*w->what));
  --at->second.workers;
  if (at->second.workers == 0 && at->second.queue.empty()) groups_.erase(at);
}

void fleet::start(const worker_ptr& w) {
  auto made = launch(w);
  if (!made) return failed_to_start(w, std::move(made).error());
  std::lock_guard lock{mutex_};
  if (stopping_) return;  // both end with `made`
  w->listener = std::move(made->listener);
  w->process.emplace(std::move(made->process));
  // Its end was wanted meanwhile.
  if (w->ended_by != worker::cause::none) w->process->kill();
  watch(w);
}

api::answer<fleet::launched> fleet::launch(const worker_ptr& w) {
  const auto& v = *w->what;
  const auto failed = [&](const base::error& why) {
    base::log::error("lambda: {} cannot be started: {}", function_name{v.scope, v.name, {}}.arn(), why.message);
    return tl::unexpected(not_started());
  };
  const auto runtime = runner::find_runtime(host_.python);
  if (!runtime) {
    base::log::error("lambda: {}", runtime.error().message);
    return api::refuse("InvalidRuntimeException",
                       "The environment for functions is not installed on this server. Run there: mdlc setup, with the "
                       "same --python, if any, as mdlc up",
                       502);
  }
  surroundings around;
  around.endpoint = host_.endpoint;
  around.packages = runtime->packages;
  around.interpreter = runtime->interpreter;
  auto code = codes_.folder_of(v.code);
  if (!code) return failed(code.error());
  around.code = *std::move(code);
  if (host_.assume_role) {
    auto keys = host_.assume_role(v.scope, v.about.Role.value_or(""), v.name);
    around.access_key = std::move(keys.access_key);
    around.secret_key = std::move(keys.secret_key);
    around.session_token = std::move(keys.session_token);
  }
  // Nothing ends a connection but the function: between its answers it is as idle as the function is slow.
  const http::limits limits{.connections = listener_connections_max, .idle_timeout_ms = 2 * limits_.age_ms};
  auto listener = std::make_unique<http::server>(*host_.sockets, host_.pool,
                                                 handle_runtime_requests(*this, host_.pool, w->id), limits);
  auto port = listener->listen_tcp("127.0.0.1", 0);
  if (!port) return failed(port.error());
  around.runtime_port = *port;
  auto printed = make_pipe();
  if (!printed) return failed(printed.error());
  w->output.open(std::move(printed->read));
  w->output.say(fmt::format("INIT_START Runtime Version: python:{}\n", runtime->version));
  const auto program = program_of(v, {v.scope, log_group_of(v), w->stream}, around);
  w->spawned_ns = now_ns();
  auto process = runner::start(program, printed->write.get(), printed->write.get());
  if (!process) return failed(process.error());
  return launched{std::move(listener), *std::move(process)};
}

void fleet::failed_to_start(const worker_ptr& w, api::error why) {
  afterwards then;
  {
    std::lock_guard lock{mutex_};
    if (stopping_) return;
    auto& g = groups_.at(key_of(*w->what));
    if (w->at == worker::phase::starting) started(w);
    if (auto i = take_first(g)) {
      release(*i);
      then.push_back([done = std::move(i->done), why] {
        outcome o;
        o.refusal = why;
        done(std::move(o));
      });
    }
    forget(w);
    start_more(then);
  }
  for (auto& task : then) task();
}

// The callbacks own the worker, and with it the descriptors.
void fleet::watch(const worker_ptr& w) {
  watcher_.watch(w->output.fd(), [w] { return w->output.drain(); });
  watcher_.watch(w->process->ended_fd(), [this, w, fd = w->process->ended_fd()] {
    pollfd ended{fd, POLLIN, 0};
    if (::poll(&ended, 1, 0) <= 0) return true;
    host_.pool.post([this, w] { this->ended(w); });
    return false;
  });
}

void fleet::ended(const worker_ptr& w) {
  w->output.finish();
  std::optional<runner::process::end> end;
  std::optional<invocation> open;
  bool was_starting = false;
  {
    std::lock_guard lock{mutex_};
    if (stopping_) return;
    end = w->process->wait();
    was_starting = w->at == worker::phase::starting;
    auto& g = groups_.at(key_of(*w->what));
    std::erase(g.idle, w);
    if (was_starting) started(w);
    open = was_starting ? take_first(g) : take_back(w);
    if (was_starting && open) release(*open);
    end_deadline(w);
    w->at = worker::phase::ending;
    w->poll.reset();
    forget(w);
  }
  w->listener.reset();
  if (open) conclude(w, *std::move(open), *end, was_starting);
  afterwards then;
  {
    std::lock_guard lock{mutex_};
    start_more(then);
  }
  for (auto& task : then) task();
}

// An invocation whose worker ended under it, or would not start for it.
void fleet::conclude(const worker_ptr& w, invocation i, const runner::process::end& end, bool was_starting) {
  if (was_starting) {
    w->handed_ns = now_ns();
    w->output.say(fmt::format("INIT_REPORT Init Duration: {:.2f} ms\tPhase: init\tStatus: {}\n",
                              static_cast<double>(w->handed_ns - w->spawned_ns) / 1e6,
                              w->ended_by == worker::cause::init_timed_out ? "timeout" : "error"));
    w->output.begin();
    w->output.say(fmt::format("START RequestId: {} Version: {}\n", i.request_id, i.what->label()));
  }
  outcome o;
  o.is_error = true;
  std::string_view status = "error";
  if (w->ended_by == worker::cause::timed_out || w->ended_by == worker::cause::init_timed_out) {
    const auto said =
        fmt::format("Task timed out after {:.2f} seconds", static_cast<double>(i.what->about.Timeout.value_or(0)));
    w->output.say(fmt::format("{} {} {}\n\n", base::to_iso8601(host_.env.now()), i.request_id, said));
    o.payload = error_payload("Sandbox.Timedout", fmt::format("RequestId: {} Error: {}", i.request_id, said));
    status = "timeout";
  } else if (!w->init_error.empty()) {
    o.payload = w->init_error;
  } else {
    const auto said = fmt::format("RequestId: {} Error: {}", i.request_id, describe(end));
    w->output.say(said + "\n");
    o.payload = error_payload("Runtime.ExitError", said);
  }
  finish(w, std::move(i), std::move(o), status);
}

void fleet::deadline(const worker_ptr& w, const std::string& request_id) {
  std::lock_guard lock{mutex_};
  const bool is_of_start = request_id.empty();
  // What it was set for may be over meanwhile.
  if (is_of_start ? w->at != worker::phase::starting : w->request_id != request_id) return;
  w->deadline = 0;
  w->kill(is_of_start ? worker::cause::init_timed_out : worker::cause::timed_out);
}

void fleet::arm_sweep() {
  if (std::exchange(sweep_armed_, true)) return;
  host_.timers.at(host_.env.now() + std::chrono::milliseconds{std::min(sweep_every_ms, limits_.idle_ms)},
                  [this] { sweep(); });
}

void fleet::sweep() {
  std::lock_guard lock{mutex_};
  sweep_armed_ = false;
  if (stopping_) return;
  bool is_any_idle = false;
  const auto bound = host_.env.now() - std::chrono::milliseconds{limits_.idle_ms};
  for (auto& [key, g] : groups_) {
    const auto kept = std::find_if(g.idle.begin(), g.idle.end(), [&](const auto& w) { return w->idle_since > bound; });
    for (auto w = g.idle.begin(); w != kept; ++w) end_worker(*w, worker::cause::retired);
    g.idle.erase(g.idle.begin(), kept);
    is_any_idle = is_any_idle || !g.idle.empty();
  }
  if (is_any_idle) arm_sweep();
}

}  // namespace mdlc::services::lambda
