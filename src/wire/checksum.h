// The checksums that S3's clients declare.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mdlc::wire {

enum class checksum_kind { crc32, crc32c, crc64nvme, sha1, sha256 };

// "CRC32", "CRC64NVME", …: as in x-amz-sdk-checksum-algorithm and the API's ChecksumAlgorithm.
std::string_view name_of(checksum_kind);
// By that name, in either case.
std::optional<checksum_kind> checksum_named(std::string_view);
// "x-amz-checksum-crc32"
std::string header_of(checksum_kind);

// Over a stream. Not thread-safe.
class checksum {
 public:
  explicit checksum(checksum_kind);
  ~checksum();
  checksum(checksum&&) noexcept;
  checksum& operator=(checksum&&) noexcept;
  void update(std::string_view);
  std::string finish();  // raw bytes, big-endian; base64 prints it as S3 does

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace mdlc::wire
