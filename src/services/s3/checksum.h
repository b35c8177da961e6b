// The digests that S3 keeps of an object's bytes: MD5 for the ETag, and one checksum of the client's choice.
//
// On the API a checksum is a member named after its algorithm ("ChecksumCRC32") with base64 of the big-endian value;
// here it is a JSON object of such members, which the generated types read and write.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/error.h"
#include "base/bytes.h"
#include "blob/store.h"
#include "json/value.h"
#include "wire/checksum.h"

namespace mdlc::services::s3 {

struct algorithm {
  std::string_view name;    // "CRC64NVME"
  std::string_view member;  // "ChecksumCRC64NVME"
  size_t size;              // of the raw value in bytes
  bool may_be_whole;        // over all parts of a multipart upload together (FULL_OBJECT)
  bool may_be_composite;    // over the checksums of the parts (COMPOSITE)
  wire::checksum_kind kind;
};

std::span<const algorithm> algorithms();
// By name as in ChecksumAlgorithm. Null for what is unknown or, as SHA512, MD5 and the XXHASH family, not served.
const algorithm* find_algorithm(std::string_view name);
// What S3 computes where the client asks for nothing.
const algorithm& default_algorithm();

// What a client says its bytes have.
struct claimed_checksum {
  const algorithm* of = nullptr;
  std::optional<std::string> value;  // base64; absent where only the algorithm was named
};
// From a request in normal form: a Checksum… member, or ChecksumAlgorithm alone. Refuses two, and values that cannot
// be.
api::answer<std::optional<claimed_checksum>> claimed(const json::value& input);

// Everything that S3 wants to know of a blob's bytes, in one pass over the file.
struct digests {
  std::string md5;       // raw
  std::string checksum;  // base64, of the algorithm asked for
};
base::result<digests> digest(const blob::slice&, const algorithm&);

// Calls `take` with the slice's bytes, in pieces.
base::result<void> read_through(const blob::slice&, const std::function<base::result<void>(std::string_view)>& take);

// {"ChecksumCRC32": value, "ChecksumType": type}; no type where it is empty.
json::object checksum_members(const algorithm&, std::string_view value, std::string_view type);

}  // namespace mdlc::services::s3
