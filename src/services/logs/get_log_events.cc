#include "services/logs/operations.h"
#include "services/logs/rows.h"
#include "services/logs/service.h"

namespace mdlc::services::logs {
namespace {

// A token is a boundary between events and a direction from it: "f/<56 digits>/s" or "b/<56 digits>/s".
struct token {
  bool forward;
  position boundary;
};

std::string print(const token& t) { return fmt::format("{}/{}/s", t.forward ? 'f' : 'b', print(t.boundary)); }

std::optional<token> parse_token(std::string_view text) {
  if (!text.ends_with("/s") || !(text.starts_with("f/") || text.starts_with("b/")) || text.size() < 4)
    return std::nullopt;
  const auto boundary = parse_position(text.substr(2, text.size() - 4));
  if (!boundary) return std::nullopt;
  return token{text[0] == 'f', *boundary};
}

struct page {
  std::vector<model::OutputLogEvent> events;  // in the order of time
  position begin, end;                        // boundaries before the first and behind the last
};

page read_page(store::reader& r, const group& g, const stream& s, const model::GetLogEventsRequest& in, bool forward,
               const std::optional<position>& from) {
  const position lowest{0, 0}, highest{INT64_MAX, 0};
  const position low = forward && from ? *from : lowest, high = !forward && from ? *from : highest;
  const auto sql = fmt::format(
      "SELECT timestamp_ms, sequence, ingested_ms, message FROM logs_events WHERE account = ?1 "
      "AND region = ?2 AND group_id = ?3 AND stream_id = ?4 AND timestamp_ms >= ?5 AND "
      "timestamp_ms < ?6 AND (timestamp_ms, sequence) >= (?7, ?8) AND (timestamp_ms, sequence) "
      "< (?9, ?10) ORDER BY timestamp_ms {0}, sequence {0} LIMIT ?11",
      forward ? "ASC" : "DESC");
  page out;
  out.begin = out.end = from.value_or(lowest);
  int64_t bytes = 0;
  r.each(sql,
         {g.scope.account, g.scope.region, g.id, s.id, in.startTime.value_or(0), in.endTime.value_or(INT64_MAX),
          low.timestamp_ms, low.sequence, high.timestamp_ms, high.sequence, in.limit.value_or(max_events)},
         [&](const store::row& row) {
           const auto& message = row.text(3);
           bytes += static_cast<int64_t>(message.size());
           if (bytes > max_page_bytes && !out.events.empty()) return false;
           const position here{row.integer(0), row.integer(1)};
           const position behind{here.timestamp_ms, here.sequence + 1};
           if (out.events.empty()) out.begin = here, out.end = behind;
           (forward ? out.end : out.begin) = forward ? behind : here;
           out.events.push_back({here.timestamp_ms, message, row.integer(2)});
           return true;
         });
  if (!forward) std::reverse(out.events.begin(), out.events.end());
  return out;
}

}  // namespace

// Without a token the page is the first (startFromHead) or the last. Both tokens are always given: at an end a token
// leads to itself.
api::answer<model::GetLogEventsResponse> get_log_events(service& s, api::call& call,
                                                        const model::GetLogEventsRequest& in) {
  const auto from = in.nextToken ? parse_token(*in.nextToken) : std::nullopt;
  if (in.nextToken && !from) return api::refuse("InvalidParameterException", "The specified nextToken is invalid.");
  const bool forward = from ? from->forward : in.startFromHead.value_or(false);
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetLogEventsResponse> {
    MDLC_TRY(const auto g, find_group(r, call.context.scope, in.logGroupName, in.logGroupIdentifier));
    MDLC_TRY(const auto of, find_stream(r, g, in.logStreamName));
    auto found = read_page(r, g, of, in, forward, from ? std::optional(from->boundary) : std::nullopt);
    model::GetLogEventsResponse out;
    out.events = std::move(found.events);
    out.nextForwardToken = print(token{true, found.end});
    out.nextBackwardToken = print(token{false, found.begin});
    return out;
  });
}

}  // namespace mdlc::services::logs
