// Starting a program confined: bubblewrap, an own unprivileged user where the server is root, a user namespace where it
// is not, own process, IPC and host name spaces, a mount view of /usr, a few files of /etc and the given binds, limits,
// and nothing inherited: no environment, no descriptors beyond the three, no signal dispositions.
//
// The program dies with the process that started it.
#pragma once

#include <functional>
#include <optional>

#include <sys/types.h>

#include "runner/program.h"

namespace mdlc::runner {

// Users of the machine that belong to nobody else, for programs of a root server.
inline constexpr uid_t default_first_uid = 200000;
inline constexpr uid_t default_uid_count = 60000;

struct identity {
  uid_t uid;
  gid_t gid;
};

// The user as which programs of this key run: where the server is root one of the range (MDLC_JOB_UIDS=first:count
// moves it), otherwise the server's own. Two keys may share a user: they still do not see each other.
identity identity_for(std::string_view key);

// A program that runs. Movable; dropping it kills the program and waits. One thread at a time, but for kill.
class process {
 public:
  process(process&&) noexcept;
  process& operator=(process&&) = delete;
  ~process();

  // SIGTERM to the program itself (inside its namespace only its own handler decides what follows). False where
  // bubblewrap has not come to start it yet: ask again.
  bool terminate();
  // The end of all its processes.
  void kill() const;

  // The most memory that the program itself had resident so far; 0 where that is not known.
  int64_t peak_memory_bytes();

  // Readable once it ended.
  int ended_fd() const { return pidfd_.get(); }

  struct end {
    std::optional<int> exit_code;
    std::optional<int> signal;
  };
  end wait();
  std::optional<end> wait_if_ended();

 private:
  friend base::result<process> start(const program&, int, int);
  process(pid_t pid, sys::descriptor pidfd, sys::descriptor status)
      : pid_(pid), pidfd_(std::move(pidfd)), status_(std::move(status)) {}
  end reaped(int status);
  pid_t first();

  pid_t pid_ = -1;
  sys::descriptor pidfd_;
  sys::descriptor status_;  // bubblewrap tells there which process is the namespace's first
  pid_t first_ = 0;         // that one, once read
  pid_t program_ = 0;       // its child, once asked for
  std::optional<end> end_;
};

// Starts it with standard input empty and output and errors going to the two descriptors, which stay the caller's.
// Thread-safe. An error says why the program could not be started at all; what fails inside (no such file, a mount)
// is an exit code and a line on `err`.
base::result<process> start(const program&, int out, int err);

}  // namespace mdlc::runner
