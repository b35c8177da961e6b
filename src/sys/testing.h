// For tests: a folder of their own below the machine's folder for temporary files.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "sys/files.h"

namespace mdlc::sys {

// Made empty; removed with all it holds when it goes.
class temporary_folder {
 public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "mdlc-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  const sys::path& path() const { return path_; }
  sys::path operator/(std::string_view name) const { return path_ / name; }

 private:
  sys::path path_;
};

}  // namespace mdlc::sys
