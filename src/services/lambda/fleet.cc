#include "services/lambda/fleet.h"

#include <ctime>

#include "base/log.h"

namespace mdlc::services::lambda {
namespace {

api::error throttled(std::string_view reason) {
  return {"TooManyRequestsException", "Rate Exceeded.", 429, {{"Reason", reason}, {"Type", "User"}}};
}

api::error stopped() { return {"ServiceException", "The service stopped before the function had answered.", 500}; }

outcome refused(api::error why) {
  outcome o;
  o.refusal = std::move(why);
  return o;
}

void run_all(std::vector<std::function<void()>>& tasks) {
  for (auto& task : tasks) task();
}

http::reply event_of(const invocation& i, base::time_point deadline) {
  http::reply out;
  out.headers = {{"Content-Type", "application/json"},
                 {"Lambda-Runtime-Aws-Request-Id", i.request_id},
                 {"Lambda-Runtime-Deadline-Ms", std::to_string(base::to_ms(deadline))},
                 {"Lambda-Runtime-Invoked-Function-Arn", i.arn}};
  if (!i.trace.empty()) out.headers.add("Lambda-Runtime-Trace-Id", i.trace);
  if (!i.client_context.empty()) out.headers.add("Lambda-Runtime-Client-Context", i.client_context);
  out.body = i.payload.empty() ? "{}" : i.payload;
  return out;
}

}  // namespace

fleet::fleet(api::host& host, code_store& codes, log_writer& logs, fleet_limits limits)
    : host_(host), codes_(codes), logs_(logs), limits_(limits) {}

fleet::~fleet() { stop(); }

void fleet::submit(invocation i) {
  afterwards then;
  {
    std::lock_guard lock{mutex_};
    if (auto refusal = admit(i)) {
      then.push_back([done = std::move(i.done), r = *std::move(refusal)] { done(refused(r)); });
    } else {
      ++in_flight_[{i.what->scope, i.what->name}];
      auto& g = group_of(i.what);
      if (!g.idle.empty()) {
        auto w = std::move(g.idle.back());
        g.idle.pop_back();
        hand_over(w, std::move(i), then);
      } else {
        ++queued_;
        queued_bytes_ += i.payload.size();
        g.queue.push_back(std::move(i));
        start_more(g, then);
      }
    }
  }
  run_all(then);
}

std::optional<api::error> fleet::admit(const invocation& i) {
  if (stopping_) return stopped();
  const auto running = in_flight_.find({i.what->scope, i.what->name});
  if (i.reserved && (running == in_flight_.end() ? 0 : running->second) >= *i.reserved)
    return throttled("ReservedFunctionConcurrentInvocationLimitExceeded");
  if (queued_ >= limits_.queued || queued_bytes_ + i.payload.size() > limits_.queued_bytes)
    return throttled("ConcurrentInvocationLimitExceeded");
  return std::nullopt;
}

// Where a version's revision is new, workers of older ones have nothing to do any more.
fleet::group& fleet::group_of(const std::shared_ptr<const version>& what) {
  const auto key = key_of(*what);
  if (const auto found = groups_.find(key); found != groups_.end()) return found->second;
  for (auto& [other, g] : groups_) {
    if (std::get<0>(other) != what->scope || std::get<1>(other) != what->name || std::get<2>(other) != what->number)
      continue;
    g.is_retired = true;
    for (const auto& w : std::exchange(g.idle, {})) end_worker(w, worker::cause::retired);
  }
  auto& g = groups_[key];
  g.what = what;
  return g;
}

void fleet::hand_over(const worker_ptr& w, invocation i, afterwards& then) {
  const auto deadline = host_.env.now() + std::chrono::seconds{i.what->about.Timeout.value_or(0)};
  w->at = worker::phase::busy;
  w->handed_ns = now_ns();
  w->request_id = i.request_id;
  w->deadline = host_.timers.at(deadline, [this, w, id = i.request_id] { this->deadline(w, id); });
  auto reply = std::make_shared<http::reply>(event_of(i, deadline));
  auto line = fmt::format("START RequestId: {} Version: {}\n", i.request_id, i.what->label());
  i.payload.clear();
  w->current = std::move(i);
  then.push_back([w, reply, line = std::move(line), poll = std::move(w->poll)] {
    w->output.begin();
    w->output.say(line);
    poll->answer(std::move(*reply));
  });
}

void fleet::next(const std::string& worker_id, std::shared_ptr<http::exchange> exchange) {
  afterwards then;
  {
    std::lock_guard lock{mutex_};
    const auto found = workers_.find(worker_id);
    if (found == workers_.end() || found->second->at == worker::phase::ending) return;
    auto w = found->second;
    auto& g = groups_.at(key_of(*w->what));
    if (w->at == worker::phase::busy || w->at == worker::phase::idle) {
      exchange->answer({.status = 403,
                        .headers = {},
                        .body = error_payload("InvalidStateTransition", "State transition is not allowed")});
      return;
    }
    const auto now = host_.env.now();
    if (w->at == worker::phase::starting) {
      started(w);
      w->ready_ns = now_ns();
      logs_.add(stamp{w->what->scope, w->what->name, w->what->label(), w->id, {}, w->spawned_ns, w->ready_ns});
    }
    end_deadline(w);
    w->request_id.clear();
    w->poll = std::move(exchange);
    w->at = worker::phase::idle;
    if (auto i = take_first(g)) {
      hand_over(w, *std::move(i), then);
    } else if (g.is_retired || now - w->made_at > std::chrono::milliseconds{limits_.age_ms}) {
      end_worker(w, worker::cause::retired);
    } else {
      w->idle_since = now;
      g.idle.push_back(w);
      arm_sweep();
    }
    start_more(then);
  }
  run_all(then);
}

bool fleet::answer(const std::string& worker_id, std::string_view request_id, std::string payload, bool is_error) {
  worker_ptr w;
  std::optional<invocation> i;
  {
    std::lock_guard lock{mutex_};
    const auto found = workers_.find(worker_id);
    if (found == workers_.end()) return false;
    w = found->second;
    if (w->at != worker::phase::busy || !w->current || w->current->request_id != request_id) return false;
    i = take_back(w);
    w->at = worker::phase::between;  // within the same deadline: calls may wait for it
    if (w->process) w->peak_memory_bytes = w->process->peak_memory_bytes();
  }
  outcome o;
  o.payload = std::move(payload);
  o.is_error = is_error;
  finish(w, *std::move(i), std::move(o), {});
  return true;
}

std::optional<invocation> fleet::take_back(const worker_ptr& w) {
  auto i = std::exchange(w->current, std::nullopt);
  if (i) release(*i);
  return i;
}

std::optional<invocation> fleet::take_first(group& g) {
  if (g.queue.empty()) return std::nullopt;
  auto i = std::move(g.queue.front());
  g.queue.pop_front();
  --queued_;
  queued_bytes_ -= i.payload.size();
  return i;
}

void fleet::release(const invocation& i) {
  const auto running = in_flight_.find({i.what->scope, i.what->name});
  if (--running->second == 0) in_flight_.erase(running);
}

void fleet::init_error(const std::string& worker_id, std::string payload) {
  std::lock_guard lock{mutex_};
  const auto found = workers_.find(worker_id);
  if (found != workers_.end() && found->second->at == worker::phase::starting)
    found->second->init_error = std::move(payload);
}

// An invocation that is over: its last lines, then its caller.
void fleet::finish(const worker_ptr& w, invocation i, outcome o, std::string_view status) {
  const auto ended_ns = now_ns();
  const double duration_ms = static_cast<double>(ended_ns - w->handed_ns) / 1e6;
  auto report = fmt::format("REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t",
                            i.request_id, duration_ms, static_cast<int64_t>(duration_ms) + 1,
                            i.what->about.MemorySize.value_or(0));
  if (w->peak_memory_bytes > 0) report += fmt::format("Max Memory Used: {} MB\t", (w->peak_memory_bytes >> 20) + 1);
  if (!std::exchange(w->was_used, true) && w->ready_ns > 0)
    report += fmt::format("Init Duration: {:.2f} ms\t", static_cast<double>(w->ready_ns - w->spawned_ns) / 1e6);
  if (!status.empty()) report += fmt::format("Status: {}\t", status);
  w->output.say(fmt::format("END RequestId: {}\n", i.request_id));
  w->output.say(report + "\n");
  o.log = w->output.tail();
  logs_.add(stamp{i.what->scope, i.what->name, i.what->label(), w->id, i.request_id, w->handed_ns, ended_ns});
  i.done(std::move(o));
}

void fleet::retire(const base::scope& scope, std::string_view name) {
  std::lock_guard lock{mutex_};
  for (auto& [key, g] : groups_) {
    if (std::get<0>(key) != scope || std::get<1>(key) != name) continue;
    g.is_retired = true;
    for (const auto& w : std::exchange(g.idle, {})) end_worker(w, worker::cause::retired);
  }
}

void fleet::stop() {
  afterwards then;
  std::map<std::string, worker_ptr> ended;
  {
    std::lock_guard lock{mutex_};
    if (std::exchange(stopping_, true)) return;
    for (auto& [key, g] : groups_) {
      for (auto& i : g.queue) then.push_back([done = std::move(i.done)] { done(refused(stopped())); });
      g.queue.clear();
    }
    for (auto& [id, w] : workers_) {
      if (auto i = take_back(w)) then.push_back([done = std::move(i->done)] { done(refused(stopped())); });
      end_deadline(w);
      end_worker(w, worker::cause::stopped);
    }
    ended = workers_;
    queued_ = queued_bytes_ = 0;
  }
  run_all(then);
  watcher_.stop();
  for (const auto& [id, w] : ended) {
    std::lock_guard lock{mutex_};
    if (w->process) w->process->wait();
    w->output.finish();
    w->listener.reset();
  }
}

bool fleet::uses(const std::string& sha256) {
  std::lock_guard lock{mutex_};
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& w) { return w.second->what->code == sha256; });
}

fleet::counts fleet::count() {
  std::lock_guard lock{mutex_};
  counts out{workers_.size(), 0, queued_};
  for (const auto& [key, g] : groups_) out.idle += g.idle.size();
  return out;
}

}  // namespace mdlc::services::lambda
