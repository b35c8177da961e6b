#include "runner/relay.h"

#include <csignal>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/testing.h"

namespace mdlc::runner {
namespace {

// The relay is the whole of its process.
pid_t begin(const sys::path& socket, const std::vector<std::string>& argv) {
  const pid_t child = fork();
  if (child == 0) _exit(relay(socket, argv));
  return child;
}

int end_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(relay, ends_as_its_program_does) {
  sys::temporary_folder folder;
  EXPECT_EQ(end_of(begin(folder.path() / "s", {"/bin/sh", "-c", "exit 7"})), 7);
  EXPECT_EQ(end_of(begin(folder.path() / "s", {"/bin/sh", "-c", "kill -KILL $$"})), 128 + SIGKILL);
  EXPECT_EQ(end_of(begin(folder.path() / "s", {"/there/is/none"})), 127);
  EXPECT_EQ(end_of(begin(folder.path() / std::string(200, 'x'), {"/bin/true"})), 127);
}

TEST(relay, passes_the_wish_to_end_on) {
  sys::temporary_folder folder;
  const auto ready = folder.path() / "ready";
  const auto child =
      begin(folder.path() / "s",
            {"/bin/sh", "-c", "trap 'exit 5' TERM; touch " + ready.string() + "; while true; do sleep 0.01; done"});
  while (!std::filesystem::exists(ready)) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  kill(child, SIGTERM);
  EXPECT_EQ(end_of(child), 5);
}

bool somebody_listens() {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(served_port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const sys::descriptor fd{::socket(AF_INET, SOCK_STREAM, 0)};
  return connect(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
}

TEST(relay, closes_where_nobody_listens) {
  if (somebody_listens()) GTEST_SKIP() << "something listens on port " << served_port << " of this machine";
  sys::temporary_folder folder;
  const auto socket = folder.path() / "s";
  const auto child = begin(socket, {"/bin/sleep", "60"});
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  socket.string().copy(name.sun_path, sizeof name.sun_path - 1);
  sys::descriptor fd{::socket(AF_UNIX, SOCK_STREAM, 0)};
  while (connect(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) != 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  char byte = 0;
  EXPECT_EQ(recv(fd.get(), &byte, 1, 0), 0);
  kill(child, SIGTERM);
  EXPECT_EQ(end_of(child), 128 + SIGTERM);
}

}  // namespace
}  // namespace mdlc::runner
