#include "services/lambda/event_queue.h"

#include "base/log.h"

namespace mdlc::services::lambda {
namespace {

void tell_given_up(const function_name& f, std::string_view why) {
  base::log::warning("lambda: an event for {} is given up: {}", f.qualified(), why);
}

}  // namespace

event_queue::event_queue(api::host& host, catalog& versions, fleet& functions)
    : host_(host), versions_(versions), functions_(functions) {}

api::answer<void> event_queue::accept(api::call& c, const function_name& name, std::string_view payload,
                                      std::string_view client_context) {
  const auto id = c.context.request_id.empty() ? host_.env.uuid() : c.context.request_id;
  const auto now_ms = base::to_ms(host_.env.now());
  const auto details = json::print(
      json::object{{"trace", c.context.trace_header}, {"client_context", client_context}, {"accepted_ms", now_ms}});
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
  const auto now_ms = base::to_ms(host_.env.now());
  host_.db.write([&](store::transaction& t) {
    constexpr std::string_view over = "FROM lambda_events WHERE begun = 1 AND attempts + 1 >= ?1";
    for (const auto& row :
         t.query(fmt::format("SELECT account, region, name, qualifier {}", over), {event_attempts_max}))
      tell_given_up({{row.text(0), row.text(1)}, row.text(2), row.text(3)}, "the server ended under its last attempt");
    t.run(fmt::format("DELETE {}", over), {event_attempts_max});
    t.run(
        "UPDATE lambda_events SET begun = 0, attempts = attempts + 1, due_ms = ?1 + ?2 * (attempts + 1) WHERE begun = "
        "1",
        {now_ms, event_retry_ms});
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
  if (next_ms) look_at(base::from_ms(*next_ms));  // at once, if its time came meanwhile
}

std::vector<event_queue::entry> event_queue::take(store::transaction& t, size_t most) {
  std::vector<entry> out;
  const auto now_ms = base::to_ms(host_.env.now());
  const auto rows = t.query(
      "SELECT account, region, id, name, qualifier, attempts, details, payload FROM lambda_events WHERE begun = 0 AND "
      "due_ms <= ?1 ORDER BY due_ms LIMIT ?2",
      {now_ms, most});
  for (const auto& row : rows) {
    entry e;
    e.scope = {row.text(0), row.text(1)};
    e.id = row.text(2);
    e.name = {e.scope, row.text(3), row.text(4)};
    e.attempts = row.integer(5);
    e.details = json::parse(row.text(6)).value();
    const auto* accepted_ms = json::find(e.details, "accepted_ms");
    e.accepted_ms = accepted_ms ? accepted_ms->as_int64() : now_ms;
    if (now_ms - e.accepted_ms > event_age_max_ms) {
      tell_given_up(e.name, "it is too old");
      remove(t, e);
      continue;
    }
    e.payload = row.text(7);
    t.run("UPDATE lambda_events SET begun = 1 WHERE account = ?1 AND region = ?2 AND id = ?3",
          {e.scope.account, e.scope.region, e.id});
    out.push_back(std::move(e));
  }
  return out;
}

void event_queue::look_at(base::time_point when) {
  std::lock_guard lock{mutex_};
  if (next_look_ && *next_look_ <= when) return;
  next_look_ = when;
  host_.timers.at(when, [this, when] {
    {
      std::lock_guard inner{mutex_};
      if (next_look_ == when) next_look_.reset();
    }
    look_soon();
  });
}

void event_queue::remove(store::transaction& t, const entry& e) {
  t.run("DELETE FROM lambda_events WHERE account = ?1 AND region = ?2 AND id = ?3",
        {e.scope.account, e.scope.region, e.id});
}

void event_queue::run(entry e) {
  const auto found = host_.db.read([&](store::reader& r) { return versions_.find(r, e.name, 1); });
  if (!found) {
    outcome o;
    o.refusal = found.error();
    return over(e, o);
  }
  invocation i{found->what,
               found->reserved,
               e.id,
               e.name.qualified(),
               std::exchange(e.payload, {}),
               std::string{json::text(e.details, "trace")},
               std::string{json::text(e.details, "client_context")},
               {}};
  i.done = [this, e = std::move(e)](outcome o) { over(e, o); };
  functions_.submit(std::move(i));
}

void event_queue::over(const entry& e, const outcome& o) {
  {
    std::lock_guard lock{mutex_};
    --running_;
    if (stopping_) return;  // it stays begun: the restart knows
  }
  const auto now_ms = base::to_ms(host_.env.now());
  const bool is_gone = o.refusal && o.refusal->code == "ResourceNotFoundException";
  const bool was_run = !o.refusal;
  const auto attempts = e.attempts + (was_run ? 1 : 0);
  const auto wait_ms = was_run ? event_retry_ms * attempts
                               : std::clamp(now_ms - e.accepted_ms, event_return_ms_min, event_return_ms_max);
  const bool goes_on = was_run ? o.is_error && attempts < event_attempts_max : !is_gone;
  if (is_gone || (o.is_error && !goes_on)) tell_given_up(e.name, is_gone ? "it is deleted" : "its last attempt failed");
  host_.db.post(
      [=, this](store::transaction& t) {
        if (!goes_on) return remove(t, e);
        t.run(
            "UPDATE lambda_events SET begun = 0, attempts = ?4, due_ms = ?5 WHERE account = ?1 AND region = ?2 AND "
            "id = ?3",
            {e.scope.account, e.scope.region, e.id, attempts, now_ms + wait_ms});
      },
      [this](std::exception_ptr) { look_soon(); });
}

}  // namespace mdlc::services::lambda
