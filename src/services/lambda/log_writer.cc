#include "services/lambda/log_writer.h"

#include "base/log.h"
#include "base/utf8.h"

namespace mdlc::services::lambda {
namespace {

// CloudWatch Logs' bounds of one PutLogEvents: bytes with 26 more for each event, and events.
constexpr size_t call_bytes_max = 1'000'000;
constexpr size_t call_events_max = 10'000;
constexpr size_t event_overhead = 26;

}  // namespace

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

log_writer::log_writer(api::host& host) : host_(host) {}

void log_writer::add(const log_stream& to, std::string_view message) {
  std::lock_guard lock{mutex_};
  if (waiting_.bytes + message.size() > log_waiting_bytes_max) {
    ++waiting_.dropped;
    return;
  }
  waiting_.bytes += message.size() + event_overhead;
  waiting_.events[to].push_back({base::to_ms(host_.env.now()), std::string{message}});
  schedule();
}

void log_writer::add(stamp s) {
  std::lock_guard lock{mutex_};
  waiting_.stamps.push_back(std::move(s));
  schedule();
}

// Under the lock.
void log_writer::schedule() {
  if (std::exchange(scheduled_, true)) return;
  host_.timers.at(host_.env.now() + std::chrono::milliseconds{log_delay_ms},
                  [this] { host_.pool.post([this] { flush(); }); });
}

void log_writer::flush() {
  std::lock_guard one{writing_};
  batch taken;
  {
    std::lock_guard lock{mutex_};
    std::swap(taken, waiting_);
    scheduled_ = false;
  }
  try {
    write(std::move(taken));
  } catch (const std::exception& e) {
    base::log::error("lambda: logs could not be written: {}", e.what());
  }
}

void log_writer::write(batch taken) {
  if (!taken.stamps.empty()) write_stamps(taken.stamps);
  if (taken.dropped > 0) base::log::warning("lambda: {} lines of functions' logs were dropped", taken.dropped);
  if (!host_.operations.find("logs", "PutLogEvents")) return;
  for (auto& [stream, events] : taken.events) put(stream, std::move(events));
}

api::answer<json::value> log_writer::call(const base::scope& scope, std::string_view operation, json::object input) {
  api::context context;
  context.scope = scope;
  context.source = api::source::internal;
  context.request_id = host_.env.uuid();
  api::call c{host_.db, std::move(context)};
  return host_.operations.invoke("logs", operation, c, std::move(input));
}

void log_writer::put(const log_stream& to, std::vector<event> events) {
  const json::object stream{{"logGroupName", to.group}, {"logStreamName", to.name}};
  for (size_t at = 0; at < events.size();) {
    json::array some;
    for (size_t bytes = 0; at < events.size() && some.size() < call_events_max; ++at) {
      bytes += events[at].message.size() + event_overhead;
      if (bytes > call_bytes_max && !some.empty()) break;
      some.push_back(json::object{{"timestamp", events[at].ms}, {"message", base::to_utf8(events[at].message)}});
    }
    auto input = stream;
    input["logEvents"] = std::move(some);
    auto done = call(to.scope, "PutLogEvents", input);
    if (!done && done.error().code == "ResourceNotFoundException") {
      call(to.scope, "CreateLogGroup", {{"logGroupName", to.group}});  // or it is there already
      call(to.scope, "CreateLogStream", stream);
      done = call(to.scope, "PutLogEvents", std::move(input));
    }
    if (!done) base::log::warning("lambda: log of {}: {}", to.group, done.error().message);
  }
}

void log_writer::write_stamps(const std::vector<stamp>& stamps) {
  host_.db.write([&](store::transaction& t) {
    for (const auto& s : stamps)
      t.run(
          "INSERT INTO lambda_stamps (account, region, name, version, worker, request_id, begun_ns, ended_ns) VALUES "
          "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
          {s.scope.account, s.scope.region, s.name, s.version, s.worker,
           s.request_id.empty() ? std::optional<std::string>{} : s.request_id, s.begun_ns, s.ended_ns});
    t.run("DELETE FROM lambda_stamps WHERE sequence <= (SELECT max(sequence) FROM lambda_stamps) - ?1", {stamps_kept});
  });
}

}  // namespace mdlc::services::lambda
