// What the tests of this library share.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "sys/files.h"

namespace mdlc::runner {

class temporary_folder {
 public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "mdlc-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~temporary_folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  temporary_folder(const temporary_folder&) = delete;
  const sys::path& path() const { return path_; }
  sys::path operator/(std::string_view name) const { return path_ / name; }

 private:
  sys::path path_;
};

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
