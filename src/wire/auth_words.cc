#include "wire/auth_words.h"

namespace mdlc::wire {
namespace {

constexpr std::string_view mismatch_words =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.";
constexpr std::string_view unknown_words = "The security token included in the request is invalid.";
constexpr std::string_view expired_words = "The security token included in the request is expired";

refusal in_s3(const auth_error& e, std::string_view access_key) {
  switch (e.why) {
    case auth_failure::missing:
      return {"AccessDenied", "Access Denied", 403};
    case auth_failure::version_2:
      return {"InvalidRequest",
              "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.", 400};
    case auth_failure::incomplete:
      return {"AuthorizationHeaderMalformed", "The authorization header is malformed; " + e.detail, 400};
    case auth_failure::unknown_key:
      return {"InvalidAccessKeyId",
              "The AWS Access Key Id you provided does not exist in our records.",
              403,
              {{"AWSAccessKeyId", access_key}}};
    case auth_failure::wrong_token:
      return {"InvalidToken", "The provided token is malformed or otherwise invalid.", 400};
    case auth_failure::expired_token:
      return {"ExpiredToken", "The provided token has expired.", 400};
    case auth_failure::not_current:
      return {"RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", 403,
              e.members};
    case auth_failure::expired_url:
    case auth_failure::unsigned_headers:
      return {"AccessDenied", e.detail, 403, e.members};
    case auth_failure::mismatch:
      break;
  }
  return {"SignatureDoesNotMatch",
          "The request signature we calculated does not match the signature you provided. Check your key and signing "
          "method.",
          403, e.members};
}

}  // namespace

refusal in_words(const auth_error& e, protocol p, std::string_view access_key) {
  if (p == protocol::rest_xml) return in_s3(e, access_key);
  bool query = p == protocol::query;
  // JSON services say "…Exception" with 400, the others are plain, or 403.
  auto code = [&](std::string_view stem) { return std::string{stem} + (query ? "" : "Exception"); };
  int denied = p == protocol::json ? 400 : 403;
  std::string mismatch = query ? "SignatureDoesNotMatch" : "InvalidSignatureException";
  switch (e.why) {
    case auth_failure::missing:
    case auth_failure::version_2:
      return {code("MissingAuthenticationToken"), "Request is missing Authentication Token", denied};
    case auth_failure::incomplete:
      return {code("IncompleteSignature"), e.detail, 400};
    case auth_failure::unknown_key:
    case auth_failure::wrong_token:
      return {query ? "InvalidClientTokenId" : "UnrecognizedClientException", std::string{unknown_words}, denied};
    case auth_failure::expired_token:
      return {code("ExpiredToken"), std::string{expired_words}, denied};
    case auth_failure::not_current:
    case auth_failure::expired_url:
      return {mismatch, e.detail, denied};
    case auth_failure::unsigned_headers:
    case auth_failure::mismatch:
      break;
  }
  return {mismatch, std::string{mismatch_words}, denied};
}

}  // namespace mdlc::wire
