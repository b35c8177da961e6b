#include "base/bytes.h"

#include <gtest/gtest.h>

namespace mdlc::base {
namespace {

TEST(bytes, base64_comes_back_at_every_length) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST(bytes, base64_is_strict) {
  for (auto text : {"a", "ab", "abc", "ab=c", "a===", "====", "ab!=", "abcd=", "YQ==\n"})
    EXPECT_FALSE(from_base64(text)) << text;
}

TEST(bytes, hex_comes_back) {
  EXPECT_EQ(to_hex("\x01\xfe"), "01fe");
  EXPECT_EQ(from_hex("01FE").value(), "\x01\xfe");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(bytes, digests_of_the_empty_string) {
  EXPECT_EQ(to_hex(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(to_hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(bytes, hmac_of_rfc4231_case_2) {
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace mdlc::base
