// Zip archives, as Lambda's code comes in.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/files.h"

namespace mdlc::runner {

// An archive with one file. The same bytes for the same input, so that its digest tells whether code changed.
std::string zip_file(std::string_view name, std::string_view content);

struct unzip_limits {
  int64_t bytes = int64_t{250} << 20;  // of all files, unpacked: Lambda's bound
  size_t entries = 100'000;
};

enum class unzip_failure {
  not_a_zip,    // or a damaged one
  empty,        // no file in it
  unsafe_name,  // an absolute name, `..`, or a link to the outside
  too_large,    // either limit
  machine       // ours: a disk that is full, a folder that cannot be written
};

struct unzip_error {
  unzip_failure what;
  std::string message;  // names no path of the machine, but for `machine`
};

// Unpacks what the open file `fd` (seekable) holds below `into`, which exists and is empty. Everybody may read the
// result, whatever the archive says: folders 0755, files 0644, or 0755 where one may be executed. After an error some
// of it may be there. Thread-safe.
base::result<void, unzip_error> unzip(int fd, const sys::path& into, const unzip_limits& = {});

}  // namespace mdlc::runner
