// AWS Signature Version 4: reading it from a request, checking it, and signing our own requests.
// Sources: AWS's reference "Signature Version 4", and botocore's signer, which the tests are checked against.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "wire/request.h"

namespace mdlc::wire {

// How far a client's clock may be off, as on AWS.
inline constexpr int64_t max_clock_skew_ms = 15 * 60 * 1000;
// A presigned URL's longest life.
inline constexpr int64_t max_presigned_seconds = 7 * 24 * 3600;

// The values of x-amz-content-sha256 that are no digest.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view streaming_signed = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view streaming_signed_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
inline constexpr std::string_view streaming_unsigned_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

// What a request says about its signature; nothing of it is checked yet but its form.
struct signature {
  std::string access_key;
  std::string date;  // 20260131
  std::string region;
  std::string service;  // as signed: "dynamodb"
  std::vector<std::string> signed_headers;
  std::string hex;       // the signature itself
  std::string amz_date;  // 20260131T235959Z
  base::time_point time;
  std::string session_token;
  bool presigned = false;
  int64_t expires_seconds = 0;  // presigned only
};

// Why a signature is refused; error.h says it in each protocol's words.
enum class auth_failure {
  missing,     // no signature at all
  version_2,   // presigned the old way, which AWS's newer regions refuse, too
  incomplete,  // parts of it are missing or malformed: `detail` says which
  unknown_key,
  wrong_token,
  expired_token,
  not_current,  // the clock differs too much: `detail` says how
  expired_url,  // presigned
  unsigned_headers,
  mismatch,
};

struct auth_error {
  auth_failure why;
  std::string detail{};
  json::object members{};  // what S3 tells beside it
};

base::result<signature, auth_error> read_signature(const request&);

// The hexadecimal SHA-256 of the payload, or what stands for it in the canonical request: x-amz-content-sha256 where
// the request has it, `body`'s digest else.
std::string payload_hash(const request&, const signature&, std::string_view body);

// Checks signature and time. `hash` from payload_hash.
base::result<void, auth_error> check_signature(const request&, const signature&, std::string_view secret_key,
                                               std::string_view hash, base::time_point now);

// The key that signs: HMAC chain over date, region, service.
std::string signing_key(std::string_view secret_key, const signature&);

struct client_key {
  std::string access_key;
  std::string secret_key;
  std::string session_token{};
};
// Adds X-Amz-Date, X-Amz-Content-Sha256, the token and Authorization to a request that has its Host.
void sign(request&, const client_key&, std::string_view service, std::string_view region, base::time_point now);

}  // namespace mdlc::wire
