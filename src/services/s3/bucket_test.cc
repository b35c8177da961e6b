#include "services/s3/bucket.h"

#include "services/s3/content.h"
#include "services/s3/testing.h"

namespace mdlc::services::s3 {
namespace {

using buckets = testing::s3_test;

TEST(bucket_name, has_rules) {
  struct {
    std::string name;
    bool fine;
  } cases[] = {{"abc", true},
               {"a.b-c.1", true},
               {std::string(63, 'a'), true},
               {"1a2", true},
               {"ab", false},
               {std::string(64, 'a'), false},
               {"Abc", false},
               {"a_b", false},
               {"-ab", false},
               {"ab-", false},
               {".ab", false},
               {"a..b", false},
               {"192.168.5.4", false},
               {"xn--abc", false},
               {"sthree-abc", false},
               {"amzn-s3-demo-abc", false},
               {"abc-s3alias", false},
               {"abc--ol-s3", false},
               {"abc.mrap", false},
               {"abc--x-s3", false},
               {"a/b", false},
               {"...", false}};
  for (auto& c : cases) EXPECT_EQ(is_bucket_name(c.name), c.fine) << c.name;
}

TEST_F(buckets, are_made_once) {
  auto made = must("CreateBucket", {{"Bucket", "one-bucket"}});
  EXPECT_EQ(made.text("Location"), "/one-bucket");
  EXPECT_EQ(made.text("BucketArn"), "arn:aws:s3:::one-bucket");
  EXPECT_EQ(call("CreateBucket", {{"Bucket", "one-bucket"}}).code(), "");  // us-east-1 says yes again
  EXPECT_EQ(call("CreateBucket", {{"Bucket", "One"}}).code(), "InvalidBucketName");
  scope_.account = "111111111111";
  EXPECT_EQ(call("CreateBucket", {{"Bucket", "one-bucket"}}).code(), "BucketAlreadyExists");
  EXPECT_EQ(call("CreateBucket", {{"Bucket", "one-bucket"}}).error_status(), 409);
}

TEST_F(buckets, stand_in_a_region) {
  auto in = [](std::string_view constraint) { return json::object{{"LocationConstraint", constraint}}; };
  auto make = [&](std::string_view name, std::string_view constraint) {
    json::object input{{"Bucket", name}};
    if (!constraint.empty()) input.emplace("CreateBucketConfiguration", in(constraint));
    return call("CreateBucket", input).code();
  };
  EXPECT_EQ(make("from-afar", "eu-west-1"), "");
  EXPECT_EQ(call("GetBucketLocation", {{"Bucket", "from-afar"}}).text("LocationConstraint"), "eu-west-1");
  EXPECT_EQ(call("HeadBucket", {{"Bucket", "from-afar"}}).text("BucketRegion"), "eu-west-1");
  scope_.region = "eu-central-1";
  EXPECT_EQ(make("unsaid", ""), "IllegalLocationConstraintException");
  EXPECT_EQ(make("elsewhere", "eu-west-1"), "IllegalLocationConstraintException");
  EXPECT_EQ(make("right-here", "eu-central-1"), "");
  EXPECT_EQ(make("right-here", "eu-central-1"), "BucketAlreadyOwnedByYou");
  EXPECT_FALSE(call("GetBucketLocation", {{"Bucket", "unsaid"}}).ok());
  scope_.region = "us-east-1";
  EXPECT_EQ(make("plain", ""), "");
  EXPECT_FALSE(call("GetBucketLocation", {{"Bucket", "plain"}}).find("LocationConstraint"));
}

TEST_F(buckets, are_deleted_when_empty) {
  make_bucket();
  version("Enabled");
  put("k", "x");
  auto delete_it = [&] { return call("DeleteBucket", {{"Bucket", "b-bucket"}}); };
  EXPECT_EQ(delete_it().code(), "BucketNotEmpty");
  EXPECT_EQ(delete_it().error_status(), 409);
  auto marker = on("DeleteObject", "k").text("VersionId");
  EXPECT_EQ(delete_it().code(), "BucketNotEmpty");
  on("DeleteObject", "k", {{"VersionId", marker}});
  on("DeleteObject", "k", {{"VersionId", get("k").text("VersionId")}});
  auto upload = on("CreateMultipartUpload", "k").text("UploadId");
  call("UploadPart", {{"Bucket", "b-bucket"}, {"Key", "k"}, {"UploadId", upload}, {"PartNumber", 1}}, "part");
  EXPECT_EQ(delete_it().code(), "");
  EXPECT_EQ(blob_files(), 0);  // what was being uploaded is gone with it
  EXPECT_EQ(delete_it().code(), "NoSuchBucket");
  EXPECT_EQ(call("HeadBucket", {{"Bucket", "b-bucket"}}).error_status(), 404);
  make_bucket();
  EXPECT_FALSE(call("GetBucketVersioning", {{"Bucket", "b-bucket"}}).find("Status"));
}

TEST_F(buckets, are_listed_by_account) {
  for (auto* name : {"beta", "alpha-2", "alpha-1"}) make_bucket(name);
  auto names = [&](json::object input) {
    auto found = call("ListBuckets", input);
    std::vector<std::string> all;
    for (auto& b : found.find("Buckets")->as_array()) all.emplace_back(json::text(b, "Name"));
    if (found.find("ContinuationToken")) all.push_back("token " + found.text("ContinuationToken"));
    return all;
  };
  EXPECT_THAT(names({}), ::testing::ElementsAre("alpha-1-bucket", "alpha-2-bucket", "beta-bucket"));
  EXPECT_THAT(names({{"Prefix", "alpha"}}), ::testing::ElementsAre("alpha-1-bucket", "alpha-2-bucket"));
  auto page = names({{"MaxBuckets", 2}});
  ASSERT_EQ(page.size(), 3u);
  EXPECT_THAT(names({{"MaxBuckets", 2}, {"ContinuationToken", page[2].substr(6)}}),
              ::testing::ElementsAre("beta-bucket"));
  EXPECT_EQ(call("ListBuckets", {{"MaxBuckets", 0}}).code(), "InvalidArgument");
  EXPECT_EQ(call("ListBuckets", {{"MaxBuckets", 10'001}}).code(), "InvalidArgument");
  scope_.account = "111111111111";
  EXPECT_THAT(names({}), ::testing::IsEmpty());
}

TEST_F(buckets, keep_versioning) {
  make_bucket();
  auto status = [&] { return call("GetBucketVersioning", {{"Bucket", "b-bucket"}}).text("Status"); };
  EXPECT_EQ(status(), "");
  version("Enabled");
  EXPECT_EQ(status(), "Enabled");
  version("Suspended");
  EXPECT_EQ(status(), "Suspended");
  EXPECT_EQ(call("PutBucketVersioning", {{"Bucket", "b-bucket"}, {"VersioningConfiguration", json::object{}}}).code(),
            "IllegalVersioningConfigurationException");
}

// Each setting: absent with AWS's error or its own value, kept and shown, gone again.
TEST_F(buckets, keep_settings_and_show_them) {
  struct {
    const char* put;
    const char* get;
    const char* remove;  // or null
    const char* input;
    const char* shown;
    const char* absent_code;  // or null: see `by_itself`
    const char* by_itself;
  } cases[] = {
      {"PutBucketCors", "GetBucketCors", "DeleteBucketCors",
       R"({"CORSConfiguration":{"CORSRules":[{"AllowedMethods":["GET"],"AllowedOrigins":["*"]}]}})",
       R"({"CORSRules":[{"AllowedMethods":["GET"],"AllowedOrigins":["*"]}]})", "NoSuchCORSConfiguration", nullptr},
      {"PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy", R"({"Policy":"{\"Statement\":[]}"})",
       R"({"Policy":"{\"Statement\":[]}"})", "NoSuchBucketPolicy", nullptr},
      {"PutBucketTagging", "GetBucketTagging", "DeleteBucketTagging",
       R"({"Tagging":{"TagSet":[{"Key":"a","Value":"b"}]}})", R"({"TagSet":[{"Key":"a","Value":"b"}]})", "NoSuchTagSet",
       nullptr},
      {"PutBucketLifecycleConfiguration", "GetBucketLifecycleConfiguration", "DeleteBucketLifecycle",
       R"({"LifecycleConfiguration":{"Rules":[{"Expiration":{"Days":3},"ID":"r","Filter":{"Prefix":"x"},
           "Status":"Enabled"}]}})",
       R"({"Rules":[{"Expiration":{"Days":3},"ID":"r","Filter":{"Prefix":"x"},"Status":"Enabled"}],)"
       R"("TransitionDefaultMinimumObjectSize":"all_storage_classes_128K"})",
       "NoSuchLifecycleConfiguration", nullptr},
      {"PutPublicAccessBlock", "GetPublicAccessBlock", "DeletePublicAccessBlock",
       R"({"PublicAccessBlockConfiguration":{"BlockPublicAcls":true}})",
       R"({"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":false,)"
       R"("BlockPublicPolicy":false,"RestrictPublicBuckets":false}})",
       "NoSuchPublicAccessBlockConfiguration", nullptr},
      {"PutBucketOwnershipControls", "GetBucketOwnershipControls", "DeleteBucketOwnershipControls",
       R"({"OwnershipControls":{"Rules":[{"ObjectOwnership":"ObjectWriter"}]}})",
       R"({"OwnershipControls":{"Rules":[{"ObjectOwnership":"ObjectWriter"}]}})", "OwnershipControlsNotFoundError",
       nullptr},
      {"PutBucketEncryption", "GetBucketEncryption", "DeleteBucketEncryption",
       R"({"ServerSideEncryptionConfiguration":{"Rules":[{"ApplyServerSideEncryptionByDefault":
           {"SSEAlgorithm":"aws:kms"}}]}})",
       R"({"ServerSideEncryptionConfiguration":{"Rules":[{"ApplyServerSideEncryptionByDefault":)"
       R"({"SSEAlgorithm":"aws:kms"}}]}})",
       nullptr,
       R"({"ServerSideEncryptionConfiguration":{"Rules":[{"ApplyServerSideEncryptionByDefault":)"
       R"({"SSEAlgorithm":"AES256"},"BucketKeyEnabled":false}]}})"},
      {"PutBucketLogging", "GetBucketLogging", nullptr,
       R"({"BucketLoggingStatus":{"LoggingEnabled":{"TargetBucket":"b-bucket","TargetPrefix":"log/"}}})",
       R"({"LoggingEnabled":{"TargetBucket":"b-bucket","TargetPrefix":"log/"}})", nullptr, "{}"},
      {"PutBucketNotificationConfiguration", "GetBucketNotificationConfiguration", nullptr,
       R"({"NotificationConfiguration":{"EventBridgeConfiguration":{}}})", R"({"EventBridgeConfiguration":{}})",
       nullptr, "{}"},
  };
  for (auto& c : cases) {
    SCOPED_TRACE(c.put);
    make_bucket();
    json::object bucket{{"Bucket", "b-bucket"}};
    auto input = json::parse(c.input).value().as_object();
    input.emplace("Bucket", "b-bucket");
    auto check_absent = [&] {
      auto found = call(c.get, bucket);
      if (c.absent_code) {
        EXPECT_EQ(found.code(), c.absent_code);
        EXPECT_EQ(found.ok() ? 0 : found.error_status(), 404);
      } else {
        EXPECT_EQ(found.ok() ? json::print(*found) : found.code(), c.by_itself);
      }
    };
    // What every new bucket has by itself is taken away first.
    if (c.remove) {
      EXPECT_EQ(call(c.remove, bucket).code(), "");
    }
    check_absent();
    EXPECT_EQ(call(c.put, input).code(), "");
    EXPECT_EQ(json::print(*must(c.get, bucket)), c.shown);
    if (c.remove) {
      EXPECT_EQ(call(c.remove, bucket).code(), "");
      check_absent();
    }
    EXPECT_EQ(call("DeleteBucket", bucket).code(), "");
    EXPECT_EQ(call(c.get, bucket).code(), "NoSuchBucket");
    EXPECT_EQ(call(c.put, input).code(), "NoSuchBucket");
  }
}

TEST_F(buckets, are_closed_at_first) {
  make_bucket();
  json::object bucket{{"Bucket", "b-bucket"}};
  EXPECT_EQ(json::print(*must("GetPublicAccessBlock", bucket)),
            R"({"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":true,)"
            R"("BlockPublicPolicy":true,"RestrictPublicBuckets":true}})");
  EXPECT_EQ(json::print(*must("GetBucketOwnershipControls", bucket)),
            R"({"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}})");
  auto acl = must("GetBucketAcl", bucket);
  EXPECT_EQ(acl.find("Grants")->as_array().size(), 1u);
  EXPECT_EQ(json::text(*acl.find("Owner"), "ID").size(), 64u);
  EXPECT_EQ(call("PutBucketAcl", {{"Bucket", "b-bucket"}, {"ACL", "public-read"}}).code(),
            "AccessControlListNotSupported");
  must("PutBucketOwnershipControls",
       {{"Bucket", "b-bucket"},
        {"OwnershipControls", json::parse(R"({"Rules":[{"ObjectOwnership":"ObjectWriter"}]})").value()}});
  must("PutBucketAcl", {{"Bucket", "b-bucket"}, {"ACL", "public-read"}});
  EXPECT_EQ(must("GetBucketAcl", bucket).find("Grants")->as_array().size(), 2u);
}

TEST_F(buckets, refuse_settings_that_make_no_sense) {
  make_bucket();
  auto tags = [](size_t count) {
    json::array list;
    for (size_t i = 0; i < count; i++) list.push_back(json::object{{"Key", fmt::format("k{}", i)}, {"Value", "v"}});
    return json::print(json::object{{"Tagging", json::object{{"TagSet", list}}}});
  };
  auto policy = [](size_t bytes) {
    std::string head = R"({"Statement":[],"Id":")", tail = "\"}";
    return json::print(json::object{{"Policy", head + std::string(bytes - head.size() - tail.size(), 'x') + tail}});
  };
  struct {
    const char* operation;
    std::string input;
    const char* code;
  } cases[] = {
      {"PutBucketPolicy", R"({"Policy":"[]"})", "MalformedPolicy"},
      {"PutBucketPolicy", R"({"Policy":"{"})", "MalformedPolicy"},
      {"PutBucketPolicy", R"({"Policy":"{}"})", "MalformedPolicy"},
      {"PutBucketPolicy", policy(20 * 1024), ""},
      {"PutBucketPolicy", policy(20 * 1024 + 1), "MalformedPolicy"},
      {"PutBucketTagging", tags(max_bucket_tags), ""},
      {"PutBucketTagging", tags(max_bucket_tags + 1), "BadRequest"},
      {"PutBucketCors", R"({"CORSConfiguration":{"CORSRules":[]}})", "MalformedXML"},
      {"PutBucketCors", R"({"CORSConfiguration":{"CORSRules":[{"AllowedMethods":["BREW"],"AllowedOrigins":["*"]}]}})",
       "InvalidRequest"},
      {"PutBucketLogging", R"({"BucketLoggingStatus":{"LoggingEnabled":{"TargetBucket":"none","TargetPrefix":""}}})",
       "InvalidTargetBucketForLogging"},
      {"PutBucketLifecycleConfiguration",
       R"({"LifecycleConfiguration":{"Rules":[{"Filter":{"Prefix":""},"Status":"Enabled"}]}})", "InvalidRequest"},
      {"PutBucketLifecycleConfiguration",
       R"({"LifecycleConfiguration":{"Rules":[{"Prefix":"","Status":"Enabled","Expiration":{"Days":0}}]}})",
       "InvalidArgument"},
      {"PutBucketLifecycleConfiguration",
       R"({"LifecycleConfiguration":{"Rules":[{"ID":"a","Prefix":"","Status":"Enabled","Expiration":{"Days":1}},
           {"ID":"a","Prefix":"","Status":"Enabled","Expiration":{"Days":1}}]}})",
       "InvalidArgument"},
      {"PutBucketEncryption", R"({"ServerSideEncryptionConfiguration":{"Rules":[]}})", "MalformedXML"},
      {"PutBucketEncryption",
       R"({"ServerSideEncryptionConfiguration":{"Rules":[{"ApplyServerSideEncryptionByDefault":
           {"SSEAlgorithm":"AES256","KMSMasterKeyID":"k"}}]}})",
       "InvalidArgument"},
      {"PutBucketNotificationConfiguration",
       R"({"NotificationConfiguration":{"QueueConfigurations":[{"QueueArn":"arn:aws:sqs:us-east-1:0:q",
           "Events":["lunch"]}]}})",
       "MalformedXML"},
  };
  for (auto& c : cases) {
    auto input = json::parse(c.input).value().as_object();
    input.emplace("Bucket", "b-bucket");
    auto out = call(c.operation, input);
    EXPECT_EQ(out.code(), c.code) << c.operation << " " << c.input;
  }
}

}  // namespace
}  // namespace mdlc::services::s3
