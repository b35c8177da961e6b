// Folders as tar.gz and back. What is unpacked may be a stranger's: nothing of it lands, or points, outside its folder.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "runner/confine.h"

namespace mdlc::runner {

inline constexpr int64_t archive_bytes_max = int64_t{512} << 30;  // unpacked
inline constexpr size_t archive_entries_max = 1'000'000;

struct archive_limits {
  int64_t bytes = archive_bytes_max;
  size_t entries = archive_entries_max;
};

using byte_sink = std::function<base::result<void>(std::string_view)>;

struct packed {
  size_t entries = 0;
  int64_t bytes = 0;    // before compression
  size_t left_out = 0;  // links that lead outside, pipes, sockets, devices
};

// Everything below `folder`, by relative path, in order of name. The same content gives the same bytes.
base::result<packed> pack(const sys::path& folder, const byte_sink&, const archive_limits& = {});

// Reads a tar, gzipped or not, from `fd` and writes it below `into`, which must exist. Absolute names, `..`, links to
// the outside, devices and whatever exceeds the limits end it with an error whose words are fit for the archive's
// owner; what was written until then stays. `owner`: whose the files become (root only).
base::result<void> unpack(int fd, const sys::path& into, const std::optional<identity>& owner = {},
                          const archive_limits& = {});

// A gzip stream unpacked as it is read; several members one after the other are one stream. One thread at a time.
class gunzip {
 public:
  // Reads from the descriptor's position; it stays the caller's.
  static base::result<gunzip> open(int fd);
  ~gunzip();
  gunzip(gunzip&&) noexcept;
  // 0 at the end.
  base::result<size_t> read(char* into, size_t count);

 private:
  struct state;
  explicit gunzip(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

}  // namespace mdlc::runner
