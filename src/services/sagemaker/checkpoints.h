// A training job's checkpoints: what earlier jobs left below CheckpointConfig.S3Uri is there when the program begins,
// and what it leaves is there for later ones: files that rest are stored while it runs, all others when it has ended,
// whatever its end. What did not change is not stored again, also after a restart. What the program removes stays in
// S3.
#pragma once

#include <map>
#include <thread>

#include "services/sagemaker/inputs.h"

namespace mdlc::services::sagemaker {

inline constexpr int checkpoint_interval_ms = 2'000;  // a file that did not change for that long rests

// Where the program finds them; nothing if the job has none.
std::optional<std::string> checkpoint_place(const job&);

// The objects as files of the program's own, in ml/checkpoints of the job's folder. An error is the customer's.
base::result<void> fetch_checkpoints(run&);

// Stores them, in a thread of its own; does nothing for a job that has none.
class checkpoint_sync {
 public:
  explicit checkpoint_sync(run&);
  checkpoint_sync(const checkpoint_sync&) = delete;
  // Stores what is left. The program has ended. An error is the customer's.
  base::result<void> finish();

 private:
  // What tells one state of a file from another.
  using stamp = std::string;

  void watch(const std::stop_token&);
  // Stores the files that changed: those that rest, or all.
  base::result<void> store(bool all, const std::stop_token&);
  base::result<void> store_file(int folder, const sys::path& relative, bool all, const std::stop_token&);

  run& run_;
  const std::string job_id_;
  std::optional<s3_place> to_;
  std::map<std::string, stamp> stored_, seen_;  // by path: what S3 has, and what the last look saw
  std::jthread thread_;
};

}  // namespace mdlc::services::sagemaker
