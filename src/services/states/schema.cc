#include "services/states/schema.h"

namespace mdlc::services::states {
namespace {

// A machine's uid is new with each creation: names recur. What an execution runs is a revision, which never changes.
// An execution's row is a projection of its journal, but for the revision that it names.
constexpr store::migration tables[] = {{1, R"(
  CREATE TABLE states_machine (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    uid TEXT NOT NULL,
    type TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    revision TEXT NOT NULL,
    versions BIGINT NOT NULL,
    PRIMARY KEY (account, region, name));
  CREATE TABLE states_revision (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    machine TEXT NOT NULL,
    revision TEXT NOT NULL,
    definition TEXT NOT NULL,
    role TEXT NOT NULL,
    type TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (machine, revision));
  CREATE TABLE states_version (
    machine TEXT NOT NULL,
    version BIGINT NOT NULL,
    revision TEXT NOT NULL,
    description TEXT,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (machine, version));
  CREATE TABLE states_alias (
    machine TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    routing TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (machine, name));
  CREATE TABLE states_activity (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (account, region, name));
  CREATE TABLE states_tag (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key));
  CREATE TABLE states_execution (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    machine_name TEXT NOT NULL,
    name TEXT NOT NULL,
    uid TEXT NOT NULL UNIQUE,
    arn TEXT NOT NULL UNIQUE,
    machine TEXT NOT NULL,
    revision TEXT NOT NULL,
    version_arn TEXT,
    alias_arn TEXT,
    trace TEXT,
    input TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    status TEXT NOT NULL,
    stopped_ms BIGINT,
    output TEXT,
    error TEXT,
    cause TEXT,
    last BIGINT NOT NULL);
  CREATE INDEX states_execution_of_machine ON states_execution (machine, id);
)"},
                                       {2, R"(
  ALTER TABLE states_execution ADD COLUMN map_run TEXT;
  ALTER TABLE states_execution ADD COLUMN items BIGINT;
  ALTER TABLE states_execution ADD COLUMN redrives BIGINT NOT NULL DEFAULT 0;
  ALTER TABLE states_execution ADD COLUMN redriven_ms BIGINT;
  ALTER TABLE states_execution ADD COLUMN redrive_token TEXT;
  CREATE INDEX states_execution_of_map_run ON states_execution (map_run, id) WHERE map_run IS NOT NULL;
  CREATE TABLE states_map_run (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    arn TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    execution TEXT NOT NULL,
    execution_uid TEXT NOT NULL,
    command TEXT NOT NULL,
    machine TEXT NOT NULL,
    machine_name TEXT NOT NULL,
    revision TEXT NOT NULL,
    plan TEXT NOT NULL,
    phase TEXT NOT NULL,
    status TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    stopped_ms BIGINT,
    max_concurrency BIGINT NOT NULL,
    tolerated_count BIGINT,
    tolerated_percentage DOUBLE PRECISION,
    spool TEXT NOT NULL,
    spool_bytes BIGINT NOT NULL,
    total BIGINT NOT NULL,
    position BIGINT NOT NULL,
    next_item BIGINT NOT NULL,
    error TEXT,
    cause TEXT,
    output TEXT,
    files TEXT NOT NULL,
    results_written BIGINT NOT NULL,
    redrives BIGINT NOT NULL,
    redriven_ms BIGINT,
    express BIGINT NOT NULL);
  CREATE INDEX states_map_run_of_execution ON states_map_run (execution, id);
  CREATE INDEX states_map_run_of_command ON states_map_run (execution_uid, command);
)"}};

}  // namespace

std::span<const store::migration> schema() { return tables; }

}  // namespace mdlc::services::states
