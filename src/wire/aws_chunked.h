// The aws-chunked framing of S3 uploads: chunks with or without a signature each, and trailing headers.
//
//   <hex size>[;chunk-signature=<64 hex>]\r\n <bytes>\r\n … 0[;chunk-signature=…]\r\n
//   [x-amz-checksum-crc32:…\r\n [x-amz-trailer-signature:…\r\n]] \r\n
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "wire/sigv4.h"

namespace mdlc::wire {

// A chunk header or trailer line that is longer is refused.
inline constexpr size_t max_chunk_line_bytes = 4096;
inline constexpr size_t max_trailers = 16;

class aws_chunked_decoder {
 public:
  // With a key, chunks carry signatures: the first follows `seed`, the request's own.
  struct signing {
    std::string key;  // from signing_key()
    signature seed;
  };
  // `trailers`: whether trailing headers may come.
  aws_chunked_decoder(std::optional<signing>, bool trailers);
  ~aws_chunked_decoder();

  using output = std::function<base::result<void, refusal>(std::string_view)>;
  // Any piece of the body; `out` gets what it carries. Bytes that are handed out may come before their signature is
  // known to be right: nothing may be done with them before finish() says so.
  base::result<void, refusal> feed(std::string_view, const output& out);
  // The body is over: refuses one that ended early. The trailing headers, without the signature.
  base::result<http::headers, refusal> finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace mdlc::wire
