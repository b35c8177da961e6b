#include "wire/aws_chunked.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/bytes.h"

namespace mdlc::wire {
namespace {

using checked = base::result<void, refusal>;

constexpr std::string_view signature_name = "chunk-signature=";
constexpr std::string_view trailer_signature = "x-amz-trailer-signature";

refusal broken() { return {"IncompleteBody", "The request body terminated unexpectedly", 400}; }
refusal malformed(std::string_view what) {
  return {"InvalidRequest", fmt::format("The aws-chunked body is malformed: {}", what), 400};
}
refusal mismatch() {
  return {"SignatureDoesNotMatch",
          "The request signature we calculated does not match the signature you provided. Check your key and signing "
          "method.",
          403};
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

}  // namespace

struct aws_chunked_decoder::state {
  enum class at { size, bytes, after_bytes, trailers, end };

  std::optional<signing> sign;
  bool trailers_allowed;
  at where = at::size;
  std::string line;           // of a header, as far as it came
  uint64_t left = 0;          // of the chunk
  bool last = false;          // the chunk of size 0 was seen
  std::string expected;       // the chunk's signature as sent
  std::string previous;       // the last one checked
  std::string given_trailer;  // the trailers' signature as sent
  base::hasher chunk{base::digest::sha256};
  http::headers trailers;

  // Takes `from`'s bytes up to a line feed into `line`; true when it is whole, without its end.
  base::result<bool, refusal> take_line(std::string_view& from) {
    auto end = from.find('\n');
    auto part = from.substr(0, end);
    if (line.size() + part.size() > max_chunk_line_bytes) return tl::unexpected(malformed("a line is too long"));
    line += part;
    from.remove_prefix(end == std::string_view::npos ? from.size() : end + 1);
    if (end == std::string_view::npos) return false;
    if (line.ends_with('\r')) line.pop_back();
    return true;
  }

  checked begin_chunk() {
    auto size = std::string_view{line}.substr(0, line.find(';'));
    auto [stop, error] = std::from_chars(size.data(), size.data() + size.size(), left, 16);
    if (error != std::errc{} || stop != size.data() + size.size() || size.empty())
      return tl::unexpected(malformed("a chunk's size is no number"));
    if (sign) {
      auto mark = line.find(signature_name);
      if (mark == std::string::npos) return tl::unexpected(malformed("a chunk has no signature"));
      expected = std::string{trim(std::string_view{line}.substr(mark + signature_name.size()))};
    }
    line.clear();
    chunk = base::hasher{base::digest::sha256};
    last = left == 0;
    where = last ? at::trailers : at::bytes;
    return last ? check_chunk() : checked{};
  }

  checked check_chunk() {
    if (!sign) return {};
    const auto& s = sign->seed;
    auto to_sign =
        fmt::format("AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}/{}/{}/aws4_request\n{}\n{}\n{}", s.amz_date, s.date, s.region,
                    s.service, previous, base::to_hex(base::sha256("")), base::to_hex(chunk.finish()));
    return check(to_sign, expected);
  }

  checked check(const std::string& to_sign, const std::string& given) {
    auto right = base::to_hex(base::hmac_sha256(sign->key, to_sign));
    if (!base::equal_in_constant_time(right, given)) return tl::unexpected(mismatch());
    previous = std::move(right);
    return {};
  }

  checked take_trailer() {
    if (line.empty()) {
      where = at::end;
      return {};
    }
    auto colon = line.find(':');
    if (!trailers_allowed || colon == std::string::npos || trailers.size() == max_trailers)
      return tl::unexpected(malformed("a trailing header is not understood"));
    auto name = lower(trim(std::string_view{line}.substr(0, colon)));
    std::string value{trim(std::string_view{line}.substr(colon + 1))};
    if (name == trailer_signature)
      given_trailer = std::move(value);
    else
      trailers.add(std::move(name), std::move(value));
    line.clear();
    return {};
  }

  checked check_trailers() {
    if (!sign || !trailers_allowed) return {};
    std::string canonical;
    for (const auto& [name, value] : trailers) canonical += name + ":" + value + "\n";
    const auto& s = sign->seed;
    return check(fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}\n{}/{}/{}/aws4_request\n{}\n{}", s.amz_date, s.date,
                             s.region, s.service, previous, base::to_hex(base::sha256(canonical))),
                 given_trailer);
  }

  checked take_bytes(std::string_view& from, const output& out) {
    auto part = from.substr(0, std::min<uint64_t>(left, from.size()));
    from.remove_prefix(part.size());
    left -= part.size();
    if (sign) chunk.update(part);
    if (left == 0) where = at::after_bytes;
    return out(part);
  }
};

aws_chunked_decoder::aws_chunked_decoder(std::optional<signing> sign, bool trailers)
    : state_(std::make_unique<state>()) {
  state_->trailers_allowed = trailers;
  if (sign) state_->previous = sign->seed.hex;
  state_->sign = std::move(sign);
}
aws_chunked_decoder::~aws_chunked_decoder() = default;

checked aws_chunked_decoder::feed(std::string_view bytes, const output& out) {
  auto& s = *state_;
  while (!bytes.empty()) {
    if (s.where == state::at::bytes) {
      if (auto ok = s.take_bytes(bytes, out); !ok) return ok;
      continue;
    }
    if (s.where == state::at::end) return tl::unexpected(malformed("bytes follow its end"));
    auto whole = s.take_line(bytes);
    if (!whole) return tl::unexpected(whole.error());
    if (!*whole) return {};
    checked ok;
    if (s.where == state::at::size) {
      ok = s.begin_chunk();
    } else if (s.where == state::at::trailers) {
      ok = s.take_trailer();
    } else {
      if (!s.line.empty()) return tl::unexpected(malformed("a chunk is longer than its size"));
      s.where = state::at::size;
      ok = s.check_chunk();
    }
    if (!ok) return ok;
  }
  return {};
}

base::result<http::headers, refusal> aws_chunked_decoder::finish() {
  auto& s = *state_;
  // Some clients leave out the empty line behind the last chunk.
  if (!s.last || !s.line.empty()) return tl::unexpected(broken());
  if (auto ok = s.check_trailers(); !ok) return tl::unexpected(ok.error());
  return std::move(s.trailers);
}

}  // namespace mdlc::wire
