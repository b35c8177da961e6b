#include "services/s3/object.h"

#include "services/s3/content.h"
#include "services/s3/stage.h"
#include "services/s3/testing.h"

namespace mdlc::services::s3 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

class objects : public testing::s3_test {
 protected:
  objects() { make_bucket(); }
};

TEST_F(objects, are_given_back_with_all_that_was_said_of_them) {
  auto put_answer = put("a/../b c", "hello",
                        {{"ContentType", "text/plain"},
                         {"CacheControl", "no-cache"},
                         {"Metadata", json::object{{"Author", "me"}}},
                         {"StorageClass", "STANDARD_IA"},
                         {"Tagging", "k=v&l=a%20b"}});
  EXPECT_EQ(put_answer.text("ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  EXPECT_EQ(put_answer.text("ChecksumCRC64NVME"), "M3eFcAZSQlc=");
  EXPECT_EQ(put_answer.text("ChecksumType"), "FULL_OBJECT");
  EXPECT_EQ(put_answer.text("ServerSideEncryption"), "AES256");
  EXPECT_FALSE(put_answer.find("VersionId"));
  for (auto* operation : {"GetObject", "HeadObject"}) {
    auto found = on(operation, "a/../b c", {{"ChecksumMode", "ENABLED"}});
    EXPECT_EQ(found.text("ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
    EXPECT_EQ(found.text("ContentType"), "text/plain");
    EXPECT_EQ(found.text("CacheControl"), "no-cache");
    EXPECT_EQ(found.text("StorageClass"), "STANDARD_IA");
    EXPECT_EQ(json::text(*found.find("Metadata"), "author"), "me");
    EXPECT_EQ(found.find("ContentLength")->as_int64(), 5);
    EXPECT_EQ(found.find("TagCount")->as_int64(), 2);
    EXPECT_EQ(found.text("ChecksumCRC64NVME"), "M3eFcAZSQlc=");
    EXPECT_EQ(found.find("LastModified")->to_number<double>(),
              static_cast<double>(base::to_ms(base::from_iso8601("2026-11-24T10:00:00Z").value())) / 1000);
    EXPECT_EQ(found.body.has_value(), operation == std::string("GetObject"));
  }
  EXPECT_EQ(get("a/../b c").body, "hello");
  EXPECT_EQ(get("a/../b c").text("ChecksumCRC64NVME"), "");
  EXPECT_EQ(get("b c").code(), "NoSuchKey");
}

TEST_F(objects, without_a_body_or_type_are_empty_octets) {
  ASSERT_TRUE(call("PutObject", {{"Bucket", "b-bucket"}, {"Key", "empty"}}).ok());
  auto found = get("empty");
  EXPECT_EQ(found.body, "");
  EXPECT_EQ(found.text("ContentType"), "binary/octet-stream");
  EXPECT_EQ(found.text("ETag"), "\"d41d8cd98f00b204e9800998ecf8427e\"");
}

TEST_F(objects, are_overwritten_and_deleted_with_their_bytes) {
  put("k", "one");
  put("k", "two");
  EXPECT_EQ(get("k").body, "two");
  EXPECT_EQ(blob_files(), 1);
  auto gone = on("DeleteObject", "k");
  EXPECT_FALSE(gone.find("DeleteMarker"));
  EXPECT_TRUE(on("DeleteObject", "k").ok());  // again
  EXPECT_EQ(get("k").code(), "NoSuchKey");
  EXPECT_EQ(get("k").error_status(), 404);
  EXPECT_EQ(blob_files(), 0);
}

TEST_F(objects, refused_leave_nothing) {
  put("k", "one");
  EXPECT_EQ(put("k", "two", {{"IfNoneMatch", "*"}}).code(), "PreconditionFailed");
  EXPECT_EQ(put("k", "two", {{"ContentMD5", "AAAAAAAAAAAAAAAAAAAAAA=="}}).code(), "BadDigest");
  EXPECT_EQ(call("PutObject", {{"Bucket", "none-bucket"}, {"Key", "k"}}, "x").code(), "NoSuchBucket");
  EXPECT_EQ(get("k").body, "one");
  EXPECT_EQ(blob_files(), 1);
}

TEST_F(objects, survive_a_restart_which_sweeps_what_no_row_points_to) {
  put("k", "kept");
  blobs_->put("nobody's").value();
  EXPECT_EQ(blob_files(), 2);
  env_.now_ = env_.now() + std::chrono::seconds{1};
  restart();
  EXPECT_EQ(blob_files(), 1);
  EXPECT_EQ(get("k").body, "kept");
}

TEST_F(objects, can_be_read_while_they_are_overwritten) {
  put("k", std::string(100'000, 'a'));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (char c = 'b'; !stop; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) put("k", std::string(100'000, c));
  });
  for (int i = 0; i < 200; i++) {
    auto found = get("k");
    ASSERT_TRUE(found.ok()) << found.code();
    EXPECT_EQ(*found.body, std::string(100'000, found.body->front()));
  }
  stop = true;
  writer.join();
}

TEST_F(objects, have_keys_within_bounds) {
  struct {
    std::string key;
    std::string code;
  } cases[] = {
      {std::string(1024, 'k'), ""},
      {std::string(1025, 'k'), "KeyTooLongError"},
      {"../../../etc/passwd", ""},
      {"/", ""},
      {"schl\u00fcssel \U0001F511", ""},
      {"\xff", "InvalidURI"},
      {"\xc3", "InvalidURI"},
      {"\xc0\xaf", "InvalidURI"},
      {"\xed\xa0\x80", "InvalidURI"},
      {"\xf4\x90\x80\x80", "InvalidURI"},
  };
  for (auto& c : cases) {
    EXPECT_EQ(put(c.key, "x").code(), c.code) << c.key;
    if (c.code.empty()) {
      EXPECT_EQ(get(c.key).body, "x") << c.key;
    }
  }
  for (auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "blobs"))
    if (entry.is_regular_file()) {
      EXPECT_EQ(entry.path().filename().string().size(), 32u);
    }
}

TEST_F(objects, have_metadata_within_bounds) {
  auto of = [](size_t bytes) {
    return json::object{{"Metadata", json::object{{"name", std::string(bytes - 4, 'v')}}}};
  };
  EXPECT_EQ(put("k", "x", of(max_metadata_bytes)).code(), "");
  EXPECT_EQ(put("k", "x", of(max_metadata_bytes + 1)).code(), "MetadataTooLarge");
}

TEST(object_size, is_bounded) {
  EXPECT_TRUE(check_size(max_put_bytes));
  EXPECT_EQ(check_size(max_put_bytes + 1).error().code, "EntityTooLarge");
}

TEST_F(objects, refuse_what_we_do_not_do) {
  EXPECT_EQ(put("k", "x", {{"SSECustomerAlgorithm", "AES256"}}).code(), "NotImplemented");
  EXPECT_EQ(put("k", "x", {{"ObjectLockMode", "GOVERNANCE"}}).code(), "NotImplemented");
  EXPECT_EQ(put("k", "x", {{"ACL", "public-read"}}).code(), "AccessControlListNotSupported");
  EXPECT_EQ(put("k", "x", {{"ACL", "bucket-owner-full-control"}}).code(), "");
  EXPECT_EQ(put("k", "x", {{"ExpectedBucketOwner", "111111111111"}}).code(), "AccessDenied");
}

TEST_F(objects, have_the_checksum_that_the_client_wants) {
  // Of "123456789"; the CRCs' values are those of their catalogue's check column.
  struct {
    const char* algorithm;
    const char* value;
  } cases[] = {{"CRC32", "y/Q5Jg=="},
               {"CRC32C", "4waSgw=="},
               {"CRC64NVME", "rosUhgp5mIg="},
               {"SHA1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
               {"SHA256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="}};
  for (auto& c : cases) {
    SCOPED_TRACE(c.algorithm);
    std::string member = std::string("Checksum") + c.algorithm;
    EXPECT_EQ(put("k", "123456789", {{"ChecksumAlgorithm", c.algorithm}}).text(member), c.value);
    EXPECT_EQ(put("k", "123456789", {{member, c.value}}).text(member), c.value);
    EXPECT_EQ(get("k", {{"ChecksumMode", "ENABLED"}}).text(member), c.value);
    EXPECT_EQ(put("k", "123456780", {{member, c.value}}).code(), "BadDigest");
    EXPECT_EQ(put("k", "123456789", {{member, "AAAA"}}).code(), "InvalidRequest");
  }
  EXPECT_EQ(put("k", "x", {{"ChecksumCRC32", "y/Q5Jg=="}, {"ChecksumCRC32C", "4waSgw=="}}).code(), "InvalidRequest");
  EXPECT_EQ(put("k", "x", {{"ChecksumXXHASH64", "AAAAAAAAAAA="}}).code(), "NotImplemented");
}

TEST_F(objects, give_parts_of_themselves) {
  put("k", "0123456789");
  put("empty", "");
  struct {
    const char* range;
    const char* body;
    const char* content_range;
  } cases[] = {{"bytes=0-0", "0", "bytes 0-0/10"},          {"bytes=2-4", "234", "bytes 2-4/10"},
               {"bytes=5-", "56789", "bytes 5-9/10"},       {"bytes=-3", "789", "bytes 7-9/10"},
               {"bytes=-99", "0123456789", "bytes 0-9/10"}, {"bytes=8-99", "89", "bytes 8-9/10"}};
  for (auto& c : cases) {
    auto found = get("k", {{"Range", c.range}, {"ChecksumMode", "ENABLED"}});
    EXPECT_EQ(found.status, 206) << c.range;
    EXPECT_EQ(found.body, c.body) << c.range;
    EXPECT_EQ(found.text("ContentRange"), c.content_range);
    EXPECT_EQ(found.text("ChecksumCRC64NVME"), "");
  }
  for (auto* whole : {"bytes=4-2", "bytes=a-b", "bytes=0-1,3-4", "lines=1-2", "bytes=-", "bytes=1"}) {
    auto found = get("k", {{"Range", whole}});
    EXPECT_EQ(found.status, 0) << whole;
    EXPECT_EQ(found.body, "0123456789") << whole;
  }
  for (auto* beyond : {"bytes=10-", "bytes=10-11", "bytes=-0"}) {
    EXPECT_EQ(get("k", {{"Range", beyond}}).code(), "InvalidRange") << beyond;
    EXPECT_EQ(get("k", {{"Range", beyond}}).error_status(), 416);
  }
  EXPECT_EQ(get("empty", {{"Range", "bytes=0-"}}).code(), "InvalidRange");
  EXPECT_EQ(get("empty", {{"Range", "bytes=-1"}}).code(), "InvalidRange");
  EXPECT_EQ(get("k", {{"PartNumber", 1}}).body, "0123456789");
  EXPECT_EQ(get("k", {{"PartNumber", 2}}).code(), "InvalidPartNumber");
  EXPECT_EQ(get("k", {{"PartNumber", 1}, {"Range", "bytes=0-1"}}).code(), "InvalidRequest");
}

TEST_F(objects, answer_with_other_headers_if_asked) {
  put("k", "x", {{"ContentType", "text/plain"}});
  auto found = get("k", {{"ResponseContentType", "text/csv"}, {"ResponseContentDisposition", "attachment"}});
  EXPECT_EQ(found.text("ContentType"), "text/csv");
  EXPECT_EQ(found.text("ContentDisposition"), "attachment");
}

TEST_F(objects, can_be_read_on_conditions) {
  put("k", "hello");
  std::string etag = "\"5d41402abc4b2a76b9719d911017c592\"", bare = etag.substr(1, 32), other = "\"x\"";
  double then = 1795514400;  // 2026-11-24T10:00:00Z, when it was put
  struct {
    json::object conditions;
    int status;
  } cases[] = {
      {{{"IfMatch", etag}}, 0},
      {{{"IfMatch", bare}}, 0},
      {{{"IfMatch", "*"}}, 0},
      {{{"IfMatch", other + ", " + etag}}, 0},
      {{{"IfMatch", other}}, 412},
      {{{"IfNoneMatch", etag}}, 304},
      {{{"IfNoneMatch", "*"}}, 304},
      {{{"IfNoneMatch", other}}, 0},
      {{{"IfModifiedSince", then}}, 304},
      {{{"IfModifiedSince", then - 1}}, 0},
      {{{"IfUnmodifiedSince", then}}, 0},
      {{{"IfUnmodifiedSince", then - 1}}, 412},
      // An ETag counts more than a date.
      {{{"IfMatch", etag}, {"IfUnmodifiedSince", then - 1}}, 0},
      {{{"IfNoneMatch", other}, {"IfModifiedSince", then}}, 0},
  };
  for (auto& c : cases)
    for (auto* operation : {"GetObject", "HeadObject"}) {
      auto found = on(operation, "k", c.conditions);
      EXPECT_EQ(found.ok() ? 0 : found.error_status(), c.status) << json::print(c.conditions);
      if (c.status == 304) {
        EXPECT_EQ(found.headers["ETag"], etag);
      }
    }
}

TEST_F(objects, can_be_written_on_conditions) {
  EXPECT_EQ(put("k", "1", {{"IfMatch", "*"}}).code(), "NoSuchKey");
  EXPECT_EQ(put("k", "1", {{"IfNoneMatch", "*"}}).code(), "");
  EXPECT_EQ(put("k", "2", {{"IfNoneMatch", "*"}}).error_status(), 412);
  EXPECT_EQ(put("k", "2", {{"IfNoneMatch", "\"x\""}}).code(), "NotImplemented");
  auto etag = get("k").text("ETag");
  EXPECT_EQ(put("k", "2", {{"IfMatch", "\"x\""}}).code(), "PreconditionFailed");
  EXPECT_EQ(put("k", "2", {{"IfMatch", etag}}).code(), "");
  EXPECT_EQ(on("DeleteObject", "k", {{"IfMatch", etag}}).code(), "PreconditionFailed");
  EXPECT_EQ(on("DeleteObject", "k", {{"IfMatch", get("k").text("ETag")}}).code(), "");
  EXPECT_EQ(on("DeleteObject", "k", {{"IfMatch", "*"}}).code(), "NoSuchKey");
}

// Two writers that both find nothing: one of them wins.
TEST_F(objects, of_many_conditional_writers_one_wins) {
  std::atomic<int> won{0}, refused{0};
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; i++)
    writers.emplace_back([&] {
      auto out = put("lock", "x", {{"IfNoneMatch", "*"}});
      (out.ok() ? won : refused)++;
    });
  for (auto& w : writers) w.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 7);
}

TEST_F(objects, keep_versions_where_the_bucket_does) {
  put("k", "before");
  version("Enabled");
  auto v1 = put("k", "one").text("VersionId"), v2 = put("k", "two").text("VersionId");
  EXPECT_NE(v1, v2);
  EXPECT_EQ(get("k").body, "two");
  EXPECT_EQ(get("k").text("VersionId"), v2);
  EXPECT_EQ(get("k", {{"VersionId", v1}}).body, "one");
  EXPECT_EQ(get("k", {{"VersionId", "null"}}).body, "before");
  EXPECT_EQ(get("k", {{"VersionId", "none"}}).code(), "NoSuchVersion");

  auto marker = on("DeleteObject", "k");
  EXPECT_EQ(marker.find("DeleteMarker")->as_bool(), true);
  EXPECT_EQ(get("k").code(), "NoSuchKey");
  EXPECT_EQ(get("k").headers["x-amz-delete-marker"], "true");
  EXPECT_EQ(get("k", {{"VersionId", marker.text("VersionId")}}).error_status(), 405);
  EXPECT_EQ(put("k", "x", {{"IfNoneMatch", "*"}}).code(), "");  // a marker is no object
  on("DeleteObject", "k", {{"VersionId", get("k").text("VersionId")}});

  auto unmade = on("DeleteObject", "k", {{"VersionId", marker.text("VersionId")}});
  EXPECT_EQ(unmade.find("DeleteMarker")->as_bool(), true);
  EXPECT_EQ(get("k").body, "two");
  EXPECT_FALSE(on("DeleteObject", "k", {{"VersionId", v2}}).find("DeleteMarker"));
  EXPECT_EQ(get("k").body, "one");
  EXPECT_EQ(blob_files(), 2);
}

TEST_F(objects, have_one_null_version_where_versioning_is_suspended) {
  version("Enabled");
  auto v1 = put("k", "one").text("VersionId");
  version("Suspended");
  EXPECT_EQ(put("k", "two").text("VersionId"), "null");
  EXPECT_EQ(put("k", "three").text("VersionId"), "null");
  EXPECT_EQ(blob_files(), 2);
  EXPECT_EQ(get("k", {{"VersionId", v1}}).body, "one");
  auto marker = on("DeleteObject", "k");
  EXPECT_EQ(marker.text("VersionId"), "null");
  EXPECT_EQ(get("k").code(), "NoSuchKey");
  EXPECT_EQ(blob_files(), 1);  // the marker took the null version's place
  on("DeleteObject", "k", {{"VersionId", "null"}});
  EXPECT_EQ(get("k").body, "one");
}

TEST_F(objects, are_deleted_many_at_once) {
  for (auto* key : {"a", "b", "c"}) put(key, key);
  auto many = [&](json::object more, json::array objects) {
    more.emplace("Objects", std::move(objects));
    return call("DeleteObjects", {{"Bucket", "b-bucket"}, {"Delete", std::move(more)}});
  };
  auto gone = many(
      {}, {json::object{{"Key", "a"}}, json::object{{"Key", "none"}}, json::object{{"Key", "b"}, {"ETag", "\"x\""}}});
  EXPECT_EQ(json::print(*gone.find("Deleted")), R"([{"Key":"a"},{"Key":"none"}])");
  ASSERT_EQ(gone.find("Errors")->as_array().size(), 1u);
  EXPECT_EQ(json::text(gone.find("Errors")->as_array()[0], "Code"), "PreconditionFailed");
  EXPECT_EQ(get("a").code(), "NoSuchKey");
  EXPECT_EQ(get("b").body, "b");
  EXPECT_EQ(json::print(*many({{"Quiet", true}}, {json::object{{"Key", "b"}}})), "{}");
  auto keys = [](size_t count) {
    json::array objects;
    for (size_t i = 0; i < count; i++) objects.push_back(json::object{{"Key", fmt::format("k{}", i)}});
    return objects;
  };
  EXPECT_EQ(many({}, keys(1000)).code(), "");
  EXPECT_EQ(many({}, keys(1001)).code(), "MalformedXML");
  EXPECT_EQ(many({}, {}).code(), "MalformedXML");
}

TEST_F(objects, are_copied_by_a_row) {
  put("from", "bytes", {{"ContentType", "text/plain"}, {"Metadata", json::object{{"a", "1"}}}, {"Tagging", "t=1"}});
  auto copied = on("CopyObject", "to", {{"CopySource", "b-bucket/from"}});
  EXPECT_EQ(json::text(*copied.find("CopyObjectResult"), "ETag"), get("from").text("ETag"));
  EXPECT_EQ(blob_files(), 1);
  EXPECT_EQ(get("to").text("ContentType"), "text/plain");
  on("DeleteObject", "from");
  EXPECT_EQ(get("to").body, "bytes");
  EXPECT_EQ(blob_files(), 1);
  on("DeleteObject", "to");
  EXPECT_EQ(blob_files(), 0);
}

TEST_F(objects, are_copied_with_changes_and_conditions) {
  put("from x", "bytes", {{"ContentType", "text/plain"}, {"Metadata", json::object{{"a", "1"}}}, {"Tagging", "t=1"}});
  json::object source{{"CopySource", "/b-bucket/from%20x"}};
  auto with = [&](json::object more) {
    more.emplace("CopySource", "/b-bucket/from%20x");
    return on("CopyObject", "to", std::move(more));
  };
  EXPECT_EQ(with({{"MetadataDirective", "REPLACE"}, {"Metadata", json::object{{"b", "2"}}}}).code(), "");
  EXPECT_EQ(json::print(*get("to").find("Metadata")), R"({"b":"2"})");
  EXPECT_EQ(get("to").text("ContentType"), "binary/octet-stream");
  EXPECT_EQ(get("to").find("TagCount")->as_int64(), 1);
  EXPECT_EQ(with({{"TaggingDirective", "REPLACE"}, {"Tagging", "u=1&v=2"}}).code(), "");
  EXPECT_EQ(get("to").find("TagCount")->as_int64(), 2);
  EXPECT_EQ(with({{"CopySourceIfMatch", "\"x\""}}).code(), "PreconditionFailed");
  EXPECT_EQ(with({{"CopySourceIfNoneMatch", "*"}}).error_status(), 412);
  EXPECT_EQ(with({{"IfNoneMatch", "*"}}).code(), "PreconditionFailed");
  auto summed = with({{"ChecksumAlgorithm", "SHA256"}});
  EXPECT_NE(json::text(*summed.find("CopyObjectResult"), "ChecksumSHA256"), "");
  EXPECT_EQ(on("CopyObject", "to", {{"CopySource", "b-bucket/none"}}).code(), "NoSuchKey");
  EXPECT_EQ(on("CopyObject", "to", {{"CopySource", "none-bucket/k"}}).code(), "NoSuchBucket");
  EXPECT_EQ(on("CopyObject", "to", {{"CopySource", "b-bucket"}}).code(), "InvalidArgument");
  EXPECT_EQ(on("CopyObject", "to", {{"CopySource", "b-bucket/to"}}).code(), "InvalidRequest");
  EXPECT_EQ(on("CopyObject", "to", {{"CopySource", "b-bucket/to"}, {"MetadataDirective", "REPLACE"}}).code(), "");
  EXPECT_EQ(get("to").body, "bytes");
  EXPECT_EQ(blob_files(), 1);
}

TEST_F(objects, an_older_version_is_copied_over_the_newest) {
  version("Enabled");
  auto v1 = put("k", "one").text("VersionId");
  put("k", "two");
  auto copied = on("CopyObject", "k", {{"CopySource", "b-bucket/k?versionId=" + v1}});
  EXPECT_EQ(copied.text("CopySourceVersionId"), v1);
  EXPECT_EQ(get("k").body, "one");
  auto marker = on("DeleteObject", "k").text("VersionId");
  EXPECT_EQ(on("CopyObject", "l", {{"CopySource", "b-bucket/k"}}).code(), "NoSuchKey");
  EXPECT_EQ(on("CopyObject", "l", {{"CopySource", "b-bucket/k?versionId=" + marker}}).code(), "InvalidRequest");
}

TEST_F(objects, have_tags) {
  put("k", "x");
  auto tags = [](size_t count) {
    json::array list;
    for (size_t i = 0; i < count; i++) list.push_back(json::object{{"Key", fmt::format("k{}", i)}, {"Value", "v"}});
    return json::object{{"Tagging", json::object{{"TagSet", list}}}};
  };
  EXPECT_EQ(on("PutObjectTagging", "k", tags(max_object_tags)).code(), "");
  EXPECT_EQ(on("GetObjectTagging", "k").find("TagSet")->as_array().size(), max_object_tags);
  EXPECT_EQ(on("PutObjectTagging", "k", tags(max_object_tags + 1)).code(), "BadRequest");
  EXPECT_EQ(on("DeleteObjectTagging", "k").code(), "");
  EXPECT_EQ(on("GetObjectTagging", "k").find("TagSet")->as_array().size(), 0u);
  EXPECT_EQ(on("GetObjectTagging", "none").code(), "NoSuchKey");
  struct {
    std::string header;
    const char* code;
  } cases[] = {{"a=1&a=2", "InvalidTag"},
               {"aws:a=1", "InvalidTag"},
               {"=1", "InvalidTag"},
               {std::string(max_tag_key, 'k') + "=" + std::string(max_tag_value, 'v'), ""},
               {std::string(max_tag_key + 1, 'k') + "=v", "InvalidTag"},
               {"k=" + std::string(max_tag_value + 1, 'v'), "InvalidTag"}};
  for (auto& c : cases) EXPECT_EQ(put("t", "x", {{"Tagging", c.header}}).code(), c.code) << c.header;
}

TEST_F(objects, tell_what_they_are) {
  put("k", "123456789", {{"ChecksumAlgorithm", "CRC32"}});
  auto found = on("GetObjectAttributes", "k",
                  {{"ObjectAttributes", json::array{"ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"}}});
  EXPECT_EQ(found.text("ETag"), "25f9e794323b453885f5181f1b624d0b");
  EXPECT_EQ(json::print(*found.find("Checksum")), R"({"ChecksumCRC32":"y/Q5Jg==","ChecksumType":"FULL_OBJECT"})");
  EXPECT_EQ(found.find("ObjectSize")->as_int64(), 9);
  EXPECT_EQ(found.text("StorageClass"), "STANDARD");
  EXPECT_FALSE(found.find("ObjectParts"));
  EXPECT_EQ(json::text(on("GetObjectAcl", "k").find("Grants")->as_array()[0], "Permission"), "FULL_CONTROL");
}

TEST_F(objects, are_told_of_on_the_bus) {
  put("k", "hello");
  version("Enabled");
  auto marker = on("DeleteObject", "k").text("VersionId");
  on("DeleteObject", "k", {{"VersionId", "null"}});
  put("k", "x", {{"IfMatch", "*"}});  // refused
  std::vector<std::string> told;
  for (auto& e : events_)
    told.push_back(fmt::format("{} {} {} {}", e.source, e.detail_type, json::text(e.detail.at("object"), "key"),
                               json::text(e.detail, "deletion-type", json::text(e.detail, "reason"))));
  EXPECT_THAT(told, ElementsAre("aws.s3 Object Created k PutObject", "aws.s3 Object Deleted k Delete Marker Created",
                                "aws.s3 Object Deleted k Permanently Deleted"));
  EXPECT_EQ(json::text(events_[0].detail.at("bucket"), "name"), "b-bucket");
  EXPECT_EQ(json::text(events_[1].detail.at("object"), "version-id"), marker);
  EXPECT_THAT(events_[0].resources, ElementsAre("arn:aws:s3:::b-bucket"));
}

// An effect and its answer are one transaction: a caller's recorder sees the answer, and undoes all if it throws.
TEST_F(objects, record_their_answer_with_their_effect) {
  api::context context;
  context.scope = scope_;
  auto put_recorded = [&](api::call::recorder record, std::string_view key) {
    api::call c(*db_, context, std::move(record));
    c.body = blobs_->put("x").value();
    return operations_->invoke("s3", "PutObject", c, json::object{{"Bucket", "b-bucket"}, {"Key", key}});
  };
  std::string recorded;
  EXPECT_TRUE(
      put_recorded([&](store::transaction&, const api::answer<json::value>& a) { recorded = json::print(*a); }, "k"));
  EXPECT_THAT(recorded, ::testing::HasSubstr("ETag"));
  EXPECT_FALSE(
      put_recorded([](store::transaction&, const api::answer<json::value>&) { throw store::failure("no"); }, "lost"));
  EXPECT_EQ(get("lost").code(), "NoSuchKey");
  EXPECT_EQ(blob_files(), 1);
}

}  // namespace
}  // namespace mdlc::services::s3
