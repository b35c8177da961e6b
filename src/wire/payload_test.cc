#include "wire/payload.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "wire/aws_chunked.h"

namespace mdlc::wire {
namespace {

constexpr int64_t roomy = 1 << 20;

signature seed() {
  signature s;
  s.date = "20130524";
  s.region = "us-east-1";
  s.service = "s3";
  s.amz_date = "20130524T000000Z";
  return s;
}

// Feeds `body` in pieces of `step` bytes; the bytes proper, or the refusal's code.
std::string run(const request& r, std::string_view body, size_t step, digests* found = nullptr, int64_t max = roomy,
                const signature& s = seed(), const std::string& key = {}) {
  auto p = payload::make(r, s, key, max);
  if (!p) return p.error().code;
  std::string out;
  for (; !body.empty(); body.remove_prefix(std::min(step, body.size()))) {
    auto fed = (*p)->feed(body.substr(0, step), [&](std::string_view bytes) -> base::result<void, refusal> {
      out += bytes;
      return {};
    });
    if (!fed) return fed.error().code;
  }
  auto end = (*p)->finish();
  if (!end) return end.error().code;
  if (found) *found = *end;
  return out;
}

request with(std::initializer_list<http::headers::field> fields) {
  request r;
  r.headers = http::headers{fields};
  return r;
}

// "123456789", whose check values every description of these sums gives.
TEST(checksum, known_values) {
  struct {
    checksum_kind kind;
    std::string_view hex;
  } table[] = {
      {checksum_kind::crc32, "cbf43926"},
      {checksum_kind::crc32c, "e3069283"},
      {checksum_kind::crc64nvme, "ae8b14860a799888"},
      {checksum_kind::sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"},
      {checksum_kind::sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"},
  };
  for (const auto& row : table) {
    for (size_t cut = 0; cut <= 9; ++cut) {
      checksum sum{row.kind};
      sum.update(std::string_view{"123456789"}.substr(0, cut));
      sum.update(std::string_view{"123456789"}.substr(cut));
      EXPECT_EQ(base::to_hex(sum.finish()), row.hex) << name_of(row.kind) << " cut at " << cut;
    }
    EXPECT_EQ(checksum_named(name_of(row.kind)), row.kind);
  }
  EXPECT_FALSE(checksum_named("CRC16"));
}

TEST(payload, declared_digests_are_checked) {
  auto sum = [](checksum_kind kind, std::string_view text) {
    checksum c{kind};
    c.update(text);
    return base::to_base64(c.finish());
  };
  struct {
    request r;
    std::string_view outcome;
  } table[] = {
      {with({}), "hello"},
      {with({{"Content-MD5", base::to_base64(base::md5("hello"))}}), "hello"},
      {with({{"Content-MD5", base::to_base64(base::md5("other"))}}), "BadDigest"},
      {with({{"Content-MD5", "not base64"}}), "InvalidDigest"},
      {with({{"Content-MD5", base::to_base64("short")}}), "InvalidDigest"},
      {with({{"X-Amz-Content-Sha256", base::to_hex(base::sha256("hello"))}}), "hello"},
      {with({{"X-Amz-Content-Sha256", base::to_hex(base::sha256("other"))}}), "XAmzContentSHA256Mismatch"},
      {with({{"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}}), "hello"},
      {with({{"X-Amz-Content-Sha256", "STREAMING-OF-ANOTHER-KIND"}}), "InvalidArgument"},
      {with({{"x-amz-checksum-crc32", sum(checksum_kind::crc32, "hello")}}), "hello"},
      {with({{"x-amz-checksum-crc32", sum(checksum_kind::crc32, "other")}}), "BadDigest"},
      {with({{"x-amz-checksum-crc32", "AAAA"}}), "InvalidRequest"},
      {with({{"x-amz-checksum-sha256", sum(checksum_kind::sha256, "hello")}}), "hello"},
      {with({{"x-amz-checksum-crc64nvme", sum(checksum_kind::crc64nvme, "other")}}), "BadDigest"},
      {with({{"x-amz-checksum-xxhash64", "AAAA"}}), "InvalidRequest"},
      {with({{"x-amz-checksum-mode", "ENABLED"}, {"x-amz-checksum-type", "FULL_OBJECT"}}), "hello"},
      {with({{"x-amz-checksum-crc32", sum(checksum_kind::crc32, "hello")},
             {"x-amz-checksum-sha1", sum(checksum_kind::sha1, "hello")}}),
       "InvalidRequest"},
  };
  for (const auto& row : table) EXPECT_EQ(run(row.r, "hello", 2), row.outcome);
}

TEST(payload, tells_what_it_saw) {
  digests found;
  run(with({{"x-amz-sdk-checksum-algorithm", "SHA1"}}), "hello", 3, &found);
  EXPECT_EQ(found.size, 5);
  EXPECT_EQ(found.md5, base::to_hex(base::md5("hello")));
  EXPECT_EQ(found.kind, checksum_kind::sha1);
  EXPECT_EQ(found.checksum, base::to_base64(base::sha1("hello")));
  EXPECT_TRUE(found.declared);
  run(with({}), "hello", 3, &found);
  EXPECT_EQ(found.kind, checksum_kind::crc64nvme);
  EXPECT_FALSE(found.declared);
}

TEST(payload, has_a_bound) {
  EXPECT_EQ(run(with({}), "hello", 1, nullptr, 5), "hello");
  EXPECT_EQ(run(with({}), "hello!", 1, nullptr, 5), "EntityTooLarge");
  auto framed =
      with({{"X-Amz-Content-Sha256", std::string{streaming_unsigned_trailer}}, {"X-Amz-Decoded-Content-Length", "6"}});
  EXPECT_EQ(run(framed, "", 1, nullptr, 5), "EntityTooLarge");
}

// The example of AWS's reference for signed chunks: 65 KiB of 'a' in chunks of 64 KiB.
struct aws_example {
  signature s = seed();
  std::string key;
  std::string body;
  request r =
      with({{"X-Amz-Content-Sha256", std::string{streaming_signed}}, {"X-Amz-Decoded-Content-Length", "66560"}});

  aws_example() {
    s.hex = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    key = signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", s);
    body = "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
           std::string(65536, 'a') +
           "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
           std::string(1024, 'a') +
           "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
  }
  std::string outcome(size_t step) const { return run(r, body, step, nullptr, roomy, s, key); }
};

TEST(aws_chunked, signed_chunks) {
  aws_example example;
  for (size_t step : {1, 7, 1000, 1 << 20}) EXPECT_EQ(example.outcome(step), std::string(66560, 'a')) << step;
}

TEST(aws_chunked, each_chunk_is_checked) {
  for (size_t at : {size_t{100}, size_t{65536 + 200}}) {
    aws_example example;
    example.body[at] = 'b';
    EXPECT_EQ(example.outcome(5000), "SignatureDoesNotMatch") << at;
  }
  aws_example cut;
  cut.body.resize(cut.body.size() - 90);  // the last chunk is missing
  EXPECT_EQ(cut.outcome(5000), "IncompleteBody");
}

TEST(aws_chunked, unsigned_with_a_trailer) {
  auto r = with({{"X-Amz-Content-Sha256", std::string{streaming_unsigned_trailer}},
                 {"X-Amz-Decoded-Content-Length", "11"},
                 {"X-Amz-Trailer", "x-amz-checksum-crc32"}});
  checksum sum{checksum_kind::crc32};
  sum.update("hello world");
  auto right = base::to_base64(sum.finish());
  auto body = [](std::string_view trailer) { return fmt::format("5\r\nhello\r\n6\r\n world\r\n0\r\n{}\r\n", trailer); };
  struct {
    std::string body;
    std::string_view outcome;
  } table[] = {
      {body("x-amz-checksum-crc32:" + right + "\r\n"), "hello world"},
      {body("X-Amz-Checksum-CRC32: " + right + "\r\n"), "hello world"},
      {body("x-amz-checksum-crc32:AAAAAA==\r\n"), "BadDigest"},
      {body(""), "MalformedTrailerError"},
      {body("no colon\r\n"), "InvalidRequest"},
      {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + right + "\r\n\r\n", "IncompleteBody"},
      {"5\r\nhello world\r\n0\r\n\r\n", "InvalidRequest"},
      {"five\r\nhello\r\n0\r\n\r\n", "InvalidRequest"},
      {"5\r\nhel", "IncompleteBody"},
      {body("x-amz-checksum-crc32:" + right + "\r\n") + "more", "InvalidRequest"},
      {std::string(max_chunk_line_bytes + 1, '0'), "InvalidRequest"},
      {"ffffffffffffffffff\r\n", "InvalidRequest"},
  };
  for (const auto& row : table)
    for (size_t step : {1, 100'000}) EXPECT_EQ(run(r, row.body, step), row.outcome) << row.body.substr(0, 60);
}

TEST(aws_chunked, is_no_encoding_of_the_object) {
  struct {
    std::string sent, kept;
  } table[] = {
      {"aws-chunked", ""}, {"gzip, aws-chunked", "gzip"}, {"aws-chunked,gzip , br", "gzip,br"}, {"gzip", "gzip"}};
  for (const auto& row : table) {
    auto r = with({{"A", "1"}, {"Content-Encoding", row.sent}, {"B", "2"}});
    remove_framing(r);
    EXPECT_EQ(r.headers.get("Content-Encoding"), row.kept) << row.sent;
    EXPECT_EQ(r.headers.has("Content-Encoding"), !row.kept.empty());
    EXPECT_EQ(r.headers.get("B"), "2");
  }
}

TEST(aws_chunked, needs_the_decoded_length) {
  EXPECT_EQ(run(with({{"X-Amz-Content-Sha256", std::string{streaming_unsigned_trailer}}}), "", 1),
            "MissingContentLength");
}

TEST(aws_chunked, trailers_have_a_bound) {
  auto decode = [](size_t count) {
    aws_chunked_decoder d{std::nullopt, true};
    std::string body = "0\r\n";
    for (size_t i = 0; i < count; ++i) body += fmt::format("h{}: x\r\n", i);
    auto fed = d.feed(body + "\r\n", [](std::string_view) -> base::result<void, refusal> { return {}; });
    return fed && d.finish();
  };
  EXPECT_TRUE(decode(max_trailers));
  EXPECT_FALSE(decode(max_trailers + 1));
}

}  // namespace
}  // namespace mdlc::wire
