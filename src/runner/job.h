// A job: a program under a supervisor of its own that outlives the server. Its folder is all that the two share:
//
//   spec.json   what to run; written before the supervisor starts
//   lock        held (flock) by the supervisor while it lives; a process number would prove nothing
//   started     synced before the program's exec: with it, no supervisor begins the program again
//   stop        the request to end it
//   log         what the program printed, bounded
//   outcome     how it ended; appears at once and for good
//
// Lock free and no `started`: never begun, begin it. Lock free, `started`, no `outcome`: the supervisor died, and the
// program with it.
#pragma once

#include <optional>
#include <string>

#include "runner/feed.h"
#include "runner/program.h"

namespace mdlc::runner {

inline constexpr int64_t default_log_bytes = int64_t{256} << 20;
inline constexpr int64_t default_stop_grace_ms = 120'000;  // from SIGTERM to SIGKILL, as SageMaker gives

struct job_spec {
  runner::program program;
  int64_t max_runtime_ms = 0;  // 0: no bound
  int64_t stop_grace_ms = default_stop_grace_ms;
  int64_t log_bytes = default_log_bytes;
  std::vector<feed> feeds;
};

// Why the supervisor ended the program, if it did.
enum class cause { none, stopped, max_runtime, disk_full, bad_input };

struct outcome {
  std::optional<int> exit_code;
  std::optional<int> signal;
  runner::cause cause = runner::cause::none;
  // Why it could not be started at all, or what of its feeds could not be given (bad_input); else empty.
  std::string error;
  int64_t spawned_ns = 0;  // since 1970; 0 where nothing was started
  int64_t exited_ns = 0;
};

struct job_state {
  enum class phase { not_begun, running, ended, died };
  phase at = phase::not_begun;
  std::optional<runner::outcome> outcome;  // where it ended
};

// How supervisors are started: this program with these arguments and the job's folder. In the server: {"supervise"}.
struct supervisor_command {
  sys::path program = "/proc/self/exe";
  std::vector<std::string> arguments = {"supervise"};
};

// The folder must exist. Durable when it returns.
base::result<void> write_spec(const sys::path& folder, const job_spec&);

// Starts a supervisor and returns once it holds the job's lock or has found that there is nothing left to do. Any
// number of times: the program begins at most once. The spec must be there.
base::result<void> begin(const sys::path& folder, const supervisor_command& = {});

base::result<job_state> look(const sys::path& folder);

// Asks the supervisor, running or yet to come, to end the program. Durable; once is enough. A negative grace: the
// spec's.
base::result<void> request_stop(const sys::path& folder, int64_t grace_ms = -1);

// At most `limit` bytes of the log from `offset`; empty at its end or where there is none yet.
base::result<std::string> read_log(const sys::path& folder, int64_t offset, size_t limit);
// The log's last bytes.
std::string read_log_end(const sys::path& folder, size_t limit);
// Puts text into the log, for what comes before the program; not while it runs.
void append_log(const sys::path& folder, std::string_view text);

// Waits for news of a job's folder.
class watch {
 public:
  static base::result<watch> on(const sys::path& folder);

  struct news {
    bool state = false;  // look() may say something else now
    bool log = false;    // the log grew
    bool woken = false;
  };
  // Until there is news, or for that long. One thread.
  news wait(int timeout_ms);
  // Ends the wait that runs or the next one. From any thread.
  void wake();

 private:
  watch(sys::descriptor events, sys::descriptor bell) : events_(std::move(events)), bell_(std::move(bell)) {}
  sys::descriptor events_, bell_;
};

}  // namespace mdlc::runner
