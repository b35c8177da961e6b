#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner/launch.h"

namespace mdlc::runner {
namespace {

constexpr size_t max_binds = 256;

void say(int fd, const char* text) {
  if (write(fd, text, std::strlen(text)) < 0) _exit(127);
}

[[noreturn]] void give_up(int error_fd, const char* step) {
  const char* reason = strerrordesc_np(errno);
  say(error_fd, step);
  say(error_fd, ": ");
  say(error_fd, reason ? reason : "unknown error");
  _exit(127);
}

// Needs root. The sources are opened before /tmp is covered, since they may lie in it.
void stage(const launch& l, int error_fd) {
  if (unshare(CLONE_NEWNS) != 0) give_up(error_fd, "unshare");
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) give_up(error_fd, "mount private");
  const size_t count = l.sources.size();
  if (count > max_binds) give_up(error_fd, "too many binds");
  int opened[max_binds];
  for (size_t i = 0; i < count; ++i)
    if ((opened[i] = open(l.sources[i].c_str(), O_PATH | O_CLOEXEC)) < 0) give_up(error_fd, l.sources[i].c_str());
  if (mount("mdlc", staging_folder.data(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m") != 0)
    give_up(error_fd, "mount tmpfs");
  for (size_t i = 0; i < count; ++i) {
    struct stat about;
    if (fstat(opened[i], &about) != 0) give_up(error_fd, "stat");
    const char* to = l.staged[i].c_str();
    if (S_ISDIR(about.st_mode) ? mkdir(to, 0755) != 0 : mknod(to, S_IFREG | 0644, 0) != 0)
      give_up(error_fd, "mount point");
    char from[32] = "/proc/self/fd/";
    char digits[12];
    size_t n = 0;
    for (int fd = opened[i]; fd > 0 || n == 0; fd /= 10) digits[n++] = static_cast<char>('0' + fd % 10);
    for (size_t at = std::strlen(from); n > 0;) from[at++] = digits[--n];
    if (mount(from, to, nullptr, MS_BIND | MS_REC, nullptr) != 0) give_up(error_fd, "bind");
  }
}

void drop_root(const launch& l, int error_fd) {
  if (geteuid() != 0) return;
  if (setgroups(0, nullptr) != 0) give_up(error_fd, "setgroups");
  if (setresgid(l.who.gid, l.who.gid, l.who.gid) != 0) give_up(error_fd, "setresgid");
  if (setresuid(l.who.uid, l.who.uid, l.who.uid) != 0) give_up(error_fd, "setresuid");
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

void become(const launch& l, char* const* argv, int out, int err, int status_fd, int error_fd, pid_t parent) {
  setsid();
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  // `out` may be 2 and `err` 1: first out of the way, then into place.
  const int out_copy = fcntl(out, F_DUPFD_CLOEXEC, 3), err_copy = fcntl(err, F_DUPFD_CLOEXEC, 3);
  if (null < 0 || dup2(null, 0) < 0 || dup2(out_copy, 1) < 0 || dup2(err_copy, 2) < 0)
    give_up(error_fd, "standard files");
  umask(022);
  if (l.stage_mounts) stage(l, error_fd);
  drop_root(l, error_fd);
  // After the change of user, which clears it. The parent may be gone already; then nobody would send the signal.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) give_up(error_fd, "the parent is gone");
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (chdir("/") != 0) give_up(error_fd, "chdir");
  if (syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) != 0) give_up(error_fd, "close_range");
  fcntl(status_fd, F_SETFD, 0);
  for (const auto& fd : l.kept) fcntl(fd.get(), F_SETFD, 0);
  reset_signals();
  char* const nothing[] = {nullptr};
  execve(bubblewrap, argv, nothing);
  give_up(error_fd, bubblewrap);
}

}  // namespace mdlc::runner
