#include "runner/job.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/files.h"
#include "sys/crash_point.h"

namespace mdlc::runner {
namespace {

// A test's MDLC_CRASH_AT=supervisor.<point>:<n> means the n-th supervisor that this server starts.
std::optional<std::string> crash_setting_for_next() {
  static std::atomic<int> started{0};
  const char* setting = std::getenv("MDLC_CRASH_AT");
  if (!setting || !std::string_view{setting}.starts_with("supervisor.")) return std::nullopt;
  const std::string_view text{setting};
  const auto colon = text.find(':');
  const int wanted = colon == std::string_view::npos ? 1 : std::atoi(setting + colon + 1);
  if (++started != wanted) return std::nullopt;
  return fmt::format("MDLC_CRASH_AT={}", text.substr(0, colon));
}

// The supervisor belongs to no session, terminal or parent of ours. Only async-signal-safe calls.
[[noreturn]] void become_supervisor(const char* program, char* const* argv, char* const* environment, int pipe,
                                    int log) {
  setsid();
  if (fork() != 0) _exit(0);  // the grandchild is nobody's child but the machine's
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  const int handshake = fcntl(pipe, F_DUPFD_CLOEXEC, handshake_fd + 1);
  const int errors = fcntl(log, F_DUPFD_CLOEXEC, handshake_fd + 1);
  dup2(null, 0);
  dup2(null, 1);
  dup2(errors, 2);
  dup2(handshake, handshake_fd);
  syscall(SYS_close_range, static_cast<unsigned>(handshake_fd + 1), ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(program, argv, environment);
  _exit(127);
}

}  // namespace

base::result<void> begin(const sys::path& folder, const supervisor_command& command) {
  std::vector<std::string> words{command.program.string()};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  words.push_back(folder.string());
  std::vector<std::string> settings{"PATH=/usr/local/bin:/usr/bin:/bin"};
  if (const char* uids = std::getenv("MDLC_JOB_UIDS")) settings.push_back(fmt::format("MDLC_JOB_UIDS={}", uids));
  if (auto crash = crash_setting_for_next()) settings.push_back(*crash);
  std::vector<char*> argv, environment;
  for (auto& w : words) argv.push_back(w.data());
  for (auto& s : settings) environment.push_back(s.data());
  argv.push_back(nullptr);
  environment.push_back(nullptr);

  sys::descriptor log{open((folder / "supervisor.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  int ends[2];
  if (!log || pipe2(ends, O_CLOEXEC) != 0)
    return base::fail(fmt::format("cannot start a supervisor: {}", std::strerror(errno)));
  sys::descriptor reading{ends[0]}, writing{ends[1]};
  const pid_t child = fork();
  if (child == 0) become_supervisor(argv[0], argv.data(), environment.data(), writing.get(), log.get());
  if (child < 0) return base::fail(fmt::format("cannot start a supervisor: {}", std::strerror(errno)));
  writing = {};
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  char byte = 0;
  ssize_t got;
  while ((got = read(reading.get(), &byte, 1)) < 0 && errno == EINTR) {
  }
  if (got == 1) return {};
  // It ended without a word: killed, or never executed. What the folder says decides, at the next look.
  return {};
}

base::result<job_state> look(const sys::path& folder) {
  job_state s;
  // Opened for reading, so that its closing is no news to a watch.
  sys::descriptor lock{open((folder / lock_file).c_str(), O_RDONLY | O_CLOEXEC)};
  if (lock && flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return base::fail(fmt::format("cannot lock a job: {}", std::strerror(errno)));
    s.at = job_state::phase::running;
    return s;
  }
  // The lock is ours for as long as this takes, so what we read belongs together.
  std::error_code error;
  if (std::filesystem::exists(folder / outcome_file, error)) {
    MDLC_TRY(s.outcome, read_outcome(folder));
    s.at = job_state::phase::ended;
  } else if (std::filesystem::exists(folder / started_file, error)) {
    s.at = job_state::phase::died;
  }
  return s;
}

base::result<std::string> read_log(const sys::path& folder, int64_t offset, size_t limit) {
  sys::descriptor file{open((folder / log_file).c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return std::string{};
  std::string text(limit, '\0');
  ssize_t got;
  while ((got = pread(file.get(), text.data(), limit, offset)) < 0 && errno == EINTR) {
  }
  if (got < 0) return base::fail(fmt::format("cannot read a job's log: {}", std::strerror(errno)));
  text.resize(static_cast<size_t>(got));
  return text;
}

std::string read_log_end(const sys::path& folder, size_t limit) {
  std::error_code error;
  const auto size = std::filesystem::file_size(folder / log_file, error);
  if (error) return {};
  return read_log(folder, static_cast<int64_t>(size - std::min<uintmax_t>(size, limit)), limit).value_or("");
}

void append_log(const sys::path& folder, std::string_view text) {
  const sys::descriptor log{open((folder / log_file).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  while (!text.empty()) {
    const ssize_t wrote = write(log.get(), text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;  // as with a full disk later: the job goes on without its log
    text.remove_prefix(static_cast<size_t>(wrote));
  }
}

base::result<watch> watch::on(const sys::path& folder) {
  sys::descriptor events{inotify_init1(IN_CLOEXEC | IN_NONBLOCK)}, bell{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  // A supervisor opens its lock for writing: when it dies, however it dies, the file is closed.
  if (!events || !bell || inotify_add_watch(events.get(), folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_MODIFY) < 0)
    return base::fail(fmt::format("cannot watch {}: {}", folder.string(), std::strerror(errno)));
  return watch{std::move(events), std::move(bell)};
}

watch::news watch::wait(int timeout_ms) {
  news n;
  pollfd waiting[] = {{events_.get(), POLLIN, 0}, {bell_.get(), POLLIN, 0}};
  if (poll(waiting, 2, timeout_ms) <= 0) return n;
  uint64_t rings;
  n.woken = read(bell_.get(), &rings, sizeof rings) > 0;
  alignas(inotify_event) char buffer[16384];
  ssize_t got;
  while ((got = read(events_.get(), buffer, sizeof buffer)) > 0) {
    for (char* at = buffer; at < buffer + got;) {
      const auto* event = reinterpret_cast<inotify_event*>(at);
      const std::string_view name = event->len ? std::string_view{event->name} : std::string_view{};
      if (name == log_file)
        n.log = true;
      else if (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_Q_OVERFLOW | IN_IGNORED))
        n.state = true;
      at += sizeof(inotify_event) + event->len;
    }
  }
  return n;
}

void watch::wake() {
  const uint64_t one = 1;
  if (write(bell_.get(), &one, sizeof one) < 0) return;
}

}  // namespace mdlc::runner
