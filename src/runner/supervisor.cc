#include "runner/supervisor.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runner/confine.h"
#include "runner/files.h"
#include "sys/crash_point.h"

namespace mdlc::runner {
namespace {

constexpr int lock_tries = 200;                 // 10 ms apart: a look at the folder holds the lock for a moment
constexpr size_t disk_entries_max = 1'000'000;  // more files than this count as a full disk

int64_t monotonic_ms() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

void complain(std::string_view what) { fmt::print(stderr, "mdlc supervise: {}\n", what); }

sys::descriptor take_lock(const sys::path& folder) {
  for (int i = 0; i < lock_tries; ++i) {
    auto lock = sys::try_lock(folder / lock_file);
    if (!lock) {
      complain(lock.error().message);
      return {};
    }
    if (*lock) return std::move(*lock);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return {};
}

void tell_starter() {
  struct stat about;
  if (fstat(handshake_fd, &about) != 0 || !S_ISFIFO(about.st_mode)) return;
  if (write(handshake_fd, "L", 1) < 0) complain("the starter is gone");
  close(handshake_fd);
}

// What the program prints goes to the log up to its bound; the rest is read and dropped, so that it never blocks.
class log_pump {
 public:
  log_pump(const sys::path& folder, int64_t limit_bytes) : left_(limit_bytes) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == 0) read_ = sys::descriptor{ends[0]}, write_ = sys::descriptor{ends[1]};
    log_ = sys::descriptor{open((folder / log_file).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    if (read_) fcntl(read_.get(), F_SETFL, O_NONBLOCK);
  }
  bool is_open() const { return read_ && log_; }
  int input() const { return write_.get(); }
  void close_input() { write_ = {}; }
  int fd() const { return read_.get(); }

  // False at the end of the input.
  bool pump() {
    char buffer[65536];
    ssize_t got = read(read_.get(), buffer, sizeof buffer);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    keep({buffer, static_cast<size_t>(got)});
    return true;
  }

  // Everything that is there; the program has ended.
  void drain() {
    pollfd waiting{read_.get(), POLLIN, 0};
    while (poll(&waiting, 1, 0) > 0 && pump()) {
    }
  }

 private:
  void keep(std::string_view text) {
    if (left_ <= 0) return;
    const bool last = static_cast<int64_t>(text.size()) >= left_;
    put(text.substr(0, static_cast<size_t>(left_)));
    left_ -= static_cast<int64_t>(text.size());
    if (last) put("\n[mdlc: the log reached its bound; what follows is not kept]\n");
  }
  void put(std::string_view text) {
    while (!text.empty()) {
      ssize_t wrote = write(log_.get(), text.data(), text.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return;  // the disk is full: the job goes on without its log
      text.remove_prefix(static_cast<size_t>(wrote));
    }
  }

  sys::descriptor read_, write_, log_;
  int64_t left_;
};

// Bytes that writable binds take; links are not followed.
int64_t disk_usage(const program& p) {
  int64_t bytes = 0;
  size_t entries = 0;
  for (const auto& b : p.binds) {
    if (!b.writable) continue;
    std::error_code error;
    std::filesystem::recursive_directory_iterator at{b.from, std::filesystem::directory_options::skip_permission_denied,
                                                     error};
    for (; !error && at != std::filesystem::recursive_directory_iterator{}; at.increment(error)) {
      if (++entries > disk_entries_max) return std::numeric_limits<int64_t>::max();
      struct stat about;
      if (lstat(at->path().c_str(), &about) == 0 && about.st_nlink == 1) bytes += int64_t{about.st_blocks} * 512;
    }
  }
  return bytes;
}

class keeper {
 public:
  keeper(const sys::path& folder, const job_spec& spec, process& running, log_pump& log, const feeding& feeds)
      : folder_(folder), spec_(spec), running_(running), log_(log), feeds_(feeds) {
    news_ = sys::descriptor{inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
    if (inotify_add_watch(news_.get(), folder.c_str(), IN_MOVED_TO) < 0) complain("cannot watch for a stop");
  }

  // Until the program has ended.
  cause keep() {
    const int64_t began_ms = monotonic_ms();
    if (spec_.max_runtime_ms > 0) runtime_ends_ms_ = began_ms + spec_.max_runtime_ms;
    next_disk_check_ms_ = began_ms + disk_check_ms;
    look_for_stop();
    while (true) {
      pollfd waiting[] = {{running_.ended_fd(), POLLIN, 0},
                          {news_.get(), POLLIN, 0},
                          {log_open_ ? log_.fd() : -1, POLLIN, 0},
                          {cause_ == cause::none ? feeds_.failed_fd() : -1, POLLIN, 0}};
      poll(waiting, 4, timeout_ms());
      if (waiting[2].revents) log_open_ = log_.pump();
      if (waiting[0].revents) break;
      if (waiting[1].revents) {
        char buffer[4096];
        while (read(news_.get(), buffer, sizeof buffer) > 0) {
        }
        look_for_stop();
      }
      if (waiting[3].revents && cause_ == cause::none) end(cause::bad_input, 0);
      pass_time(monotonic_ms());
    }
    log_.drain();
    return cause_;
  }

 private:
  void look_for_stop() {
    if (cause_ != cause::none) return;
    if (auto grace_ms = stop_requested(folder_, spec_.stop_grace_ms)) end(cause::stopped, *grace_ms);
  }

  void end(cause why, int64_t grace_ms) {
    cause_ = why;
    if (grace_ms > 0) {
      is_told_ = running_.terminate();
      kill_ms_ = monotonic_ms() + grace_ms;
    } else {
      running_.kill();
    }
  }

  void pass_time(int64_t now_ms) {
    if (kill_ms_ > 0 && !is_told_) is_told_ = running_.terminate();
    if (kill_ms_ > 0 && now_ms >= kill_ms_) {
      running_.kill();
      kill_ms_ = 0;
    }
    if (cause_ != cause::none) return;
    if (runtime_ends_ms_ > 0 && now_ms >= runtime_ends_ms_) return end(cause::max_runtime, spec_.stop_grace_ms);
    if (now_ms < next_disk_check_ms_) return;
    next_disk_check_ms_ = now_ms + disk_check_ms;
    const int64_t bound = spec_.program.limits.disk_bytes;
    if (bound > 0 && disk_usage(spec_.program) > bound) end(cause::disk_full, 0);
  }

  int timeout_ms() const {
    int64_t due = next_disk_check_ms_;
    if (cause_ != cause::none)
      due = kill_ms_ > 0 && !is_told_ ? monotonic_ms() + tell_again_ms : kill_ms_;
    else if (runtime_ends_ms_ > 0)
      due = std::min(due, runtime_ends_ms_);
    if (due == 0) return -1;
    return static_cast<int>(std::clamp<int64_t>(due - monotonic_ms(), 0, 60'000));
  }

  const sys::path& folder_;
  const job_spec& spec_;
  process& running_;
  log_pump& log_;
  const feeding& feeds_;
  sys::descriptor news_;
  bool log_open_ = true;
  cause cause_ = cause::none;
  int64_t runtime_ends_ms_ = 0, kill_ms_ = 0, next_disk_check_ms_ = 0;
  bool is_told_ = false;  // the program, that it is to end
};

outcome run(const sys::path& folder, const job_spec& spec) {
  outcome o;
  log_pump log{folder, spec.log_bytes};
  if (!log.is_open()) {
    o.error = fmt::format("the job's log cannot be opened: {}", std::strerror(errno));
    return o;
  }
  if (stop_requested(folder, 0)) {
    o.cause = cause::stopped;
    return o;
  }
  auto feeds = feeding::prepare(spec.feeds);
  if (!feeds) {
    o.error = feeds.error().message;
    return o;
  }
  o.spawned_ns = now_ns();
  auto running = start(spec.program, log.input(), log.input());
  if (!running) {
    o.spawned_ns = 0;
    o.error = running.error().message;
    return o;
  }
  log.close_input();
  (*feeds)->begin();
  o.cause = keeper{folder, spec, *running, log, **feeds}.keep();
  if (o.cause == cause::bad_input) o.error = (*feeds)->failure();
  const auto end = running->wait();
  o.exited_ns = now_ns();
  o.exit_code = end.exit_code;
  o.signal = end.signal;
  return o;
}

}  // namespace

int supervise(const sys::path& folder) {
  for (int signal : {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
  umask(077);
  if (chdir("/") != 0) return 1;
  const auto lock = take_lock(folder);
  if (!lock) return 1;
  tell_starter();
  std::error_code error;
  if (std::filesystem::exists(folder / started_file, error)) return 0;
  auto spec = read_spec(folder);
  if (!spec) {
    complain(spec.error().message);
    return 1;
  }
  sys::crash_point("supervisor.before_mark");
  if (auto marked = sys::write_file_durably(folder / started_file, std::to_string(now_ns())); !marked) {
    complain(marked.error().message);
    return 1;
  }
  sys::crash_point("supervisor.before_exec");
  const auto ended = run(folder, *spec);
  sys::crash_point("supervisor.before_outcome");
  if (auto written = write_outcome(folder, ended); !written) {
    complain(written.error().message);
    return 1;
  }
  return 0;
}

}  // namespace mdlc::runner
