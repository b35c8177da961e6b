// Groups, streams and events as rows.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "api/error.h"
#include "base/arn.h"
#include "services/logs/model.h"
#include "store/database.h"

namespace mdlc::services::logs {

// What a page of events holds at most; the API's limits of GetLogEvents and FilterLogEvents.
inline constexpr int64_t max_events = 10'000;
inline constexpr int64_t max_page_bytes = 1024 * 1024;

extern const std::span<const store::migration> migrations;

struct group {
  base::scope scope;
  int64_t id = 0;
  std::string name;
  int64_t created_ms = 0;
  std::optional<int64_t> retention_days;
  int64_t bytes = 0;
  std::map<std::string, std::string> tags;
  std::string class_name = "STANDARD";
  std::optional<std::string> kms_key;
  bool is_protected = false;

  std::string arn() const;  // without ":*"
};

struct stream {
  int64_t id = 0;
  std::string name;
  int64_t created_ms = 0;
  std::optional<int64_t> first_ms, last_ms, ingested_ms;
};

// ResourceNotFoundException where there is none.
api::answer<group> find_group(store::reader&, const base::scope&, std::string_view name);
api::answer<stream> find_stream(store::reader&, const group&, std::string_view name);
// The group of a request that names it in either of two ways: by name, or by name or ARN.
api::answer<group> find_group(store::reader&, const base::scope&, const std::optional<std::string>& name,
                              const std::optional<std::string>& identifier);
// By an ARN, with or without ":*".
api::answer<group> find_group_by_arn(store::reader&, const base::scope&, std::string_view arn);

// New, or changed where it has an id. Throws store::failure if the name is taken.
void write_group(store::transaction&, group&);
std::vector<group> list_groups(store::reader&, const base::scope&, std::string_view after_name);

group read_group(const base::scope&, const store::row&);
stream read_stream(const store::row&);
inline constexpr std::string_view group_columns = "id, name, created_ms, retention_days, bytes, about";
inline constexpr std::string_view stream_columns = "id, name, created_ms, first_ms, last_ms, ingested_ms";

// Where an event stands among its group's: by time, then as they came in. Also a boundary: before that event.
struct position {
  int64_t timestamp_ms = 0;
  int64_t sequence = 0;
  auto operator<=>(const position&) const = default;
};
// 56 digits, as AWS's event ids have them; and back, nothing where it is none.
std::string print(const position&);
std::optional<position> parse_position(std::string_view);

// Marks the group's (stream 0) or one stream's events as gone; remove_dropped takes them away later, some at a time.
void drop(store::transaction&, const group&, int64_t stream_id);
bool remove_dropped(store::transaction&);

}  // namespace mdlc::services::logs
