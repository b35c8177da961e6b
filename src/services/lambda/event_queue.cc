#include "services/lambda/event_queue.h"

#include "base/log.h"

namespace mdlc::services::lambda {

event_queue::event_queue(api::host& host, catalog& versions, fleet& functions)
    : host_(host), versions_(versions), functions_(functions) {}

api::answer<void> event_queue::accept(api::call& c, const function_name& name, std::string_view payload,
                                      std::string_view client_context) {
  const auto id = c.context.request_id.empty() ? host_.env.uuid() : c.context.request_id;
  const auto now_ms = base::to_ms(host_.env.now());
  const auto details = json::print(json::object{{"trace", c.context.trace_header}, {"client_context", client_context}});
  struct nothing {};
  auto kept = c.commit([&](store::transaction& t) -> api::answer<model::InvocationResponse> {
    const auto waiting = t.first("SELECT count(*) FROM lambda_events WHERE account = ?1 AND region = ?2",
                                 {name.scope.account, name.scope.region});
    if (waiting->integer(0) >= events_waiting_max)
      return tl::unexpected(api::error{"TooManyRequestsException",
                                       "Rate Exceeded.",
                                       429,
                                       {{"Reason", "FunctionInvocationRateLimitExceeded"}, {"Type", "User"}}});
    t.run(
        "INSERT INTO lambda_events (account, region, id, name, qualifier, due_ms, begun, attempts, details, payload) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8)",
        {name.scope.account, name.scope.region, id, name.name, name.qualifier, now_ms, details, store::bytes{payload}});
    model::InvocationResponse out;
    out.StatusCode = 202;
    return out;
  });
  if (!kept) return tl::unexpected(kept.error());
  look_soon();
  return {};
}

void event_queue::resume() {
  const auto due_ms = base::to_ms(host_.env.now()) + event_retry_ms;
  host_.db.write([&](store::transaction& t) {
    t.run("DELETE FROM lambda_events WHERE begun = 1 AND attempts + 1 >= ?1", {event_attempts_max});
    t.run("UPDATE lambda_events SET begun = 0, attempts = attempts + 1, due_ms = ?1 WHERE begun = 1", {due_ms});
  });
  look_soon();
}

void event_queue::stop() {
  std::lock_guard lock{mutex_};
  stopping_ = true;
}

void event_queue::look_soon() {
  std::lock_guard lock{mutex_};
  if (stopping_) return;
  if (std::exchange(looking_, true)) {
    look_again_ = true;
    return;
  }
  host_.pool.post([this] { look(); });
}

// One at a time: marks what is due and can be run as begun, and hands it over.
void event_queue::look() {
  size_t room = 0;
  {
    std::lock_guard lock{mutex_};
    if (stopping_) return;
    look_again_ = false;
    room = events_running_max - running_;
  }
  std::vector<entry> taken;
  std::optional<int64_t> next_ms;
  try {
    if (room > 0)
      host_.db.write([&](store::transaction& t) {
        taken = take(t, room);
        const auto next = t.first("SELECT min(due_ms) FROM lambda_events WHERE begun = 0");
        next_ms = next->integer_if(0);
      });
  } catch (const std::exception& e) {
    base::log::error("lambda: events cannot be read: {}", e.what());
  }
  bool again = false;
  {
    std::lock_guard lock{mutex_};
    running_ += taken.size();
    looking_ = false;
    again = look_again_ || taken.size() == room;
    again = again && running_ < events_running_max;
  }
  for (auto& e : taken) run(std::move(e));
  if (again) return look_soon();
  if (next_ms && *next_ms > base::to_ms(host_.env.now())) look_at(base::from_ms(*next_ms));
}

std::vector<event_queue::entry> event_queue::take(store::transaction& t, size_t most) {
  std::vector<entry> out;
  const auto rows = t.query(
      "SELECT account, region, id, name, qualifier, attempts, details, payload FROM lambda_events WHERE begun = 0 AND "
      "due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
      {base::to_ms(host_.env.now()), most});
  for (const auto& row : rows) {
    entry e;
    e.scope = {row.text(0), row.text(1)};
    e.id = row.text(2);
    e.name = {e.scope, row.text(3), row.text(4)};
    e.attempts = row.integer(5);
    e.details = json::parse(row.text(6)).value();
    e.payload = row.text(7);
    t.run("UPDATE lambda_events SET begun = 1 WHERE account = ?1 AND region = ?2 AND id = ?3",
          {e.scope.account, e.scope.region, e.id});
    out.push_back(std::move(e));
  }
  return out;
}

void event_queue::look_at(base::time_point when) {
  host_.timers.at(when, [this] { look_soon(); });
}

void event_queue::run(entry e) {
  const auto found = host_.db.read([&](store::reader& r) { return versions_.find(r, e.name, 1); });
  if (!found) {
    // Deleted meanwhile: there is nothing to try again.
    e.attempts = event_attempts_max;
    outcome o;
    o.refusal = found.error();
    return over(e, o);
  }
  invocation i{found->what,
               found->reserved,
               e.id,
               e.name.qualified(),
               std::move(e.payload),
               std::string{json::text(e.details, "trace")},
               std::string{json::text(e.details, "client_context")},
               {}};
  i.done = [this, e = std::move(e)](outcome o) { over(e, o); };
  functions_.submit(std::move(i));
}

void event_queue::over(const entry& e, const outcome& o) {
  const bool failed = o.refusal || o.is_error;
  const bool is_throttled = o.refusal && o.refusal->code == "TooManyRequestsException";
  const auto attempts = e.attempts + 1;
  const auto due_ms = base::to_ms(host_.env.now()) + event_retry_ms * attempts;
  const auto scope = e.scope;
  const auto id = e.id;
  {
    std::lock_guard lock{mutex_};
    --running_;
    if (stopping_) return;  // it stays begun: the restart knows
  }
  host_.db.post(
      [=](store::transaction& t) {
        if (failed && (is_throttled || attempts < event_attempts_max))
          // A throttled one was not run: that is no attempt.
          t.run(
              "UPDATE lambda_events SET begun = 0, attempts = ?4, due_ms = ?5 WHERE account = ?1 AND region = ?2 AND "
              "id "
              "= ?3",
              {scope.account, scope.region, id, is_throttled ? attempts - 1 : attempts, due_ms});
        else
          t.run("DELETE FROM lambda_events WHERE account = ?1 AND region = ?2 AND id = ?3",
                {scope.account, scope.region, id});
      },
      [this](std::exception_ptr) { look_soon(); });
}

}  // namespace mdlc::services::lambda
