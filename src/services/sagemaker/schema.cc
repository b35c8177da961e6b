#include "services/sagemaker/schema.h"

namespace mdlc::services::sagemaker {
namespace {

// A job's request is what created it, in normal form; its progress is job.h's, as JSON. Phases are job.h's too: a job
// whose phase is not 'ended' is taken up again at a start.
//
// sagemaker_output: the objects whose results a transform job has published, so that no restart publishes them again;
// its rows go with the job's end.
constexpr store::migration steps[] = {{1, R"(
  CREATE TABLE sagemaker_job (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    phase TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    command_id TEXT NOT NULL,
    request TEXT NOT NULL,
    progress TEXT NOT NULL,
    PRIMARY KEY (account, region, kind, name)) WITHOUT ROWID;
  CREATE INDEX sagemaker_job_created ON sagemaker_job (account, region, kind, created_ms);
  CREATE INDEX sagemaker_job_open ON sagemaker_job (created_ms) WHERE phase <> 'ended';
  CREATE TABLE sagemaker_output (
    job_id TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (job_id, key)) WITHOUT ROWID;
  CREATE TABLE sagemaker_model (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    request TEXT NOT NULL,
    PRIMARY KEY (account, region, name)) WITHOUT ROWID;
  CREATE TABLE sagemaker_tag (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)) WITHOUT ROWID;
)"},
                                      // A tuning job's request and progress are tuning.h's, as JSON; one that has not
                                      // ended is looked at again at a start.
                                      {2, R"(
  CREATE TABLE sagemaker_tuning (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    request TEXT NOT NULL,
    progress TEXT NOT NULL,
    PRIMARY KEY (account, region, name)) WITHOUT ROWID;
  CREATE INDEX sagemaker_tuning_open ON sagemaker_tuning (created_ms) WHERE ended_ms IS NULL;
)"},
                                      // An endpoint's state is endpoint.h's, as JSON. sagemaker_server_log: how much
                                      // of a model server's log is in CloudWatch Logs.
                                      {3, R"(
  CREATE TABLE sagemaker_endpoint_config (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    request TEXT NOT NULL,
    PRIMARY KEY (account, region, name)) WITHOUT ROWID;
  CREATE TABLE sagemaker_endpoint (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (account, region, name)) WITHOUT ROWID;
  CREATE TABLE sagemaker_server_log (
    server_id TEXT NOT NULL,
    run BIGINT NOT NULL,
    log_offset BIGINT NOT NULL,
    PRIMARY KEY (server_id)) WITHOUT ROWID;
)"}};

}  // namespace

std::span<const store::migration> tables() { return steps; }

}  // namespace mdlc::services::sagemaker
