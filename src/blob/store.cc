#include "blob/store.h"

#include <cerrno>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"

namespace mdlc::blob {
namespace {

constexpr size_t name_bytes = 16;  // of chance, printed in hex; the first two digits are the folder
// Folders can be passed through but not listed, files can be read and not written: a job's own user can be given a file
// by name, and finds no other.
constexpr mode_t folder_mode = 0711;
constexpr mode_t file_mode = 0444;

constexpr auto young = std::chrono::hours{1};  // what another thread may be about to publish

auto fail(std::string_view what, const sys::path& where) {
  return base::fail(fmt::format("{} {}: {}", what, where.string(), std::strerror(errno)));
}

bool is_name(std::string_view name) {
  return name.size() == 2 * name_bytes && name.find_first_not_of("0123456789abcdef") == name.npos;
}

class folder_store;

class file_writer : public writer {
 public:
  file_writer(folder_store& owner, std::string name, sys::path file, sys::descriptor open)
      : owner_(owner), name_(std::move(name)), path_(std::move(file)), file_(std::move(open)) {}
  ~file_writer() override;
  base::result<void> write(std::string_view bytes) override;
  int64_t written() const override { return written_; }
  base::result<ref> finish() override;

 private:
  folder_store& owner_;
  const std::string name_;
  const sys::path path_;
  sys::descriptor file_;
  int64_t written_ = 0;
  bool finished_ = false;
};

class folder_store : public store {
 public:
  folder_store(const sys::path& folder, sys::env& env) : folder_(folder), env_(env), opened_at_(env.now()) {}

  base::result<std::unique_ptr<writer>> stage() override {
    char chance[name_bytes];
    env_.random_bytes(chance, sizeof chance);
    std::string name = base::to_hex({chance, sizeof chance});
    auto file = path_of(name);
    MDLC_CHECK(make_fan_out(file.parent_path()));
    {
      std::lock_guard lock(mutex_);
      unfinished_.insert(name);
    }
    sys::descriptor open{::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!open) {
      auto failed = fail("cannot make", file);
      done(name);
      return failed;
    }
    return std::make_unique<file_writer>(*this, std::move(name), std::move(file), std::move(open));
  }

  base::result<slice> open_slice(const ref& r, int64_t offset, int64_t count) override {
    if (!is_name(r.name)) return base::fail("no name of a blob: " + r.name);
    if (offset < 0 || count < 0 || offset > r.size - count)
      return base::fail(fmt::format("{} bytes from {} of a blob of {}", count, offset, r.size));
    auto file = path_of(r.name);
    auto open = std::make_shared<sys::descriptor>(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!*open) return fail("cannot open", file);
    struct stat found;
    if (::fstat(open->get(), &found) != 0) return fail("cannot look at", file);
    if (found.st_size != r.size)
      return base::fail(fmt::format("{} has {} bytes instead of {}", file.string(), found.st_size, r.size));
    return slice(std::move(open), offset, count, r);
  }

  sys::path file_of(const ref& r) const override { return path_of(r.name); }

  base::result<void> link(const ref& r, const sys::path& to) override {
    if (!is_name(r.name)) return base::fail("no name of a blob: " + r.name);
    if (::link(path_of(r.name).c_str(), to.c_str()) != 0) return fail("cannot link a blob to", to);
    return {};
  }

  void remove(const std::string& name) override {
    if (!is_name(name)) return;
    if (::unlink(path_of(name).c_str()) != 0 && errno != ENOENT)
      base::log::warning("a blob stays until the next sweep: {}", std::strerror(errno));
  }

  int64_t sweep(const std::function<bool(const std::string& name)>& in_use) override {
    int64_t removed = 0;
    std::error_code error;
    for (const auto& fan_out : std::filesystem::directory_iterator(folder_, error))
      for (const auto& entry : std::filesystem::directory_iterator(fan_out.path(), error)) {
        auto name = entry.path().filename().string();
        if (!is_name(name) || !is_old(entry.path()) || is_unfinished(name) || in_use(name)) continue;
        remove(name);
        removed++;
      }
    return removed;
  }

  void done(const std::string& name) {
    std::lock_guard lock(mutex_);
    unfinished_.erase(name);
  }

  // So that a blob's age counts from its end, on the same clock that sweep asks.
  timespec stamp() {
    auto ms = base::to_ms(env_.now());
    return {ms / 1000, ms % 1000 * 1'000'000};
  }

 private:
  sys::path path_of(const std::string& name) const { return folder_ / name.substr(0, 2) / name; }

  base::result<void> make_fan_out(const sys::path& at) {
    if (::mkdir(at.c_str(), folder_mode) == 0) return sys::sync_folder(folder_);
    if (errno != EEXIST) return fail("cannot make", at);
    return {};
  }

  bool is_old(const sys::path& file) {
    struct stat found;
    if (::stat(file.c_str(), &found) != 0) return false;
    auto age_at = base::from_ms(found.st_mtim.tv_sec * 1000 + found.st_mtim.tv_nsec / 1'000'000);
    return age_at < opened_at_ || age_at < env_.now() - young;
  }

  bool is_unfinished(const std::string& name) {
    std::lock_guard lock(mutex_);
    return unfinished_.contains(name);
  }

  const sys::path folder_;
  sys::env& env_;
  const base::time_point opened_at_;
  std::mutex mutex_;
  std::set<std::string> unfinished_;
};

file_writer::~file_writer() {
  if (finished_) return;
  ::unlink(path_.c_str());
  owner_.done(name_);
}

base::result<void> file_writer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail("cannot write", path_);
    bytes.remove_prefix(static_cast<size_t>(put));
    written_ += put;
  }
  return {};
}

base::result<ref> file_writer::finish() {
  timespec times[2] = {{0, UTIME_OMIT}, owner_.stamp()};
  if (::futimens(file_.get(), times) != 0 || ::fchmod(file_.get(), file_mode) != 0) return fail("cannot close", path_);
  if (::fsync(file_.get()) != 0) return fail("cannot sync", path_);
  MDLC_CHECK(sys::sync_folder(path_.parent_path()));
  file_ = {};
  finished_ = true;
  owner_.done(name_);
  return ref{name_, written_};
}

}  // namespace

base::result<std::string> slice::read_all() const {
  std::string all(static_cast<size_t>(count_), '\0');
  for (size_t at = 0; at < all.size();) {
    ssize_t got = ::pread(fd(), all.data() + at, all.size() - at, offset_ + static_cast<int64_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return base::fail(fmt::format("cannot read a blob: {}", got ? std::strerror(errno) : "too short"));
    at += static_cast<size_t>(got);
  }
  return all;
}

base::result<std::unique_ptr<store>> store::open(const sys::path& folder, sys::env& env) {
  MDLC_CHECK(sys::make_folder(folder, folder_mode));
  return std::make_unique<folder_store>(folder, env);
}

base::result<ref> store::put(std::string_view bytes) {
  MDLC_TRY(auto writer, stage());
  MDLC_CHECK(writer->write(bytes));
  return writer->finish();
}

}  // namespace mdlc::blob
