// What the tests of this library share, and those of libraries that run functions.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "runner/runtimes_layout.h"
#include "sys/testing.h"

namespace mdlc::runner {

using sys::temporary_folder;

// Waits up to `seconds` for it to become true.
inline bool eventually(const std::function<bool()>& holds, int seconds = 20) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{seconds};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

// In place of `mdlc setup`: an environment for `python` in that runtimes folder, with `client` as its interface client.
inline void install_client(const sys::path& folder, const std::string& python, std::string_view client) {
  const auto interpreter = std::filesystem::canonical(python).string();
  const auto place = runtime_layout::place(folder, interpreter);
  std::filesystem::create_directories(place / runtime_layout::packages_folder / "awslambdaric");
  std::ofstream{place / runtime_layout::about_file} << runtime_layout::describe({{}, interpreter, "3.11.2"});
  std::ofstream{place / runtime_layout::packages_folder / "awslambdaric" / "__main__.py"} << client;
}

}  // namespace mdlc::runner
