// Files and folders, with the syncs that durability needs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mdlc::sys {

using path = std::filesystem::path;

// An open descriptor, closed at the end of its life. Movable.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
  descriptor& operator=(descriptor&&) noexcept;
  ~descriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();

 private:
  int fd_ = -1;
};

base::result<std::string> read_file(const path&);
// Writes beside, fsyncs, renames over `to`, fsyncs the folder: readers see the old or the new, also after a crash.
base::result<void> write_file_durably(const path& to, std::string_view content, unsigned mode = 0600);
base::result<void> sync_folder(const path&);
// Makes the folder and its parents; only the last gets `mode`.
base::result<void> make_folder(const path&, unsigned mode = 0700);

// An exclusive flock on the file, which is made if need be. nullopt-like empty descriptor if somebody else holds it.
base::result<descriptor> try_lock(const path&);

}  // namespace mdlc::sys
