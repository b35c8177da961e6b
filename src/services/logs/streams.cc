#include "services/logs/operations.h"
#include "services/logs/rows.h"
#include "services/logs/service.h"

namespace mdlc::services::logs {
namespace {

constexpr int64_t default_limit = 50;

int64_t next_stream_id(store::transaction& t, const group& g) {
  return t.first(
              "SELECT max(id) FROM (SELECT coalesce(max(id), 0) AS id FROM logs_streams WHERE account = ?1 AND region "
              "= ?2 AND group_id = ?3 UNION ALL SELECT coalesce(max(stream_id), 0) FROM logs_dropped WHERE account = "
              "?1 AND region = ?2 AND group_id = ?3) AS used",
              {g.scope.account, g.scope.region, g.id})
             ->integer(0) +
         1;
}

model::LogStream describe(const group& g, const stream& s) {
  model::LogStream out;
  out.logStreamName = s.name;
  out.creationTime = s.created_ms;
  out.firstEventTimestamp = s.first_ms;
  out.lastEventTimestamp = s.last_ms;
  out.lastIngestionTime = s.ingested_ms;
  out.uploadSequenceToken = print(position{s.ingested_ms.value_or(0), s.id});
  out.arn = fmt::format("{}:log-stream:{}", g.arn(), s.name);
  out.storedBytes = 0;  // AWS stopped counting it for streams in 2019
  return out;
}

// The token is the last stream's place in the order: its name, before it the time if that orders them.
struct place {
  int64_t last_ms = 0;
  std::string name;
};

std::string token_of(const stream& s) { return fmt::format("{}/{}", s.last_ms.value_or(-1), s.name); }

std::optional<place> read_token(const std::string& token) {
  const auto slash = token.find('/');
  if (slash == std::string::npos || slash == 0 || slash > 15) return std::nullopt;
  const auto digits = token.substr(0, slash);
  if (digits != "-1" && digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return place{std::stoll(digits), token.substr(slash + 1)};
}

std::vector<stream> list(store::reader& r, const group& g, const model::DescribeLogStreamsRequest& in,
                         const std::optional<place>& after, int64_t limit) {
  const bool by_time = in.orderBy == "LastEventTime", down = in.descending.value_or(false);
  const std::string_view key = by_time ? "(coalesce(last_ms, -1), name)" : "(0, name)";
  const std::string_view order = by_time
                                     ? (down ? "coalesce(last_ms, -1) DESC, name DESC" : "coalesce(last_ms, -1), name")
                                     : (down ? "name DESC" : "name");
  const auto sql = fmt::format(
      "SELECT {} FROM logs_streams WHERE account = ?1 AND region = ?2 AND group_id = ?3 AND "
      "substr(name, 1, length(?4)) = ?4 AND (?5 = 0 OR {} {} (?6, ?7)) ORDER BY {} LIMIT ?8",
      stream_columns, key, down ? "<" : ">", order);
  const int64_t last_ms = after && by_time ? after->last_ms : 0;
  const auto rows = r.query(sql, {g.scope.account, g.scope.region, g.id, in.logStreamNamePrefix.value_or(""),
                                  after.has_value(), last_ms, after ? after->name : "", limit});
  std::vector<stream> out;
  for (const auto& row : rows) out.push_back(read_stream(row));
  return out;
}

}  // namespace

api::answer<model::CreateLogStreamResponse> create_log_stream(service& s, api::call& call,
                                                              const model::CreateLogStreamRequest& in) {
  const auto now_ms = base::to_ms(s.host.env.now());
  return call.commit([&](store::transaction& t) -> api::answer<model::CreateLogStreamResponse> {
    MDLC_TRY(const auto g, find_group(t, call.context.scope, in.logGroupName));
    if (find_stream(t, g, in.logStreamName))
      return api::refuse("ResourceAlreadyExistsException", "The specified log stream already exists");
    t.run("INSERT INTO logs_streams (account, region, group_id, name, id, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
          {g.scope.account, g.scope.region, g.id, in.logStreamName, next_stream_id(t, g), now_ms});
    return model::CreateLogStreamResponse{};
  });
}

api::answer<model::DeleteLogStreamResponse> delete_log_stream(service& s, api::call& call,
                                                              const model::DeleteLogStreamRequest& in) {
  return call.commit([&](store::transaction& t) -> api::answer<model::DeleteLogStreamResponse> {
    MDLC_TRY(const auto g, find_group(t, call.context.scope, in.logGroupName));
    MDLC_TRY(const auto gone, find_stream(t, g, in.logStreamName));
    t.run("DELETE FROM logs_streams WHERE account = ?1 AND region = ?2 AND group_id = ?3 AND name = ?4",
          {g.scope.account, g.scope.region, g.id, gone.name});
    drop(t, g, gone.id);
    t.after_commit([&s] { s.sweeper.start(); });
    return model::DeleteLogStreamResponse{};
  });
}

api::answer<model::DescribeLogStreamsResponse> describe_log_streams(service& s, api::call& call,
                                                                    const model::DescribeLogStreamsRequest& in) {
  if (in.logStreamNamePrefix && in.orderBy == "LastEventTime")
    return api::refuse("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.");
  const auto after = in.nextToken ? read_token(*in.nextToken) : std::nullopt;
  if (in.nextToken && !after) return api::refuse("InvalidParameterException", "The specified nextToken is invalid.");
  const int64_t limit = in.limit.value_or(default_limit);
  return s.host.db.read([&](store::reader& r) -> api::answer<model::DescribeLogStreamsResponse> {
    MDLC_TRY(const auto g, find_group(r, call.context.scope, in.logGroupName, in.logGroupIdentifier));
    auto streams = list(r, g, in, after, limit + 1);
    model::DescribeLogStreamsResponse out;
    out.logStreams.emplace();
    if (static_cast<int64_t>(streams.size()) > limit) {
      streams.pop_back();
      out.nextToken = token_of(streams.back());
    }
    for (const auto& each : streams) out.logStreams->push_back(describe(g, each));
    return out;
  });
}

}  // namespace mdlc::services::logs
