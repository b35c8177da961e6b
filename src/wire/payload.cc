#include "wire/payload.h"

#include <charconv>

#include <fmt/format.h>

#include "base/bytes.h"
#include "wire/aws_chunked.h"

namespace mdlc::wire {
namespace {

using checked = base::result<void, refusal>;

constexpr std::string_view checksum_prefix = "x-amz-checksum-";

std::optional<int64_t> number(std::string_view text) {
  int64_t out;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || out < 0) return std::nullopt;
  return out;
}

bool is_streaming(std::string_view hash) { return hash.starts_with("STREAMING-"); }

bool is_digest(std::string_view hash) {
  return hash.size() == 64 && hash.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// x-amz-checksum-type and x-amz-checksum-algorithm say how, not what.
std::string_view algorithm_of_header(std::string_view name) {
  if (name.size() <= checksum_prefix.size() ||
      !http::equal_names(name.substr(0, checksum_prefix.size()), checksum_prefix))
    return {};
  auto rest = name.substr(checksum_prefix.size());
  return http::equal_names(rest, "type") || http::equal_names(rest, "algorithm") || http::equal_names(rest, "mode")
             ? std::string_view{}
             : rest;
}

}  // namespace

struct payload::state {
  int64_t max_bytes;
  std::optional<aws_chunked_decoder> chunks;
  int64_t decoded_length = -1;  // declared beside the framing
  std::string sha256;           // declared; empty where unsigned
  std::string md5;              // declared, raw
  digests found;
  std::string declared_checksum;  // base64, from a header
  bool checksum_in_trailer = false;
  base::hasher md5_hasher{base::digest::md5};
  std::optional<base::hasher> sha256_hasher;
  std::optional<checksum> sum;

  checked read_framing(const request& r, const signature& s, const std::string& key) {
    auto hash = r.headers.get("X-Amz-Content-Sha256");
    if (is_digest(hash)) {
      sha256 = hash;
      sha256_hasher.emplace(base::digest::sha256);
      return {};
    }
    if (!is_streaming(hash)) return {};
    bool is_signed = hash == streaming_signed || hash == streaming_signed_trailer;
    bool trailers = hash == streaming_signed_trailer || hash == streaming_unsigned_trailer;
    if (!is_signed && !trailers)
      return tl::unexpected(refusal{"InvalidArgument",
                                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
                                    "STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
                                    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."});
    auto length = number(r.headers.get("X-Amz-Decoded-Content-Length"));
    if (!length)
      return tl::unexpected(refusal{"MissingContentLength", "You must provide the Content-Length HTTP header.", 411});
    decoded_length = *length;
    if (decoded_length > max_bytes) return too_large(decoded_length);
    chunks.emplace(is_signed ? std::optional{aws_chunked_decoder::signing{key, s}} : std::nullopt, trailers);
    return {};
  }

  checked read_declarations(const request& r) {
    if (const auto* text = r.headers.find("Content-MD5")) {
      auto raw = base::from_base64(*text);
      if (!raw || raw->size() != 16)
        return tl::unexpected(refusal{"InvalidDigest", "The Content-MD5 you specified was invalid.", 400});
      md5 = *std::move(raw);
    }
    auto declare = [&](std::string_view algorithm) -> checked {
      auto kind = checksum_named(algorithm);
      if (!kind)
        return tl::unexpected(
            refusal{"InvalidRequest",
                    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
                    "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"});
      found.kind = *kind;
      found.declared = true;
      return {};
    };
    if (auto algorithm = r.headers.get("X-Amz-Sdk-Checksum-Algorithm"); !algorithm.empty())
      if (auto ok = declare(algorithm); !ok) return ok;
    if (auto trailer = algorithm_of_header(r.headers.get("X-Amz-Trailer")); !trailer.empty()) {
      if (auto ok = declare(trailer); !ok) return ok;
      checksum_in_trailer = true;
    }
    for (const auto& [name, value] : r.headers) {
      auto algorithm = algorithm_of_header(name);
      if (algorithm.empty()) continue;
      if (!declared_checksum.empty())
        return tl::unexpected(refusal{
            "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."});
      if (auto ok = declare(algorithm); !ok) return ok;
      if (auto raw = base::from_base64(value); !raw || raw->size() != checksum{found.kind}.finish().size())
        return tl::unexpected(
            refusal{"InvalidRequest", fmt::format("Value for {} header is invalid.", header_of(found.kind))});
      declared_checksum = value;
    }
    sum.emplace(found.kind);
    return {};
  }

  checked too_large(int64_t proposed) const {
    return tl::unexpected(refusal{"EntityTooLarge",
                                  "Your proposed upload exceeds the maximum allowed size",
                                  400,
                                  {{"ProposedSize", proposed}, {"MaxSizeAllowed", max_bytes}}});
  }

  checked take(std::string_view bytes, const output& out) {
    found.size += static_cast<int64_t>(bytes.size());
    if (found.size > max_bytes) return too_large(found.size);
    md5_hasher.update(bytes);
    if (sha256_hasher) sha256_hasher->update(bytes);
    sum->update(bytes);
    return out(bytes);
  }

  checked bad_checksum() const {
    return tl::unexpected(
        refusal{"BadDigest",
                fmt::format("The {} you specified did not match the calculated checksum.", name_of(found.kind)), 400});
  }

  checked check() {
    if (chunks) {
      auto trailers = chunks->finish();
      if (!trailers) return tl::unexpected(trailers.error());
      if (found.size != decoded_length)
        return tl::unexpected(refusal{"IncompleteBody",
                                      "You did not provide the number of bytes specified by the Content-Length HTTP "
                                      "header"});
      if (checksum_in_trailer) {
        const auto* value = trailers->find(header_of(found.kind));
        if (!value)
          return tl::unexpected(refusal{"MalformedTrailerError",
                                        "The request contained trailing data that was not well-formed or did not "
                                        "conform to our published schema."});
        declared_checksum = *value;
      }
    }
    if (sha256_hasher)
      if (auto computed = base::to_hex(sha256_hasher->finish()); computed != sha256)
        return tl::unexpected(
            refusal{"XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                    400,
                    {{"ClientComputedContentSHA256", sha256}, {"S3ComputedContentSHA256", computed}}});
    auto computed = md5_hasher.finish();
    found.md5 = base::to_hex(computed);
    if (!md5.empty() && md5 != computed)
      return tl::unexpected(
          refusal{"BadDigest",
                  "The Content-MD5 you specified did not match what we received.",
                  400,
                  {{"ExpectedDigest", base::to_hex(md5)}, {"CalculatedDigest", base::to_base64(computed)}}});
    found.checksum = base::to_base64(sum->finish());
    if (!declared_checksum.empty() && declared_checksum != found.checksum) return bad_checksum();
    return {};
  }
};

payload::payload(std::unique_ptr<state> s) : state_(std::move(s)) {}
payload::~payload() = default;

base::result<std::unique_ptr<payload>, refusal> payload::make(const request& r, const signature& s,
                                                              const std::string& signing_key, int64_t max_bytes) {
  auto made = std::make_unique<state>();
  made->max_bytes = max_bytes;
  if (auto ok = made->read_framing(r, s, signing_key); !ok) return tl::unexpected(ok.error());
  if (auto ok = made->read_declarations(r); !ok) return tl::unexpected(ok.error());
  return std::unique_ptr<payload>{new payload{std::move(made)}};
}

checked payload::feed(std::string_view bytes, const output& out) {
  auto take = [&](std::string_view proper) { return state_->take(proper, out); };
  return state_->chunks ? state_->chunks->feed(bytes, take) : take(bytes);
}

base::result<digests, refusal> payload::finish() {
  if (auto ok = state_->check(); !ok) return tl::unexpected(ok.error());
  return std::move(state_->found);
}

void remove_framing(request& r) {
  http::headers kept;
  for (const auto& [name, value] : r.headers) {
    if (!http::equal_names(name, "Content-Encoding")) {
      kept.add(name, value);
      continue;
    }
    std::string codings;
    for (std::string_view rest = value; !rest.empty();) {
      auto coding = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), coding.size() + 1));
      while (coding.starts_with(' ')) coding.remove_prefix(1);
      while (coding.ends_with(' ')) coding.remove_suffix(1);
      if (!coding.empty() && coding != "aws-chunked") codings += (codings.empty() ? "" : ",") + std::string{coding};
    }
    if (!codings.empty()) kept.add(name, std::move(codings));
  }
  r.headers = std::move(kept);
}

bool declares_checksum(const request& r) {
  if (r.headers.has("Content-MD5") || r.headers.has("X-Amz-Trailer")) return true;
  for (const auto& [name, value] : r.headers)
    if (!algorithm_of_header(name).empty()) return true;
  return false;
}

}  // namespace mdlc::wire
