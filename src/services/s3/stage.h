// A request's bytes, before a row points to them.
#pragma once

#include <optional>
#include <string>

#include "services/s3/checksum.h"
#include "services/s3/object.h"

namespace mdlc::services::s3 {

inline constexpr size_t version_id_length = 32;
inline constexpr size_t upload_id_length = 64;

// The call's body, or an empty blob where it has none; removed again unless kept.
api::answer<staged> take_body(service&, api::call&);

// Of one Put. Refuses EntityTooLarge.
api::answer<void> check_size(int64_t bytes);

struct checked_body {
  std::string md5;  // raw
  const algorithm* of;
  std::string checksum;  // base64
};
// What S3 keeps of the call's body, of the algorithm that the client named, or of `fallback`: as dispatch found it when
// the bytes came, or computed here. A claim of an in-process caller is checked here. Refuses EntityTooLarge,
// InvalidDigest, BadDigest.
api::answer<checked_body> check_body(service&, const api::call&, const blob::ref&, const json::value& input,
                                     const std::optional<std::string>& content_md5,
                                     const algorithm& fallback = default_algorithm());

// The algorithm that the client named in a header or a trailer, if it did.
api::answer<const algorithm*> named_algorithm(const api::call&, const json::value& input);

// Reads the blob.
api::answer<checked_body> digest_blob(service&, const blob::ref&, const algorithm&);

}  // namespace mdlc::services::s3
