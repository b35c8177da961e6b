// The parts of `start`: what bubblewrap is told, and the child between fork and exec. Internal to runner.
#pragma once

#include <vector>

#include "runner/confine.h"

namespace mdlc::runner {

inline constexpr const char* bubblewrap = "/usr/bin/bwrap";
inline constexpr const char* prlimit_program = "/usr/bin/prlimit";

// A root server's child mounts the binds' sources here, in a mount namespace of its own, before it gives up root: the
// unprivileged user could not walk to them (the data folder is closed to others). Bubblewrap takes them from here.
inline constexpr std::string_view staging_folder = "/tmp";

struct launch {
  identity who;
  bool stage_mounts = false;          // root with CAP_SYS_ADMIN
  std::vector<std::string> sources;   // what to stage, by the binds' order
  std::vector<std::string> staged;    // where: staging_folder/0, …
  std::vector<std::string> argv;      // bubblewrap's
  std::vector<sys::descriptor> kept;  // descriptors that argv names; they stay open over exec
};

// Everything that allocates happens here, before the fork.
base::result<launch> prepare(const program&, int status_fd);

// In the child: never returns. What fails goes as one line to `error_fd`. Only async-signal-safe calls.
[[noreturn]] void become(const launch&, char* const* argv, int out, int err, int status_fd, int error_fd, pid_t parent);

}  // namespace mdlc::runner
