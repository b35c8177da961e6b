// The files of a job's folder, in code. Internal to runner; job.h says what each one means.
#pragma once

#include "runner/job.h"

namespace mdlc::runner {

inline constexpr const char* spec_file = "spec.json";
inline constexpr const char* lock_file = "lock";
inline constexpr const char* started_file = "started";
inline constexpr const char* stop_file = "stop";
inline constexpr const char* log_file = "log";
inline constexpr const char* outcome_file = "outcome";

// The descriptor at which a supervisor finds a pipe; it writes a byte there once it holds the lock.
inline constexpr int handshake_fd = 3;

base::result<job_spec> read_spec(const sys::path& folder);
base::result<void> write_outcome(const sys::path& folder, const outcome&);
base::result<outcome> read_outcome(const sys::path& folder);
// The grace asked for, once a stop is requested.
std::optional<int64_t> stop_requested(const sys::path& folder, int64_t otherwise_ms);
int64_t now_ns();

}  // namespace mdlc::runner
