#include "services/logs/rows.h"

namespace mdlc::services::logs {
namespace {

// Events are kept by group, as FilterLogEvents reads them, with an index by stream for GetLogEvents. A group counts the
// events that it ever got, which numbers them.
constexpr std::string_view first = R"(
CREATE TABLE logs_groups (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  id INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  retention_days INTEGER,
  bytes INTEGER NOT NULL,
  next_sequence INTEGER NOT NULL,
  about TEXT NOT NULL,
  PRIMARY KEY (account, region, name));
CREATE TABLE logs_streams (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  group_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  id INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  first_ms INTEGER,
  last_ms INTEGER,
  ingested_ms INTEGER,
  PRIMARY KEY (account, region, group_id, name));
CREATE TABLE logs_events (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  group_id INTEGER NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  stream_id INTEGER NOT NULL,
  ingested_ms INTEGER NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (account, region, group_id, timestamp_ms, sequence)) WITHOUT ROWID;
CREATE INDEX logs_events_by_stream ON logs_events (account, region, group_id, stream_id, timestamp_ms, sequence);
CREATE TABLE logs_dropped (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  group_id INTEGER NOT NULL,
  stream_id INTEGER NOT NULL,
  PRIMARY KEY (account, region, group_id, stream_id));
)";

constexpr std::array steps{store::migration{1, first}};

constexpr int64_t sweep_rows = 1000;
constexpr size_t position_digits = 56;
constexpr size_t sequence_digits = 19;

tl::unexpected<api::error> no_group() {
  return api::refuse("ResourceNotFoundException", "The specified log group does not exist.");
}

// Numbers are never used again while anything of their former owner is left.
int64_t next_group_id(store::transaction& t) {
  return t.first(
              "SELECT max(id) FROM (SELECT coalesce(max(id), 0) AS id FROM logs_groups UNION ALL SELECT "
              "coalesce(max(group_id), 0) FROM logs_dropped) AS used")
             ->integer(0) +
         1;
}

std::string print_about(const group& g) {
  json::object tags;
  for (const auto& [key, value] : g.tags) tags[key] = value;
  return json::print(json::object{{"tags", std::move(tags)},
                                  {"class", g.class_name},
                                  {"kms_key", g.kms_key ? json::value(*g.kms_key) : json::value()},
                                  {"protected", g.is_protected}});
}

}  // namespace

const std::span<const store::migration> migrations{steps};

std::string group::arn() const { return scope.arn("logs", fmt::format("log-group:{}", name)); }

group read_group(const base::scope& scope, const store::row& row) {
  const auto about = json::parse(row.text(5)).value();
  group out;
  out.scope = scope;
  out.id = row.integer(0);
  out.name = row.text(1);
  out.created_ms = row.integer(2);
  out.retention_days = row.integer_if(3);
  out.bytes = row.integer(4);
  for (const auto& [key, value] : about.at("tags").as_object())
    out.tags[std::string(key)] = json::view(value.as_string());
  out.class_name = json::text(about, "class");
  if (const auto key = json::text(about, "kms_key"); !key.empty()) out.kms_key = key;
  out.is_protected = about.at("protected").as_bool();
  return out;
}

stream read_stream(const store::row& row) {
  return {row.integer(0), row.text(1), row.integer(2), row.integer_if(3), row.integer_if(4), row.integer_if(5)};
}

api::answer<group> find_group(store::reader& r, const base::scope& scope, std::string_view name) {
  static const auto sql =
      fmt::format("SELECT {} FROM logs_groups WHERE account = ?1 AND region = ?2 AND name = ?3", group_columns);
  const auto row = r.first(sql, {scope.account, scope.region, name});
  if (!row) return no_group();
  return read_group(scope, *row);
}

api::answer<group> find_group(store::reader& r, const base::scope& scope, const std::optional<std::string>& name,
                              const std::optional<std::string>& identifier) {
  if (name.has_value() == identifier.has_value())
    return api::refuse("InvalidParameterException",
                       name ? "LogGroup name and LogGroup ARN are mutually exclusive parameters."
                            : "Please provide either logGroupName or logGroupIdentifier.");
  if (name) return find_group(r, scope, *name);
  return identifier->starts_with("arn:") ? find_group_by_arn(r, scope, *identifier) : find_group(r, scope, *identifier);
}

api::answer<group> find_group_by_arn(store::reader& r, const base::scope& scope, std::string_view text) {
  constexpr std::string_view kind = "log-group:";
  const auto arn = base::parse_arn(text);
  if (!arn || arn->service != "logs" || !arn->resource.starts_with(kind))
    return api::refuse("InvalidParameterException", fmt::format("Invalid resource ARN: {}", text));
  auto name = arn->resource.substr(kind.size());
  if (name.ends_with(":*")) name.resize(name.size() - 2);
  if (arn->account != scope.account || arn->region != scope.region) return no_group();
  return find_group(r, scope, name);
}

api::answer<stream> find_stream(store::reader& r, const group& in, std::string_view name) {
  static const auto sql = fmt::format(
      "SELECT {} FROM logs_streams WHERE account = ?1 AND region = ?2 AND group_id = ?3 AND name = ?4", stream_columns);
  const auto row = r.first(sql, {in.scope.account, in.scope.region, in.id, name});
  if (!row) return api::refuse("ResourceNotFoundException", "The specified log stream does not exist.");
  return read_stream(*row);
}

void write_group(store::transaction& t, group& g) {
  if (g.id != 0) {
    t.run("UPDATE logs_groups SET retention_days = ?4, about = ?5 WHERE account = ?1 AND region = ?2 AND name = ?3",
          {g.scope.account, g.scope.region, g.name, g.retention_days, print_about(g)});
    return;
  }
  g.id = next_group_id(t);
  t.run(
      "INSERT INTO logs_groups (account, region, name, id, created_ms, retention_days, bytes, next_sequence, about) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 1, ?7)",
      {g.scope.account, g.scope.region, g.name, g.id, g.created_ms, g.retention_days, print_about(g)});
}

std::vector<group> list_groups(store::reader& r, const base::scope& scope, std::string_view after_name) {
  static const auto sql = fmt::format(
      "SELECT {} FROM logs_groups WHERE account = ?1 AND region = ?2 AND name > ?3 ORDER BY name", group_columns);
  std::vector<group> out;
  r.each(sql, {scope.account, scope.region, after_name}, [&](const store::row& row) {
    out.push_back(read_group(scope, row));
    return true;
  });
  return out;
}

std::string print(const position& p) {
  return fmt::format("{:0{}}{:0{}}", p.timestamp_ms, position_digits - sequence_digits, p.sequence, sequence_digits);
}

std::optional<position> parse_position(std::string_view text) {
  if (text.size() != position_digits || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  // What print made has no more digits than an int64 holds.
  const auto number = [](std::string_view digits) -> std::optional<int64_t> {
    const size_t begin = std::min(digits.find_first_not_of('0'), digits.size());
    if (digits.size() - begin >= sequence_digits) return std::nullopt;
    int64_t out = 0;
    for (char c : digits.substr(begin)) out = out * 10 + (c - '0');
    return out;
  };
  const auto timestamp = number(text.substr(0, position_digits - sequence_digits));
  const auto sequence = number(text.substr(position_digits - sequence_digits));
  if (!timestamp || !sequence) return std::nullopt;
  return position{*timestamp, *sequence};
}

void drop(store::transaction& t, const group& g, int64_t stream_id) {
  t.run("INSERT INTO logs_dropped (account, region, group_id, stream_id) VALUES (?1, ?2, ?3, ?4)",
        {g.scope.account, g.scope.region, g.id, stream_id});
}

bool remove_dropped(store::transaction& t) {
  const auto row = t.first("SELECT account, region, group_id, stream_id FROM logs_dropped LIMIT 1");
  if (!row) return false;
  const auto &account = row->text(0), &region = row->text(1);
  const int64_t group_id = row->integer(2), stream_id = row->integer(3);
  const std::string where = fmt::format("account = ?1 AND region = ?2 AND group_id = ?3 AND (stream_id = ?4{})",
                                        stream_id == 0 ? " OR ?4 = 0" : "");
  const auto events = fmt::format(
      "DELETE FROM logs_events WHERE {0} AND (timestamp_ms, sequence) IN (SELECT "
      "timestamp_ms, sequence FROM logs_events WHERE {0} LIMIT ?5)",
      where);
  if (t.run(events, {account, region, group_id, stream_id, sweep_rows}) > 0) return true;
  if (stream_id == 0)
    t.run("DELETE FROM logs_streams WHERE account = ?1 AND region = ?2 AND group_id = ?3", {account, region, group_id});
  t.run("DELETE FROM logs_dropped WHERE account = ?1 AND region = ?2 AND group_id = ?3 AND stream_id = ?4",
        {account, region, group_id, stream_id});
  return true;
}

}  // namespace mdlc::services::logs
