#include "runner/relay.h"

#include <atomic>
#include <csignal>
#include <semaphore>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mdlc::runner {
namespace {

constexpr size_t piece_bytes = 64 << 10;
constexpr int exit_not_started = 127, exit_by_signal = 128;

int complain(const char* what) {
  fmt::print(stderr, "mdlc: {}: {}\n", what, strerrordesc_np(errno));
  return exit_not_started;
}

sys::descriptor listen_at(const sys::path& socket_file) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const auto text = socket_file.string();
  if (text.size() >= sizeof name.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  text.copy(name.sun_path, text.size());
  ::unlink(text.c_str());
  sys::descriptor fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) return {};
  if (::chmod(text.c_str(), 0666) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) return {};
  return fd;
}

sys::descriptor connect_to_server() {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(served_port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sys::descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) return {};
  const int yes = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

// Blocks until all is written; false when the reader is gone.
bool write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const auto n = ::send(fd, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

// From one to the other until its end, which is passed on.
void carry(int from, int to) {
  std::vector<char> piece(piece_bytes);
  while (true) {
    const auto n = ::recv(from, piece.data(), piece.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || !write_all(to, piece.data(), static_cast<size_t>(n))) break;
  }
  ::shutdown(to, SHUT_WR);
  ::shutdown(from, SHUT_RD);
}

// A thread for each direction: a server may answer before it has read all, and neither may wait for the other.
void join(sys::descriptor client) {
  const auto server = connect_to_server();
  if (!server) return;
  std::thread answers{[&] { carry(server.get(), client.get()); }};
  carry(client.get(), server.get());
  answers.join();
}

void accept_forever(int listening) {
  static std::counting_semaphore<relayed_connections_max> room{relayed_connections_max};
  while (true) {
    room.acquire();
    sys::descriptor client{::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC)};
    if (!client) {
      room.release();
      if (errno == EINTR || errno == ECONNABORTED) continue;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});  // out of descriptors, for example
      continue;
    }
    std::thread{[c = std::move(client)]() mutable {
      join(std::move(c));
      room.release();
    }}.detach();
  }
}

pid_t start(const std::vector<std::string>& argv) {
  std::vector<char*> arguments;
  for (const auto& a : argv) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&how, &none);
  pid_t child = 0;
  errno = ::posix_spawnp(&child, arguments[0], nullptr, &how, arguments.data(), environ);
  posix_spawnattr_destroy(&how);
  return errno == 0 ? child : -1;
}

}  // namespace

int relay(const sys::path& socket, const std::vector<std::string>& argv) {
  sigset_t heard;
  sigemptyset(&heard);
  for (int s : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&heard, s);
  ::pthread_sigmask(SIG_BLOCK, &heard, nullptr);
  sys::descriptor listening = listen_at(socket);
  if (!listening) return complain(socket.c_str());
  const pid_t child = start(argv);
  if (child < 0) return complain(argv[0].c_str());
  // Let go on purpose: its thread ends with the process.
  std::thread{[fd = listening.release()] { accept_forever(fd); }}.detach();
  while (true) {
    int signal = 0;
    ::sigwait(&heard, &signal);
    if (signal != SIGCHLD) ::kill(child, signal);
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) != child) continue;
    std::fflush(nullptr);
    ::_exit(WIFSIGNALED(status) ? exit_by_signal + WTERMSIG(status) : WEXITSTATUS(status));
  }
}

}  // namespace mdlc::runner
