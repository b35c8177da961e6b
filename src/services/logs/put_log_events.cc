#include "services/logs/operations.h"
#include "services/logs/rows.h"
#include "services/logs/service.h"

namespace mdlc::services::logs {
namespace {

constexpr int64_t event_overhead_bytes = 26;
constexpr int64_t max_event_bytes = 1024 * 1024;
constexpr int64_t max_batch_bytes = 1024 * 1024;
constexpr int64_t day_ms = 24 * 60 * 60 * 1000;
constexpr int64_t max_ahead_ms = 2 * 60 * 60 * 1000;
constexpr int64_t max_age_ms = 14 * day_ms;

tl::unexpected<api::error> invalid(std::string message) {
  return api::refuse("InvalidParameterException", std::move(message));
}

int64_t size_of(const model::InputLogEvent& e) { return static_cast<int64_t>(e.message.size()) + event_overhead_bytes; }

api::answer<void> check(const std::vector<model::InputLogEvent>& events) {
  int64_t bytes = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    const auto size = size_of(events[i]);
    if (size > max_event_bytes)
      return invalid(fmt::format("Log event too large: {} bytes exceeds limit of {}", size, max_event_bytes));
    bytes += size;
    if (i > 0 && events[i].timestamp < events[i - 1].timestamp)
      return invalid("Log events in a single PutLogEvents request must be in chronological order.");
  }
  if (bytes > max_batch_bytes)
    return invalid(fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, max_batch_bytes));
  if (events.back().timestamp - events.front().timestamp > day_ms)
    return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  return {};
}

// The events [begin, end) that are taken, and what is said of the others. They are in the order of time.
struct accepted {
  size_t begin = 0, end = 0;
  std::optional<model::RejectedLogEventsInfo> rejected;
};

accepted select(const std::vector<model::InputLogEvent>& events, const group& g, int64_t now_ms) {
  const auto first_from = [&](int64_t ms) {
    return static_cast<size_t>(
        std::partition_point(events.begin(), events.end(), [&](const auto& e) { return e.timestamp < ms; }) -
        events.begin());
  };
  const size_t expired = g.retention_days ? first_from(now_ms - *g.retention_days * day_ms) : 0;
  const size_t old = first_from(now_ms - max_age_ms);
  accepted out{std::max(expired, old), first_from(now_ms + max_ahead_ms + 1), {}};
  out.begin = std::min(out.begin, out.end);
  if (out.begin == 0 && out.end == events.size()) return out;
  out.rejected.emplace();
  if (out.end < events.size()) out.rejected->tooNewLogEventStartIndex = static_cast<int64_t>(out.end);
  if (expired > 0) out.rejected->expiredLogEventEndIndex = static_cast<int64_t>(expired);
  if (old > 0) out.rejected->tooOldLogEventEndIndex = static_cast<int64_t>(old);
  return out;
}

// Counts them in their group; the first one's number.
int64_t count(store::transaction& t, const group& g, int64_t events, int64_t bytes) {
  const auto next = t.first("SELECT next_sequence FROM logs_groups WHERE account = ?1 AND region = ?2 AND name = ?3",
                            {g.scope.account, g.scope.region, g.name})
                        ->integer(0);
  t.run(
      "UPDATE logs_groups SET next_sequence = next_sequence + ?4, bytes = bytes + ?5 WHERE account = ?1 AND region = "
      "?2 AND name = ?3",
      {g.scope.account, g.scope.region, g.name, events, bytes});
  return next;
}

void insert(store::transaction& t, const group& g, const stream& s, std::span<const model::InputLogEvent> events,
            int64_t now_ms) {
  if (events.empty()) return;
  int64_t bytes = 0;
  for (const auto& e : events) bytes += size_of(e);
  int64_t sequence = count(t, g, static_cast<int64_t>(events.size()), bytes);
  for (const auto& e : events)
    t.run(
        "INSERT INTO logs_events (account, region, group_id, timestamp_ms, sequence, stream_id, ingested_ms, message) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        {g.scope.account, g.scope.region, g.id, e.timestamp, sequence++, s.id, now_ms, e.message});
  const int64_t first = std::min(s.first_ms.value_or(INT64_MAX), events.front().timestamp);
  const int64_t last = std::max(s.last_ms.value_or(0), events.back().timestamp);
  t.run(
      "UPDATE logs_streams SET first_ms = ?5, last_ms = ?6, ingested_ms = ?7 WHERE account = ?1 AND region = ?2 AND "
      "group_id = ?3 AND name = ?4",
      {g.scope.account, g.scope.region, g.id, s.name, first, last, now_ms});
}

}  // namespace

// Sequence tokens are no longer looked at, as on AWS since 2023; one is still returned to those who hand it on.
api::answer<model::PutLogEventsResponse> put_log_events(service& s, api::call& call,
                                                        const model::PutLogEventsRequest& in) {
  MDLC_CHECK(check(in.logEvents));
  const auto now_ms = base::to_ms(s.host.env.now());
  return call.commit([&](store::transaction& t) -> api::answer<model::PutLogEventsResponse> {
    MDLC_TRY(const auto g, find_group(t, call.context.scope, in.logGroupName));
    MDLC_TRY(const auto to, find_stream(t, g, in.logStreamName));
    auto taken = select(in.logEvents, g, now_ms);
    insert(t, g, to, std::span(in.logEvents).subspan(taken.begin, taken.end - taken.begin), now_ms);
    model::PutLogEventsResponse out;
    out.nextSequenceToken = print(position{now_ms, to.id});
    out.rejectedLogEventsInfo = std::move(taken.rejected);
    return out;
  });
}

}  // namespace mdlc::services::logs
