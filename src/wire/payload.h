// A body on its way in: its framing taken off, and its length, digests and checksums held against what was declared.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wire/checksum.h"
#include "wire/sigv4.h"

namespace mdlc::wire {

struct digests {
  int64_t size = 0;
  std::string md5;                                // hexadecimal
  checksum_kind kind = checksum_kind::crc64nvme;  // the client's, or what S3 takes where it declares none
  std::string checksum;                           // base64
  bool declared = false;
};

class payload {
 public:
  // Refuses declarations that make no sense: InvalidDigest, a checksum that is none, a missing decoded length.
  // `signing_key` is for bodies whose chunks are signed.
  static base::result<std::unique_ptr<payload>, refusal> make(const request&, const signature&,
                                                              const std::string& signing_key, int64_t max_bytes);
  ~payload();

  using output = std::function<base::result<void, refusal>(std::string_view)>;
  // Any piece of the body as it was sent; `out` gets the bytes proper. EntityTooLarge above max_bytes.
  base::result<void, refusal> feed(std::string_view, const output& out);
  // All came: BadDigest, XAmzContentSHA256Mismatch, IncompleteBody, SignatureDoesNotMatch where something is wrong.
  base::result<digests, refusal> finish();

 private:
  struct state;
  explicit payload(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

// Takes aws-chunked out of Content-Encoding, once the signature over it is checked: it is about the transfer, and no
// property of the object.
void remove_framing(request&);

// Whether the request declares a checksum of its body or Content-MD5, as some of S3's operations demand.
bool declares_checksum(const request&);

}  // namespace mdlc::wire
