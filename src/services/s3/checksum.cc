#include "services/s3/checksum.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "services/s3/errors.h"

namespace mdlc::services::s3 {
namespace {

constexpr size_t piece_size = 1 << 18;

using wire::checksum_kind;

constexpr algorithm all[] = {
    {"CRC32", "ChecksumCRC32", 4, true, true, checksum_kind::crc32},
    {"CRC32C", "ChecksumCRC32C", 4, true, true, checksum_kind::crc32c},
    {"CRC64NVME", "ChecksumCRC64NVME", 8, true, false, checksum_kind::crc64nvme},
    {"SHA1", "ChecksumSHA1", 20, false, true, checksum_kind::sha1},
    {"SHA256", "ChecksumSHA256", 32, false, true, checksum_kind::sha256},
};

// Members that S3 knows and we do not compute.
constexpr std::string_view unserved[] = {"ChecksumSHA512", "ChecksumMD5", "ChecksumXXHASH64", "ChecksumXXHASH3",
                                         "ChecksumXXHASH128"};

}  // namespace

std::span<const algorithm> algorithms() { return all; }

const algorithm* find_algorithm(std::string_view name) {
  for (const auto& a : all)
    if (a.name == name) return &a;
  return nullptr;
}

const algorithm& default_algorithm() { return all[2]; }

api::answer<std::optional<claimed_checksum>> claimed(const json::value& input) {
  std::optional<claimed_checksum> found;
  for (auto member : unserved)
    if (json::find(input, member)) return not_implemented(member);
  for (const auto& a : all) {
    auto* value = json::find(input, a.member);
    if (!value || !value->is_string()) continue;
    if (found)
      return invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    auto text = json::view(value->get_string());
    auto raw = base::from_base64(text);
    if (!raw || raw->size() != a.size)
      return invalid_request(fmt::format("Value for {} header is invalid.", wire::header_of(a.kind)));
    found = claimed_checksum{&a, std::string(text)};
  }
  auto name = json::text(input, "ChecksumAlgorithm");
  if (name.empty()) return found;
  auto* named = find_algorithm(name);
  if (!named) {
    for (auto member : unserved)
      if (member.substr(std::string_view("Checksum").size()) == name)
        return not_implemented("x-amz-sdk-checksum-algorithm");
    return invalid_request(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
        "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
  }
  if (!found) return std::optional(claimed_checksum{named, std::nullopt});
  if (found->of != named) return invalid_request("Value for x-amz-sdk-checksum-algorithm header is invalid.");
  return found;
}

base::result<void> read_through(const blob::slice& slice,
                                const std::function<base::result<void>(std::string_view)>& take) {
  std::string piece(std::min<size_t>(piece_size, static_cast<size_t>(slice.count())), '\0');
  for (int64_t done = 0; done < slice.count();) {
    auto wanted = std::min(piece.size(), static_cast<size_t>(slice.count() - done));
    ssize_t got = ::pread(slice.fd(), piece.data(), wanted, slice.offset() + done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return base::fail(fmt::format("cannot read a blob: {}", got ? std::strerror(errno) : "too short"));
    MDLC_CHECK(take({piece.data(), static_cast<size_t>(got)}));
    done += got;
  }
  return {};
}

base::result<digests> digest(const blob::slice& slice, const algorithm& a) {
  base::hasher md5(base::digest::md5);
  wire::checksum sum(a.kind);
  MDLC_CHECK(read_through(slice, [&](std::string_view piece) -> base::result<void> {
    md5.update(piece);
    sum.update(piece);
    return {};
  }));
  return digests{md5.finish(), base::to_base64(sum.finish())};
}

json::object checksum_members(const algorithm& a, std::string_view value, std::string_view type) {
  json::object members{{a.member, value}};
  if (!type.empty()) members.emplace("ChecksumType", type);
  return members;
}

}  // namespace mdlc::services::s3
