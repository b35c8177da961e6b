#include "runner/records/data_files.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <fmt/format.h>

namespace mdlc::runner::records {

base::result<mapped_file> mapped_file::open(const sys::path& file) {
  const sys::descriptor fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat about;
  if (!fd || fstat(fd.get(), &about) != 0)
    return base::fail(fmt::format("File '{}' cannot be read", file.filename().string()));
  mapped_file m;
  m.size_ = static_cast<size_t>(about.st_size);
  if (m.size_ == 0) return m;
  void* at = mmap(nullptr, m.size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (at == MAP_FAILED) return base::fail(fmt::format("File '{}' cannot be read", file.filename().string()));
  madvise(at, m.size_, MADV_SEQUENTIAL);
  m.at_ = static_cast<const char*>(at);
  return m;
}

mapped_file::~mapped_file() {
  if (at_) munmap(const_cast<char*>(at_), size_);
}

std::vector<sys::path> data_files(const sys::path& folder) {
  std::vector<sys::path> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at{folder, error}, end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (!name.starts_with('.') && !name.starts_with('_') && at->is_regular_file(error)) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace mdlc::runner::records
