#include "services/lambda/code.h"

#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "services/lambda/names.h"

namespace mdlc::services::lambda {
namespace {

constexpr size_t block_bytes = 256 * 1024;

base::result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return base::fail(fmt::format("cannot write a function's code: {}", std::strerror(errno)));
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

// The slice, block by block.
base::result<void> each_block(const blob::slice& from,
                              const std::function<base::result<void>(std::string_view)>& take) {
  std::string block(block_bytes, '\0');
  for (int64_t done = 0; done < from.count();) {
    const auto want = static_cast<size_t>(std::min<int64_t>(from.count() - done, block_bytes));
    const ssize_t got = ::pread(from.fd(), block.data(), want, from.offset() + done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return base::fail("cannot read an object that holds a function's code");
    MDLC_CHECK(take({block.data(), static_cast<size_t>(got)}));
    done += got;
  }
  return {};
}

tl::unexpected<api::error> too_large(int64_t bytes_max) {
  return invalid_value(fmt::format("Unzipped size must be smaller than {} bytes", bytes_max));
}

tl::unexpected<api::error> nothing_in_it() { return invalid_value("Uploaded file must be a non-empty zip"); }

tl::unexpected<api::error> in_words_of_lambda(const runner::unzip_error& e, int64_t bytes_max) {
  switch (e.what) {
    case runner::unzip_failure::empty:
      return nothing_in_it();
    case runner::unzip_failure::too_large:
      return too_large(bytes_max);
    case runner::unzip_failure::machine:
      return tl::unexpected(api::internal_error(fmt::format("unzip: {}", e.message)));
    case runner::unzip_failure::unsafe_name:
    case runner::unzip_failure::not_a_zip:
      break;
  }
  return invalid_value("Could not unzip uploaded file. Please check your file, then try to upload again.");
}

}  // namespace

code_store::code_store(sys::path folder, sys::env& env, const runner::unzip_limits& limits)
    : folder_(std::move(folder)), env_(env), limits_(limits) {
  // Passed through by the functions' own users, and never listed.
  for (const auto& f : {folder_, folder_ / "code"})
    if (auto made = sys::make_folder(f, 0711); !made) base::log::stop_process(made.error().message);
  if (auto made = sys::make_folder(folder_ / "zips"); !made) base::log::stop_process(made.error().message);
}

api::answer<code> code_store::add(std::string_view zip) {
  if (static_cast<int64_t>(zip.size()) > zipped_bytes_max)
    return api::refuse("RequestTooLargeException",
                       fmt::format("Zipped size must be smaller than {} bytes", zipped_bytes_max), 413);
  return keep({base::to_hex(base::sha256(zip)), static_cast<int64_t>(zip.size())},
              [&](int fd) { return write_all(fd, zip); });
}

api::answer<code> code_store::add(const blob::slice& zip) {
  if (zip.count() > limits_.bytes) return too_large(limits_.bytes);
  base::hasher digest{base::digest::sha256};
  auto read = each_block(zip, [&](std::string_view block) -> base::result<void> {
    digest.update(block);
    return {};
  });
  if (!read) return tl::unexpected(api::internal_error(read.error().message));
  return keep({base::to_hex(digest.finish()), zip.count()},
              [&](int fd) { return each_block(zip, [&](std::string_view block) { return write_all(fd, block); }); });
}

api::answer<code> code_store::keep(code c, const std::function<base::result<void>(int)>& write) {
  if (c.bytes == 0) return nothing_in_it();
  touch(c.sha256);
  const auto file = file_of(c.sha256);
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    const auto beside = folder_ / "zips" / fmt::format("{}.new", env_.uuid());
    const sys::descriptor made{::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    auto written = made ? write(made.get()) : base::fail("cannot make a file for a function's code");
    if (written && ::fsync(made.get()) != 0) written = base::fail("cannot sync a function's code");
    if (written && ::rename(beside.c_str(), file.c_str()) != 0) written = base::fail("cannot rename a function's code");
    if (written) written = sys::sync_folder(file.parent_path());
    if (!written) {
      std::filesystem::remove(beside, error);
      return tl::unexpected(api::internal_error(written.error().message));
    }
  }
  if (auto unpacked = unpack(c.sha256); !unpacked) {
    // What is no zip never had a row; a disk that is full says nothing about it.
    if (unpacked.error().what != runner::unzip_failure::machine) std::filesystem::remove(file, error);
    return in_words_of_lambda(unpacked.error(), limits_.bytes);
  }
  return c;
}

base::result<void, runner::unzip_error> code_store::unpack(const std::string& sha256) {
  const auto to = folder_ / "code" / sha256;
  std::error_code error;
  if (std::filesystem::exists(to, error)) return {};
  const auto beside = folder_ / "code" / fmt::format("{}.new", env_.uuid());
  if (auto made = sys::make_folder(beside, 0755); !made)
    return tl::unexpected(runner::unzip_error{runner::unzip_failure::machine, made.error().message});
  const sys::descriptor zip{::open(file_of(sha256).c_str(), O_RDONLY | O_CLOEXEC)};
  auto done = runner::unzip(zip.get(), beside, limits_);
  if (done) {
    // A crash must not leave a folder under its final name whose files are empty.
    const sys::descriptor folder{::open(beside.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    ::syncfs(folder.get());
    std::filesystem::rename(beside, to, error);
  }
  // Another call was faster, or it failed.
  std::error_code ignored;
  std::filesystem::remove_all(beside, ignored);
  if (done && !std::filesystem::exists(to, ignored))
    return tl::unexpected(runner::unzip_error{runner::unzip_failure::machine, error.message()});
  return done;
}

base::result<sys::path> code_store::folder_of(const std::string& sha256) {
  touch(sha256);
  if (auto unpacked = unpack(sha256); !unpacked) return base::fail(unpacked.error().message);
  return folder_ / "code" / sha256;
}

void code_store::touch(const std::string& sha256) {
  std::lock_guard lock{mutex_};
  used_[sha256] = env_.now();
}

void code_store::sweep(const std::function<bool(const std::string&)>& in_use) {
  std::error_code error;
  for (const auto* kind : {"code", "zips"})
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / kind, error)) {
      const auto name = entry.path().filename().string();
      // Held over the removal: whoever asks for this code now waits and then makes it again.
      std::lock_guard lock{mutex_};
      const auto used = used_.find(name);
      if (used != used_.end() && env_.now() - used->second < code_grace) continue;
      if (name.ends_with(".new")) {
        const auto age = std::filesystem::file_time_type::clock::now() - entry.last_write_time(error);
        if (error || age < code_grace) continue;
      } else if (in_use(name)) {
        continue;
      }
      used_.erase(name);
      std::filesystem::remove_all(entry.path(), error);
    }
}

}  // namespace mdlc::services::lambda
