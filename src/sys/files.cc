#include "sys/files.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mdlc::sys {
namespace {

auto fail(std::string_view what, const path& where) {
  return base::fail(fmt::format("{} {}: {}", what, where.string(), std::strerror(errno)));
}

}  // namespace

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

descriptor::~descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int descriptor::release() { return std::exchange(fd_, -1); }

base::result<std::string> read_file(const path& from) {
  descriptor file{::open(from.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return fail("cannot open", from);
  std::string content;
  char buffer[65536];
  while (true) {
    ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got == 0) return content;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("cannot read", from);
    content.append(buffer, static_cast<size_t>(got));
  }
}

base::result<void> write_file_durably(const path& to, std::string_view content, unsigned mode) {
  path beside = to;
  beside += ".new";
  descriptor file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
  if (!file) return fail("cannot write", beside);
  while (!content.empty()) {
    ssize_t put = ::write(file.get(), content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail("cannot write", beside);
    content.remove_prefix(static_cast<size_t>(put));
  }
  if (::fsync(file.get()) != 0) return fail("cannot sync", beside);
  if (::rename(beside.c_str(), to.c_str()) != 0) return fail("cannot rename to", to);
  return sync_folder(to.parent_path());
}

base::result<void> sync_folder(const path& folder) {
  descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened || ::fsync(opened.get()) != 0) return fail("cannot sync", folder);
  return {};
}

base::result<void> make_folder(const path& folder, unsigned mode) {
  std::error_code error;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), mode) == 0 || (errno == EEXIST && std::filesystem::is_directory(folder, error)))
    return {};
  return fail("cannot make", folder);
}

base::result<descriptor> try_lock(const path& file) {
  descriptor opened{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!opened) return fail("cannot open", file);
  if (::flock(opened.get(), LOCK_EX | LOCK_NB) == 0) return opened;
  if (errno == EWOULDBLOCK) return descriptor{};
  return fail("cannot lock", file);
}

}  // namespace mdlc::sys
