// What the tests of this library share.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

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

}  // namespace mdlc::runner
