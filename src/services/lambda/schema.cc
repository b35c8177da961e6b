#include "services/lambda/schema.h"

namespace mdlc::services::lambda {
namespace {

// A version's number is 0 for $LATEST, the only one that changes. `configuration` is the API's FunctionConfiguration.
// `code` is the SHA-256 of the zip file (code.h), `reserved` the function's reserved concurrency.
// lambda_events are invocations that were accepted and are not over; `begun` is set before one is handed to a function.
// lambda_stamps says when things happened, in nanoseconds since 1970 (log_writer.h).
constexpr std::string_view first = R"(
CREATE TABLE lambda_functions (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  last_version INTEGER NOT NULL,
  reserved INTEGER,
  tags TEXT NOT NULL,
  PRIMARY KEY (account, region, name));
CREATE TABLE lambda_versions (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  revision TEXT NOT NULL,
  code TEXT NOT NULL,
  code_size INTEGER NOT NULL,
  configuration TEXT NOT NULL,
  PRIMARY KEY (account, region, name, version));
CREATE INDEX lambda_versions_by_code ON lambda_versions (code);
CREATE TABLE lambda_aliases (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  alias TEXT NOT NULL,
  configuration TEXT NOT NULL,
  PRIMARY KEY (account, region, name, alias));
CREATE TABLE lambda_permissions (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  qualifier TEXT NOT NULL,
  revision TEXT NOT NULL,
  statements TEXT NOT NULL,
  PRIMARY KEY (account, region, name, qualifier));
CREATE TABLE lambda_events (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  qualifier TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  begun INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  details TEXT NOT NULL,
  payload BLOB NOT NULL,
  PRIMARY KEY (account, region, id));
CREATE INDEX lambda_events_by_time ON lambda_events (begun, due_ms);
CREATE TABLE lambda_stamps (
  sequence INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  worker TEXT NOT NULL,
  request_id TEXT,
  begun_ns INTEGER NOT NULL,
  ended_ns INTEGER NOT NULL);
)";

constexpr std::array steps{store::migration{1, first}};

}  // namespace

const std::span<const store::migration> migrations{steps};

}  // namespace mdlc::services::lambda
