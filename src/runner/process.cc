#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "runner/launch.h"

namespace mdlc::runner {
namespace {

struct channel {
  sys::descriptor read, write;
};

base::result<channel> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return base::fail(fmt::format("pipe: {}", std::strerror(errno)));
  return channel{sys::descriptor{ends[0]}, sys::descriptor{ends[1]}};
}

// The one thread that forks. The kernel sends a parent-death signal when the *thread* that forked ends, and a thread of
// a pool may end long before the process does.
class forker {
 public:
  static forker& only() {
    static auto* f = new forker;  // outlives every static that may still start programs
    return *f;
  }

  void run(const std::function<void()>& task) {
    std::unique_lock lock{mutex_};
    bool done = false;
    tasks_.push_back([&] {
      task();
      std::lock_guard inner{mutex_};
      done = true;
      done_.notify_all();
    });
    wake_.notify_one();
    done_.wait(lock, [&] { return done; });
  }

 private:
  forker() {
    std::thread{[this] { loop(); }}.detach();
  }
  [[noreturn]] void loop() {
    while (true) {
      std::unique_lock lock{mutex_};
      wake_.wait(lock, [&] { return !tasks_.empty(); });
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::deque<std::function<void()>> tasks_;
};

int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

std::string read_now(int fd) {
  char buffer[4096];
  std::string all;
  pollfd waiting{fd, POLLIN, 0};
  while (poll(&waiting, 1, 0) > 0) {
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got <= 0) break;
    all.append(buffer, static_cast<size_t>(got));
  }
  return all;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> out;
  auto text = sys::read_file(fmt::format("/proc/{}/task/{}/children", pid, pid));
  if (!text) return out;
  for (char *at = text->data(), *end = nullptr;; at = end) {
    const long child = std::strtol(at, &end, 10);
    if (end == at) return out;
    out.push_back(static_cast<pid_t>(child));
  }
}

}  // namespace

base::result<process> start(const program& p, int out, int err) {
  MDLC_TRY(auto status, make_pipe());
  MDLC_TRY(auto errors, make_pipe());
  MDLC_TRY(auto l, prepare(p, status.write.get()));
  std::vector<char*> argv;
  for (auto& word : l.argv) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_t pid = -1;
  forker::only().run([&] {
    pid = fork();
    if (pid == 0) become(l, argv.data(), out, err, status.write.get(), errors.write.get(), parent);
  });
  if (pid < 0) return base::fail(fmt::format("fork: {}", std::strerror(errno)));
  errors.write = {};
  status.write = {};
  char why[256];
  ssize_t got;
  std::string reason;
  while ((got = read(errors.read.get(), why, sizeof why)) > 0 || (got < 0 && errno == EINTR))
    if (got > 0) reason.append(why, static_cast<size_t>(got));
  if (!reason.empty()) {
    waitpid(pid, nullptr, 0);
    return base::fail(fmt::format("the program cannot be started confined: {}", reason));
  }
  return process{pid, sys::descriptor{open_pidfd(pid)}, std::move(status.read)};
}

process::process(process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      status_(std::move(other.status_)),
      first_(other.first_),
      program_(other.program_),
      end_(other.end_) {}

process::~process() {
  if (pid_ < 0 || end_) return;
  kill();
  wait();
}

void process::kill() const {
  if (pid_ > 0 && !end_) syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

// The namespace's first process; 0 where bubblewrap has not told yet.
pid_t process::first() {
  if (first_ != 0) return first_;
  const auto told = read_now(status_.get());
  const auto at = told.find("\"child-pid\": ");
  if (at != std::string::npos) first_ = static_cast<pid_t>(std::strtol(told.c_str() + at + 13, nullptr, 10));
  return first_;
}

int64_t process::peak_memory_bytes() {
  if (program_ == 0 && first() != 0)
    if (const auto children = children_of(first_); !children.empty()) program_ = children.front();
  if (program_ == 0 || end_) return 0;
  const auto status = sys::read_file(fmt::format("/proc/{}/status", program_));
  const auto at = status ? status->find("VmHWM:") : std::string::npos;
  return at == std::string::npos ? 0 : std::strtoll(status->c_str() + at + 6, nullptr, 10) * 1024;
}

bool process::terminate() {
  // bubblewrap itself would just die, and the program with it at once: its own first process is what is meant.
  // That one is the child of the namespace's first process.
  if (first() == 0) return false;
  bool is_told = false;
  for (pid_t child : children_of(first_)) {
    sys::descriptor fd{open_pidfd(child)};
    const auto still = children_of(first_);  // the number was not handed to somebody else meanwhile
    if (fd && std::find(still.begin(), still.end(), child) != still.end())
      is_told |= syscall(SYS_pidfd_send_signal, fd.get(), SIGTERM, nullptr, 0) == 0;
  }
  return is_told;
}

process::end process::reaped(int status) {
  end e;
  if (WIFSIGNALED(status)) {
    e.signal = WTERMSIG(status);
  } else if (WEXITSTATUS(status) > 128 && WEXITSTATUS(status) < 128 + NSIG) {
    e.signal = WEXITSTATUS(status) - 128;  // bubblewrap tells a signal so, as a shell does
  } else {
    e.exit_code = WEXITSTATUS(status);
  }
  end_ = e;
  return e;
}

process::end process::wait() {
  if (end_) return *end_;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return reaped(status);
}

std::optional<process::end> process::wait_if_ended() {
  if (end_) return end_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  return reaped(status);
}

}  // namespace mdlc::runner
