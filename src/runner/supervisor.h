// The process over one job; see job.h. What `mdlc supervise FOLDER` runs.
#pragma once

#include "sys/files.h"

namespace mdlc::runner {

// How often the space that the program's writable folders take is added up.
inline constexpr int64_t disk_check_ms = 5'000;
inline constexpr int64_t tell_again_ms = 20;  // that it is to end, a program that was not there yet

// Takes the job's lock, begins the program if it never was, stays until it ended and its outcome is durable. Ignores
// the signals that end a server or a terminal. Returns the process's exit code: 0 unless the job could not be kept.
int supervise(const sys::path& folder);

}  // namespace mdlc::runner
