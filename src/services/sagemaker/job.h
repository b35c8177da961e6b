// A training, transform or processing job: its row, and how far it is.
//
//   queued -> staging -> running -> publishing -> ended
//
// Each step is one commit, and each phase can be taken up again after a restart: staging begins afresh in an empty
// folder, running finds its supervisor by the folder (runner/job.h), publishing repeats what the row does not say is
// published.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/host.h"
#include "base/arn.h"
#include "json/value.h"

namespace mdlc::services::sagemaker {

inline constexpr size_t failure_reason_max = 1024;

enum class kind { training, transform, processing };
inline constexpr kind all_kinds[] = {kind::training, kind::transform, kind::processing};
enum class phase { queued, staging, running, publishing, ended };

std::string_view name_of(kind);   // "training", as in rows, ARNs and sentences
std::string_view title_of(kind);  // "Training", as in events, log groups and at a sentence's begin
std::string_view name_of(phase);

struct job_key {
  base::scope scope;
  kind what;
  std::string name;
  auto operator<=>(const job_key&) const = default;

  std::string arn() const;
};

struct transition {
  std::string status;
  int64_t start_ms = 0;
  std::optional<int64_t> end_ms;
  std::string message;
};

struct progress {
  std::vector<transition> transitions;          // the last one is the secondary status
  std::optional<int64_t> started_ms, ended_ms;  // of the program's turn
  std::string failure_reason;
  bool stop_asked = false;
  bool over_runtime = false;
  std::string log_stream;
  int64_t log_offset = 0;                 // bytes of the program's log that are in CloudWatch Logs
  std::vector<int64_t> more_log_offsets;  // the same of a transform's other model servers, in order
  json::array metrics;                    // FinalMetricDataList
  json::array objective;     // of a tuning job's training job: each value of the objective, in order, up to a bound
  std::string artifact;      // the model's S3 URI once it is there
  std::string exit_message;  // what a processing program left in /opt/ml/output/message
  bool output_published = false;
  std::string boot_id;     // the machine's, when the folder was staged
  json::object container;  // a transform's model, as it was when the job was created
  // The program's, nanoseconds since 1970, by the supervisor; 0 while it has not ended. For measuring.
  int64_t spawned_ns = 0, exited_ns = 0;
};

struct job {
  job_key key;
  std::string id;      // names the folder; no two jobs ever have the same
  std::string status;  // InProgress, Completed, Failed, Stopping, Stopped
  phase at = phase::queued;
  int64_t created_ms = 0;
  int64_t modified_ms = 0;
  std::string command_id;
  json::object request;
  sagemaker::progress progress;

  const std::string& secondary() const { return progress.transitions.back().status; }
  // The secondary status from now on. A repeated one only gets the new message.
  void enter(std::string status, std::string message, int64_t now_ms);
  // Ended, with the status and its transition.
  void end(std::string status, std::string secondary, std::string message, int64_t now_ms);
};

std::optional<job> find_job(store::reader&, const job_key&);
std::vector<job> open_jobs(store::reader&);  // oldest first
void insert(store::transaction&, const job&);
void update(store::transaction&, const job&);
job read_job(const store::row&);  // of the columns below
inline constexpr std::string_view job_columns =
    "account, region, kind, name, id, status, phase, created_ms, modified_ms, command_id, request, progress";

}  // namespace mdlc::services::sagemaker
