// What store's tests share: temp folders, and children that are killed at a crash point.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/testing.h"

namespace mdlc::store::testing {

struct ended_child {
  int signal;                         // that killed it, or 0
  std::vector<int64_t> acknowledged;  // what it said it was told
};

// Runs the disabled test `name` of this program in a process of its own, which is to be killed at `crash_at`. It finds
// its folder in MDLC_TEST_FOLDER and says what was acknowledged with acknowledge().
// A new program, not a fork alone: this one has threads, and has read MDLC_CRASH_AT already.
inline ended_child run_child(const std::string& name, const sys::path& folder, const std::string& crash_at) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::string filter = "--gtest_filter=" + name, told = std::to_string(ends[1]);
  pid_t child = fork();
  if (child == 0) {
    fcntl(ends[1], F_SETFD, 0);
    setenv("MDLC_CRASH_AT", crash_at.c_str(), 1);
    setenv("MDLC_TEST_FOLDER", folder.c_str(), 1);
    setenv("MDLC_TEST_PIPE", told.c_str(), 1);
    int quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, STDOUT_FILENO);
    execl("/proc/self/exe", "test", filter.c_str(), "--gtest_also_run_disabled_tests", nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "the child failed";
  ended_child ended{WIFSIGNALED(status) ? WTERMSIG(status) : 0, {}};
  std::istringstream lines(text);
  for (int64_t value; lines >> value;) ended.acknowledged.push_back(value);
  return ended;
}

inline sys::path child_folder() { return std::getenv("MDLC_TEST_FOLDER"); }

inline void acknowledge(int64_t value) {
  std::string line = std::to_string(value) + "\n";
  if (::write(std::atoi(std::getenv("MDLC_TEST_PIPE")), line.data(), line.size()) < 0) std::abort();
}

}  // namespace mdlc::store::testing
