#include "services/cloudformation/stacks.h"

namespace mdlc::services::cloudformation {

std::span<const store::migration> schema() {
  static constexpr std::array steps{store::migration{1, R"sql(
    CREATE TABLE cloudformation_stacks (
      account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
      status TEXT NOT NULL, status_reason TEXT NOT NULL, description TEXT NOT NULL,
      template TEXT NOT NULL, parameters TEXT NOT NULL, tags TEXT NOT NULL, outputs TEXT NOT NULL,
      capabilities TEXT NOT NULL, operation TEXT NOT NULL, role TEXT NOT NULL,
      protected INTEGER NOT NULL, disable_rollback INTEGER NOT NULL,
      created_ms BIGINT NOT NULL, updated_ms BIGINT, deleted_ms BIGINT,
      PRIMARY KEY (account, region, id));
    CREATE UNIQUE INDEX cloudformation_live_names ON cloudformation_stacks (account, region, name)
      WHERE deleted_ms IS NULL;
    CREATE TABLE cloudformation_resources (
      account TEXT NOT NULL, region TEXT NOT NULL, stack_id TEXT NOT NULL, logical_id TEXT NOT NULL,
      item TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, updated_ms BIGINT NOT NULL,
      PRIMARY KEY (account, region, stack_id, logical_id));
    CREATE TABLE cloudformation_events (
      account TEXT NOT NULL, region TEXT NOT NULL, stack_id TEXT NOT NULL, number BIGINT NOT NULL,
      logical_id TEXT NOT NULL, physical_id TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
      reason TEXT NOT NULL, properties TEXT NOT NULL, token TEXT NOT NULL, at_ms BIGINT NOT NULL,
      PRIMARY KEY (account, region, stack_id, number));
    CREATE TABLE cloudformation_exports (
      account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, stack_id TEXT NOT NULL, value TEXT NOT NULL,
      PRIMARY KEY (account, region, name));
    CREATE TABLE cloudformation_imports (
      account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, stack_id TEXT NOT NULL,
      PRIMARY KEY (account, region, name, stack_id));
    CREATE TABLE cloudformation_change_sets (
      account TEXT NOT NULL, region TEXT NOT NULL, stack_id TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL,
      content TEXT NOT NULL, created_ms BIGINT NOT NULL,
      PRIMARY KEY (account, region, stack_id, name));
  )sql"},
                                    // What a failed operation left (see aftermath), and what DescribeStacks shows.
                                    store::migration{2, R"sql(
    ALTER TABLE cloudformation_stacks ADD COLUMN aftermath TEXT NOT NULL DEFAULT '';
    ALTER TABLE cloudformation_stacks ADD COLUMN timeout_minutes BIGINT;
    ALTER TABLE cloudformation_stacks ADD COLUMN change_set TEXT NOT NULL DEFAULT '';
  )sql"}};
  return steps;
}

}  // namespace mdlc::services::cloudformation
