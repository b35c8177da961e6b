// The code of functions: zip files and what they unpack to, by the SHA-256 of the zip. A version's row points here.
//
//   <folder>/zips/SHA256   the file as it was uploaded, durable before any row points to it
//   <folder>/code/SHA256/  unpacked, what a function sees at /var/task; a cache that is made again where it is missing
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "api/error.h"
#include "blob/store.h"
#include "runner/zip.h"
#include "sys/env.h"

namespace mdlc::services::lambda {

inline constexpr int64_t zipped_bytes_max = int64_t{50} << 20;  // uploaded with the call
inline constexpr int64_t unzipped_bytes_max = runner::unzip_limits{}.bytes;
// Code that nothing points to stays that long: a call is about to commit its row, or a function still runs it.
inline constexpr std::chrono::milliseconds code_grace = std::chrono::hours{1};

struct code {
  std::string sha256;  // hexadecimal
  int64_t bytes = 0;   // of the zip
};

// Thread-safe.
class code_store {
 public:
  code_store(sys::path folder, sys::env&, const runner::unzip_limits& = {});

  // Keeps a zip and unpacks it. Refuses what is no zip, is empty, unsafe or too large in AWS's words.
  api::answer<code> add(std::string_view zip);
  api::answer<code> add(const blob::slice& zip);

  // Where it lies unpacked.
  base::result<sys::path> folder_of(const std::string& sha256);
  // The zip file.
  sys::path file_of(const std::string& sha256) const { return folder_ / "zips" / sha256; }

  // Removes all that `in_use` denies and that was not asked for lately.
  void sweep(const std::function<bool(const std::string& sha256)>& in_use);

 private:
  base::result<void, runner::unzip_error> unpack(const std::string& sha256);
  api::answer<code> keep(code, const std::function<base::result<void>(int fd)>& write);
  void touch(const std::string& sha256);

  const sys::path folder_;
  sys::env& env_;
  const runner::unzip_limits limits_;
  std::mutex mutex_;
  std::map<std::string, base::time_point> used_;
};

}  // namespace mdlc::services::lambda
