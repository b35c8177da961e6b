#include "services/logs/filter_pattern.h"
#include "services/logs/operations.h"
#include "services/logs/rows.h"
#include "services/logs/service.h"

namespace mdlc::services::logs {
namespace {

// Events that one call looks at: a page may be empty and have a token, as on AWS.
constexpr int64_t max_looked_at = 200'000;

// The streams that are read, by id.
api::answer<std::map<int64_t, std::string>> find_streams(store::reader& r, const group& g,
                                                         const model::FilterLogEventsRequest& in) {
  std::map<int64_t, std::string> out;
  if (in.logStreamNames) {
    for (const auto& name : *in.logStreamNames) {
      MDLC_TRY(const auto found, find_stream(r, g, name));
      out[found.id] = found.name;
    }
    return out;
  }
  const auto prefix = in.logStreamNamePrefix.value_or("");
  r.each("SELECT id, name FROM logs_streams WHERE account = ?1 AND region = ?2 AND group_id = ?3",
         {g.scope.account, g.scope.region, g.id}, [&](const store::row& row) {
           if (row.text(1).starts_with(prefix)) out[row.integer(0)] = row.text(1);
           return true;
         });
  return out;
}

model::FilteredLogEvent make_event(const position& at, const std::string& stream, const store::row& row) {
  model::FilteredLogEvent out;
  out.logStreamName = stream;
  out.timestamp = at.timestamp_ms;
  out.message = row.text(4);
  out.ingestionTime = row.integer(3);
  out.eventId = print(at);
  return out;
}

void read(store::reader& r, const group& g, const std::map<int64_t, std::string>& streams,
          const filter_pattern& pattern, const model::FilterLogEventsRequest& in, const position& from,
          model::FilterLogEventsResponse& out) {
  const auto limit = static_cast<size_t>(in.limit.value_or(max_events));
  int64_t bytes = 0, looked_at = 0;
  r.each(
      "SELECT timestamp_ms, sequence, stream_id, ingested_ms, message FROM logs_events WHERE account = ?1 AND region = "
      "?2 AND group_id = ?3 AND timestamp_ms >= ?4 AND timestamp_ms <= ?5 AND (timestamp_ms, sequence) >= (?6, ?7) "
      "ORDER BY timestamp_ms, sequence",
      {g.scope.account, g.scope.region, g.id, in.startTime.value_or(0), in.endTime.value_or(INT64_MAX),
       from.timestamp_ms, from.sequence},
      [&](const store::row& row) {
        const position here{row.integer(0), row.integer(1)};
        const auto stream = streams.find(row.integer(2));
        const bool is_wanted = stream != streams.end() && pattern.matches(row.text(4));
        if (is_wanted) bytes += static_cast<int64_t>(row.text(4).size());
        const bool is_full = out.events->size() == limit || (bytes > max_page_bytes && !out.events->empty());
        if ((is_wanted && is_full) || ++looked_at > max_looked_at) {
          out.nextToken = print(here);
          return false;
        }
        if (is_wanted) out.events->push_back(make_event(here, stream->second, row));
        return true;
      });
}

}  // namespace

api::answer<model::FilterLogEventsResponse> filter_log_events(service& s, api::call& call,
                                                              const model::FilterLogEventsRequest& in) {
  if (in.logStreamNames && in.logStreamNamePrefix)
    return api::refuse("InvalidParameterException",
                       "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.");
  const auto from = in.nextToken ? parse_position(*in.nextToken) : position{};
  if (!from) return api::refuse("InvalidParameterException", "The specified nextToken is invalid.");
  MDLC_TRY(const auto pattern, filter_pattern::parse(in.filterPattern.value_or("")));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::FilterLogEventsResponse> {
    MDLC_TRY(const auto g, find_group(r, call.context.scope, in.logGroupName, in.logGroupIdentifier));
    MDLC_TRY(const auto streams, find_streams(r, g, in));
    model::FilterLogEventsResponse out;
    out.events.emplace();
    out.searchedLogStreams.emplace();  // empty on AWS too since 2020
    read(r, g, streams, pattern, in, *from, out);
    return out;
  });
}

}  // namespace mdlc::services::logs
