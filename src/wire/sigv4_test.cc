#include "wire/sigv4.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "wire/auth_words.h"

namespace mdlc::wire {
namespace {

constexpr const char* vectors =
#include "wire/sigv4_vectors.inc"
    ;

constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const base::time_point now = *base::from_iso8601("2026-01-31T23:59:58Z");

request read_vector(const json::value& v) {
  http::request_head head{std::string{json::text(v, "method")}, std::string{json::text(v, "target")}, {}};
  for (const auto& field : v.at("headers").as_array())
    head.headers.add(std::string{json::view(field.at(0).as_string())},
                     std::string{json::view(field.at(1).as_string())});
  request r{head};
  r.body = json::text(v, "body");
  return r;
}

json::value vector_named(std::string_view name) {
  auto all = *json::parse(vectors);
  for (const auto& v : all.as_array())
    if (json::text(v, "name") == name) return v;
  throw std::runtime_error("no such vector");
}

base::result<void, auth_error> check(const request& r, base::time_point at = now, std::string_view with = secret) {
  auto s = read_signature(r);
  if (!s) return tl::unexpected(s.error());
  return check_signature(r, *s, with, payload_hash(r, *s, r.body), at);
}

TEST(sigv4, accepts_what_botocore_signs) {
  auto all = *json::parse(vectors);
  ASSERT_GT(all.as_array().size(), 10u);
  for (const auto& v : all.as_array()) {
    SCOPED_TRACE(json::text(v, "name"));
    auto r = read_vector(v);
    auto ok = check(r);
    EXPECT_TRUE(ok) << (ok ? "" : json::print(ok.error().members));
    EXPECT_EQ(read_signature(r)->session_token, json::text(v, "token"));
  }
}

TEST(sigv4, refuses_each_of_them_with_one_thing_changed) {
  auto all = *json::parse(vectors);
  for (const auto& v : all.as_array()) {
    SCOPED_TRACE(json::text(v, "name"));
    auto refused = [&](const request& r, std::string_view with = secret) {
      auto ok = check(r, now, with);
      return !ok && ok.error().why == auth_failure::mismatch;
    };
    auto r = read_vector(v);
    EXPECT_TRUE(refused(r, "another secret"));
    r.path += "x";
    EXPECT_TRUE(refused(r));
    r = read_vector(v);
    r.method = "PATCH";
    EXPECT_TRUE(refused(r));
    r = read_vector(v);
    r.query.emplace_back("more", "");
    EXPECT_TRUE(refused(r));
    r = read_vector(v);
    r.headers.set("Host", "elsewhere");
    EXPECT_TRUE(refused(r));
  }
}

TEST(sigv4, the_body_is_part_of_it) {
  auto r = read_vector(vector_named("post json"));
  r.body = "{ }";
  ASSERT_FALSE(check(r));
  EXPECT_EQ(check(r).error().why, auth_failure::mismatch);
}

TEST(sigv4, clocks_may_differ_by_fifteen_minutes) {
  using std::chrono::milliseconds;
  auto r = read_vector(vector_named("post json"));
  for (int64_t sign : {-1, 1}) {
    EXPECT_TRUE(check(r, now + milliseconds{sign * max_clock_skew_ms}));
    auto late = check(r, now + milliseconds{sign * (max_clock_skew_ms + 1)});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().why, auth_failure::not_current);
  }
  EXPECT_EQ(check(r, now + milliseconds{max_clock_skew_ms + 1000}).error().detail,
            "Signature expired: 20260131T235958Z is now earlier than 20260131T235959Z (20260201T001459Z - 15 min.)");
}

TEST(sigv4, a_presigned_url_has_a_life) {
  auto r = read_vector(vector_named("presigned s3"));
  EXPECT_TRUE(check(r, now + std::chrono::seconds{3600}));
  auto late = check(r, now + std::chrono::seconds{3601});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().why, auth_failure::expired_url);
  EXPECT_EQ(in_words(late.error(), protocol::rest_xml).code, "AccessDenied");
  EXPECT_EQ(in_words(late.error(), protocol::rest_xml).message, "Request has expired");
}

TEST(sigv4, headers_that_mean_something_must_be_signed) {
  auto r = read_vector(vector_named("s3 unsigned payload"));
  r.headers.add("x-amz-acl", "public-read");
  auto ok = check(r);
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().why, auth_failure::unsigned_headers);
}

TEST(sigv4, what_is_malformed_is_named) {
  struct {
    std::string_view authorization;
    auth_failure why;
    std::string_view detail;
  } table[] = {
      {"", auth_failure::missing, ""},
      {"Basic abc", auth_failure::incomplete, "Unsupported AWS 'algorithm': 'Basic'."},
      {"AWS4-HMAC-SHA256", auth_failure::incomplete,
       "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
       "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256"},
      {"AWS4-HMAC-SHA256 Credential=a/20260131/us-east-1/sts/aws4_request, SignedHeaders=host",
       auth_failure::incomplete, "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256"},
      {"AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0", auth_failure::incomplete,
       "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b'"},
      {"AWS4-HMAC-SHA256 Credential=a/20250101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0",
       auth_failure::incomplete,
       "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20250101' != "
       "'20260131', from '20260131T235958Z'."},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.authorization);
    request r;
    r.method = "GET";
    r.path = "/";
    r.headers.add("X-Amz-Date", "20260131T235958Z");
    if (!row.authorization.empty()) r.headers.add("Authorization", std::string{row.authorization});
    auto s = read_signature(r);
    ASSERT_FALSE(s);
    EXPECT_EQ(s.error().why, row.why);
    EXPECT_EQ(s.error().detail, row.detail);
  }
}

TEST(sigv4, our_own_signature_is_right) {
  request r;
  r.method = "POST";
  r.path = "/a b";
  r.query = {{"x", "1 2"}};
  r.headers.add("Host", "localhost");
  r.body = "text";
  sign(r, {"AKIDEXAMPLEAKIDEXAMP", std::string{secret}, "token"}, "states", "us-east-1", now);
  EXPECT_TRUE(check(r));
  EXPECT_EQ(read_signature(r)->session_token, "token");
}

TEST(sigv4, each_refusal_in_each_protocols_words) {
  struct {
    auth_failure why;
    protocol p;
    std::string_view code;
    int status;
  } table[] = {
      {auth_failure::missing, protocol::json, "MissingAuthenticationTokenException", 400},
      {auth_failure::missing, protocol::rest_json, "MissingAuthenticationTokenException", 403},
      {auth_failure::missing, protocol::query, "MissingAuthenticationToken", 403},
      {auth_failure::missing, protocol::rest_xml, "AccessDenied", 403},
      {auth_failure::incomplete, protocol::json, "IncompleteSignatureException", 400},
      {auth_failure::incomplete, protocol::query, "IncompleteSignature", 400},
      {auth_failure::incomplete, protocol::rest_xml, "AuthorizationHeaderMalformed", 400},
      {auth_failure::unknown_key, protocol::json, "UnrecognizedClientException", 400},
      {auth_failure::unknown_key, protocol::rest_json, "UnrecognizedClientException", 403},
      {auth_failure::unknown_key, protocol::query, "InvalidClientTokenId", 403},
      {auth_failure::unknown_key, protocol::rest_xml, "InvalidAccessKeyId", 403},
      {auth_failure::wrong_token, protocol::rest_xml, "InvalidToken", 400},
      {auth_failure::expired_token, protocol::json, "ExpiredTokenException", 400},
      {auth_failure::expired_token, protocol::query, "ExpiredToken", 403},
      {auth_failure::not_current, protocol::json, "InvalidSignatureException", 400},
      {auth_failure::not_current, protocol::query, "SignatureDoesNotMatch", 403},
      {auth_failure::not_current, protocol::rest_xml, "RequestTimeTooSkewed", 403},
      {auth_failure::mismatch, protocol::json, "InvalidSignatureException", 400},
      {auth_failure::mismatch, protocol::rest_json, "InvalidSignatureException", 403},
      {auth_failure::mismatch, protocol::query, "SignatureDoesNotMatch", 403},
      {auth_failure::mismatch, protocol::rest_xml, "SignatureDoesNotMatch", 403},
  };
  for (const auto& row : table) {
    auto words = in_words({row.why, "what was wrong"}, row.p, "AKID");
    EXPECT_EQ(words.code, row.code);
    EXPECT_EQ(words.status, row.status) << row.code;
    EXPECT_FALSE(words.message.empty()) << row.code;
  }
}

}  // namespace
}  // namespace mdlc::wire
