#include "services/iam/schema.h"

namespace mdlc::services::iam {

// Names keep their case and are told apart without it: `name` is the lower-case key, `shown` as it was given.
std::span<const store::migration> schema() {
  static constexpr store::migration steps[] = {
      {1, R"(
        CREATE TABLE iam_roles (
          account TEXT NOT NULL, name TEXT NOT NULL, shown TEXT NOT NULL, path TEXT NOT NULL, id TEXT NOT NULL,
          created_ms BIGINT NOT NULL, trust TEXT NOT NULL, description TEXT, session_seconds BIGINT NOT NULL,
          boundary TEXT, tags TEXT NOT NULL,
          PRIMARY KEY (account, name));
        CREATE TABLE iam_role_policies (
          account TEXT NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
          PRIMARY KEY (account, role, name));
        CREATE TABLE iam_attachments (
          account TEXT NOT NULL, role TEXT NOT NULL, policy TEXT NOT NULL,
          PRIMARY KEY (account, role, policy));
        CREATE TABLE iam_policies (
          account TEXT NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL, shown TEXT NOT NULL, path TEXT NOT NULL,
          id TEXT NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL, description TEXT,
          default_version BIGINT NOT NULL, last_version BIGINT NOT NULL, tags TEXT NOT NULL,
          PRIMARY KEY (account, name));
        CREATE UNIQUE INDEX iam_policies_arn ON iam_policies (arn);
        CREATE TABLE iam_policy_versions (
          account TEXT NOT NULL, policy TEXT NOT NULL, version BIGINT NOT NULL, document TEXT NOT NULL,
          created_ms BIGINT NOT NULL,
          PRIMARY KEY (account, policy, version));
      )"},
  };
  return steps;
}

}  // namespace mdlc::services::iam
