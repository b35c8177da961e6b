#include "services/s3/upload.h"

#include "base/bytes.h"
#include "services/s3/testing.h"
#include "wire/checksum.h"

namespace mdlc::services::s3 {
namespace {

class uploads : public testing::s3_test {
 protected:
  uploads() { make_bucket(); }

  std::string begin(json::object more = {}) {
    auto out = on("CreateMultipartUpload", "k", std::move(more));
    EXPECT_TRUE(out.ok()) << out.code();
    return out.text("UploadId");
  }
  outcome part(const std::string& id, int64_t number, std::string bytes, json::object more = {}) {
    more.insert_or_assign("Bucket", "b-bucket");
    more.insert_or_assign("Key", "k");
    more.insert_or_assign("UploadId", id);
    more.insert_or_assign("PartNumber", number);
    return call("UploadPart", more, std::move(bytes));
  }
  static json::object listed(int64_t number, const std::string& etag) {
    return {{"PartNumber", number}, {"ETag", etag}};
  }
  outcome complete(const std::string& id, json::array parts, json::object more = {}) {
    more.emplace("UploadId", id);
    more.emplace("MultipartUpload", json::object{{"Parts", std::move(parts)}});
    return on("CompleteMultipartUpload", "k", std::move(more));
  }

  const std::string large_ = std::string(static_cast<size_t>(min_part_bytes), 'l'), small_ = "small";
};

std::string checksum_of(wire::checksum_kind kind, std::string_view bytes) {
  wire::checksum sum(kind);
  sum.update(bytes);
  return base::to_base64(sum.finish());
}

TEST_F(uploads, make_one_object_of_their_parts) {
  auto id = begin({{"ContentType", "text/plain"}, {"Metadata", json::object{{"a", "1"}}}, {"Tagging", "t=1"}});
  auto two = part(id, 2, small_).text("ETag");
  part(id, 1, "overwritten");
  auto one = part(id, 1, large_).text("ETag");
  EXPECT_EQ(one, '"' + base::to_hex(base::md5(large_)) + '"');
  EXPECT_EQ(blob_files(), 2);
  auto done = complete(id, {listed(1, one), listed(2, two.substr(1, 32))});
  ASSERT_TRUE(done.ok()) << done.code();
  auto etag = '"' + base::to_hex(base::md5(base::md5(large_) + base::md5(small_))) + "-2\"";
  EXPECT_EQ(done.text("ETag"), etag);
  EXPECT_EQ(done.text("Location"), "http://127.0.0.1:4566/b-bucket/k");
  EXPECT_EQ(done.text("ChecksumCRC64NVME"), checksum_of(wire::checksum_kind::crc64nvme, large_ + small_));
  EXPECT_EQ(done.text("ChecksumType"), "FULL_OBJECT");
  EXPECT_EQ(blob_files(), 1);

  auto found = get("k");
  EXPECT_EQ(found.body, large_ + small_);
  EXPECT_EQ(found.text("ETag"), etag);
  EXPECT_EQ(found.text("ContentType"), "text/plain");
  EXPECT_EQ(get("k", {{"PartNumber", 2}}).body, small_);
  EXPECT_EQ(get("k", {{"PartNumber", 2}}).find("PartsCount")->as_int64(), 2);
  EXPECT_EQ(get("k", {{"PartNumber", 3}}).code(), "InvalidPartNumber");
  EXPECT_EQ(events_.back().detail_type, "Object Created");

  // A client that did not hear the answer asks again.
  EXPECT_EQ(complete(id, {listed(1, one), listed(2, two)}).text("ETag"), etag);
  EXPECT_EQ(on("AbortMultipartUpload", "k", {{"UploadId", id}}).code(), "NoSuchUpload");

  // A copy is in one piece.
  auto copied = on("CopyObject", "copy", {{"CopySource", "b-bucket/k"}});
  EXPECT_EQ(json::text(*copied.find("CopyObjectResult"), "ETag"), '"' + base::to_hex(base::md5(large_ + small_)) + '"');
  EXPECT_EQ(blob_files(), 1);
}

TEST_F(uploads, have_composite_checksums) {
  auto id = begin({{"ChecksumAlgorithm", "SHA256"}});
  auto sum = [](const std::string& bytes) { return checksum_of(wire::checksum_kind::sha256, bytes); };
  auto one = part(id, 1, large_, {{"ChecksumSHA256", sum(large_)}});
  auto two = part(id, 2, small_);
  EXPECT_EQ(two.text("ChecksumSHA256"), sum(small_));
  EXPECT_EQ(part(id, 3, small_, {{"ChecksumCRC32", checksum_of(wire::checksum_kind::crc32, small_)}}).code(),
            "InvalidRequest");
  auto with_sum = [&](int64_t number, const outcome& p, const std::string& bytes) {
    auto out = listed(number, p.text("ETag"));
    out.emplace("ChecksumSHA256", sum(bytes));
    return out;
  };
  EXPECT_EQ(complete(id, {listed(1, one.text("ETag")), listed(2, two.text("ETag"))}).code(), "InvalidRequest");
  EXPECT_EQ(complete(id, {with_sum(1, one, small_), with_sum(2, two, small_)}).code(), "InvalidPart");
  auto done = complete(id, {with_sum(1, one, large_), with_sum(2, two, small_)});
  auto whole = checksum_of(wire::checksum_kind::sha256,
                           base::from_base64(sum(large_)).value() + base::from_base64(sum(small_)).value()) +
               "-2";
  EXPECT_EQ(done.text("ChecksumSHA256"), whole);
  EXPECT_EQ(done.text("ChecksumType"), "COMPOSITE");
  EXPECT_EQ(get("k", {{"ChecksumMode", "ENABLED"}}).text("ChecksumSHA256"), whole);
  auto shown = on("GetObjectAttributes", "k", {{"ObjectAttributes", json::array{"ObjectParts"}}, {"MaxParts", 1}});
  EXPECT_EQ(json::print(*shown.find("ObjectParts")),
            fmt::format(R"({{"TotalPartsCount":2,"PartNumberMarker":0,"NextPartNumberMarker":1,"MaxParts":1,)"
                        R"("IsTruncated":true,"Parts":[{{"PartNumber":1,"Size":5242880,"ChecksumSHA256":"{}"}}]}})",
                        sum(large_)));
}

TEST_F(uploads, choose_their_checksums_type) {
  struct {
    const char* algorithm;
    const char* type;
    const char* code;
    const char* chosen;
  } cases[] = {{"CRC32", "", "", "COMPOSITE"},       {"CRC32C", "FULL_OBJECT", "", "FULL_OBJECT"},
               {"CRC64NVME", "", "", "FULL_OBJECT"}, {"CRC64NVME", "COMPOSITE", "InvalidRequest", ""},
               {"SHA1", "", "", "COMPOSITE"},        {"SHA256", "FULL_OBJECT", "InvalidRequest", ""}};
  for (auto& c : cases) {
    json::object input{{"ChecksumAlgorithm", c.algorithm}};
    if (*c.type) input.emplace("ChecksumType", c.type);
    auto out = on("CreateMultipartUpload", "k", input);
    EXPECT_EQ(out.code(), c.code) << c.algorithm;
    if (out.ok()) {
      EXPECT_EQ(out.text("ChecksumType"), c.chosen);
    }
  }
}

// Current SDKs add a CRC32 to each part, also of an upload that did not ask for one.
TEST_F(uploads, take_checksums_that_nobody_asked_for) {
  auto id = begin();
  auto sum = checksum_of(wire::checksum_kind::crc32, small_);
  auto one = part(id, 1, small_, {{"ChecksumCRC32", sum}});
  EXPECT_EQ(one.text("ChecksumCRC32"), sum);
  auto with_sum = listed(1, one.text("ETag"));
  with_sum.emplace("ChecksumCRC32", sum);
  auto done = complete(id, {with_sum}, {{"ChecksumType", "FULL_OBJECT"}, {"MpuObjectSize", 5}});
  EXPECT_EQ(done.text("ChecksumCRC64NVME"), checksum_of(wire::checksum_kind::crc64nvme, small_));
}

TEST_F(uploads, refuse_what_does_not_fit) {
  auto id = begin();
  auto one = part(id, 1, "too small").text("ETag"), two = part(id, 2, small_).text("ETag");
  struct {
    json::array parts;
    json::object more;
    const char* code;
  } cases[] = {
      {{}, {}, "MalformedXML"},
      {{listed(1, one), listed(2, two)}, {}, "EntityTooSmall"},
      {{listed(2, two), listed(1, one)}, {}, "InvalidPartOrder"},
      {{listed(1, one), listed(1, one)}, {}, "InvalidPartOrder"},
      {{listed(1, two)}, {}, "InvalidPart"},
      {{listed(3, one)}, {}, "InvalidPart"},
      {{listed(1, one)}, {{"MpuObjectSize", 8}}, "InvalidRequest"},
      {{listed(1, one)}, {{"ChecksumCRC64NVME", "AAAAAAAAAAA="}}, "BadDigest"},
      {{listed(1, one)}, {{"IfMatch", "*"}}, "NoSuchKey"},
  };
  for (auto& c : cases) EXPECT_EQ(complete(id, c.parts, c.more).code(), c.code) << json::print(c.parts);
  EXPECT_EQ(complete("none", {listed(1, one)}).code(), "NoSuchUpload");
  EXPECT_EQ(part("none", 1, "x").code(), "NoSuchUpload");
  EXPECT_EQ(blob_files(), 2);
  EXPECT_EQ(complete(id, {listed(2, two)}, {{"IfNoneMatch", "*"}}).code(), "");  // the last may be small, others unused
  EXPECT_EQ(get("k").body, small_);
  EXPECT_EQ(blob_files(), 1);
}

TEST_F(uploads, have_parts_within_bounds) {
  auto id = begin();
  for (auto [number, code] : {std::pair{0, "InvalidArgument"}, {1, ""}, {10'000, ""}, {10'001, "InvalidArgument"}})
    EXPECT_EQ(part(id, number, "x").code(), code) << number;
  auto one = part(id, 1, large_.substr(1)).text("ETag"), last = part(id, 10'000, "x").text("ETag");
  EXPECT_EQ(complete(id, {listed(1, one), listed(10'000, last)}).code(), "EntityTooSmall");
  one = part(id, 1, large_).text("ETag");
  EXPECT_EQ(complete(id, {listed(1, one), listed(10'000, last)}).code(), "");
}

TEST_F(uploads, are_aborted) {
  auto id = begin();
  part(id, 1, "x");
  EXPECT_EQ(on("AbortMultipartUpload", "k", {{"UploadId", id}}).code(), "");
  EXPECT_EQ(blob_files(), 0);
  EXPECT_EQ(on("ListParts", "k", {{"UploadId", id}}).code(), "NoSuchUpload");
}

TEST_F(uploads, list_their_parts) {
  auto id = begin({{"ChecksumAlgorithm", "CRC32"}});
  for (int number : {3, 1, 2}) part(id, number, "x");
  auto numbers = [&](json::object more) {
    more.emplace("UploadId", id);
    auto out = on("ListParts", "k", std::move(more));
    std::string all;
    for (auto& p : out.find("Parts")->as_array())
      all += fmt::format("{}:{} ", p.at("PartNumber").as_int64(), json::text(p, "ChecksumCRC32"));
    return all + (out.find("IsTruncated")->as_bool()
                      ? fmt::format("next {}", out.find("NextPartNumberMarker")->as_int64())
                      : "");
  };
  auto sum = checksum_of(wire::checksum_kind::crc32, "x");
  EXPECT_EQ(numbers({}), fmt::format("1:{0} 2:{0} 3:{0} ", sum));
  EXPECT_EQ(numbers({{"MaxParts", 2}}), fmt::format("1:{0} 2:{0} next 2", sum));
  EXPECT_EQ(numbers({{"PartNumberMarker", 2}}), fmt::format("3:{} ", sum));
}

TEST_F(uploads, are_listed) {
  for (auto* key : {"a", "b/1", "b/2", "c"}) on("CreateMultipartUpload", key);
  auto second = on("CreateMultipartUpload", "a").text("UploadId");
  auto list = [&](json::object input) {
    input.emplace("Bucket", "b-bucket");
    return call("ListMultipartUploads", input);
  };
  auto keys = [&](const outcome& out) {
    std::string all;
    if (auto* found = out.find("Uploads"))
      for (auto& u : found->as_array()) all += std::string(json::text(u, "Key")) + " ";
    if (auto* found = out.find("CommonPrefixes"))
      for (auto& p : found->as_array()) all += std::string(json::text(p, "Prefix")) + " ";
    return all;
  };
  EXPECT_EQ(keys(list({})), "a a b/1 b/2 c ");
  EXPECT_EQ(keys(list({{"Prefix", "b"}})), "b/1 b/2 ");
  EXPECT_EQ(keys(list({{"Delimiter", "/"}})), "a a c b/ ");
  EXPECT_EQ(keys(list({{"KeyMarker", "a"}})), "b/1 b/2 c ");
  std::string all;
  json::object input{{"MaxUploads", 1}, {"Delimiter", "/"}};
  for (bool more = true; more;) {
    auto page = list(input);
    all += keys(page);
    more = page.find("IsTruncated")->as_bool();
    if (!more) break;
    input.insert_or_assign("KeyMarker", page.text("NextKeyMarker"));
    input.erase("UploadIdMarker");
    if (page.find("NextUploadIdMarker")) input.emplace("UploadIdMarker", page.text("NextUploadIdMarker"));
  }
  EXPECT_EQ(all, "a a b/ c ");
}

TEST_F(uploads, copy_parts_of_objects) {
  put("source", large_ + "tail");
  auto id = begin();
  auto copy = [&](int number, json::object more) {
    more.emplace("UploadId", id);
    more.emplace("PartNumber", number);
    more.emplace("CopySource", "b-bucket/source");
    return on("UploadPartCopy", "k", std::move(more));
  };
  auto one = copy(1, {{"CopySourceRange", "bytes=0-5242879"}});
  ASSERT_TRUE(one.ok()) << one.code();
  EXPECT_EQ(copy(2, {{"CopySourceRange", "bytes=5242880-5242884"}}).code(), "InvalidArgument");
  EXPECT_EQ(copy(2, {{"CopySourceRange", "bytes=5-"}}).code(), "InvalidArgument");
  EXPECT_EQ(copy(2, {{"CopySourceIfMatch", "\"x\""}}).code(), "PreconditionFailed");
  auto two = copy(2, {{"CopySourceRange", "bytes=5242880-5242883"}});
  auto etag = [](const outcome& o) { return std::string(json::text(*o.find("CopyPartResult"), "ETag")); };
  EXPECT_EQ(complete(id, {listed(1, etag(one)), listed(2, etag(two))}).code(), "");
  EXPECT_EQ(get("k").body, large_ + "tail");
}

TEST_F(uploads, survive_a_restart) {
  auto id = begin();
  auto one = part(id, 1, "kept").text("ETag");
  env_.now_ = env_.now() + std::chrono::hours{2};
  restart();
  EXPECT_EQ(blob_files(), 1);
  EXPECT_EQ(complete(id, {listed(1, one)}).code(), "");
  EXPECT_EQ(get("k").body, "kept");
}

}  // namespace
}  // namespace mdlc::services::s3
