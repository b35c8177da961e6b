// Uploaded code: what is kept, what is refused, what a sweep leaves.
#include "services/lambda/code.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "api/testing.h"
#include "base/bytes.h"
#include "services/lambda/service.h"

namespace mdlc::services::lambda {
namespace {

class codes : public ::testing::Test {
 protected:
  std::string refusal(std::string_view zip) {
    const auto kept = store.add(zip);
    return kept ? "" : fmt::format("{} {}: {}", kept.error().status, kept.error().code, kept.error().message);
  }
  std::string unpacked(const code& c, std::string_view name) {
    return sys::read_file(store.folder_of(c.sha256).value() / name).value_or("not there");
  }
  blob::slice object(std::string_view bytes) { return host.blobs->open_slice(host.blobs->put(bytes).value()).value(); }
  size_t entries(std::string_view folder) {
    const auto all = std::filesystem::directory_iterator(host.folder / "functions" / folder);
    return static_cast<size_t>(std::distance(begin(all), end(all)));
  }

  api::testing::test_host host;
  code_store store{host.folder / "functions", host.env};
  const std::string zip = runner::zip_file("index.py", "x = 1\n");
};

TEST_F(codes, a_zip_is_kept_by_its_digest_and_unpacked) {
  const auto kept = store.add(zip);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->sha256, base::to_hex(base::sha256(zip)));
  EXPECT_EQ(kept->bytes, static_cast<int64_t>(zip.size()));
  EXPECT_EQ(sys::read_file(store.file_of(kept->sha256)).value(), zip);
  EXPECT_EQ(unpacked(*kept, "index.py"), "x = 1\n");
  // The same again is the same, and nothing is left over.
  EXPECT_EQ(store.add(zip)->sha256, kept->sha256);
  EXPECT_EQ(entries("zips"), 1u);
  EXPECT_EQ(entries("code"), 1u);
}

TEST_F(codes, an_object_of_s3_is_the_same_code) {
  const auto kept = store.add(object(zip));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->sha256, base::to_hex(base::sha256(zip)));
  EXPECT_EQ(unpacked(*kept, "index.py"), "x = 1\n");
}

TEST_F(codes, what_was_unpacked_is_made_again) {
  const auto kept = store.add(zip);
  std::filesystem::remove_all(host.folder / "functions" / "code" / kept->sha256);
  EXPECT_EQ(unpacked(*kept, "index.py"), "x = 1\n");
}

TEST_F(codes, what_cannot_be_unpacked_is_refused_and_not_kept) {
  const auto cannot =
      "400 InvalidParameterValueException: Could not unzip uploaded file. Please check your file, then try to upload "
      "again.";
  EXPECT_EQ(refusal("no zip"), cannot);
  EXPECT_EQ(refusal(zip.substr(0, zip.size() / 2)), cannot);
  EXPECT_EQ(refusal(runner::zip_file("../escaped.py", "")), cannot);
  EXPECT_EQ(refusal(runner::zip_file("a/../../escaped.py", "")), cannot);
  EXPECT_EQ(refusal(runner::zip_file("/tmp/escaped.py", "")), cannot);
  const auto empty = "400 InvalidParameterValueException: Uploaded file must be a non-empty zip";
  EXPECT_EQ(refusal(""), empty);
  EXPECT_EQ(refusal("PK\5\6" + std::string(18, '\0')), empty);
  EXPECT_EQ(entries("zips"), 0u);
  EXPECT_EQ(entries("code"), 0u);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(host.folder.path()))
    EXPECT_NE(entry.path().filename(), "escaped.py");
}

TEST_F(codes, fifty_megabytes_come_with_a_call) {
  const std::string largest(static_cast<size_t>(zipped_bytes_max), 'x');
  EXPECT_TRUE(refusal(largest).starts_with("400 InvalidParameterValueException: Could not unzip"));
  EXPECT_EQ(refusal(largest + 'x'), "413 RequestTooLargeException: Zipped size must be smaller than 52428800 bytes");
}

TEST_F(codes, what_unpacks_to_more_than_the_bound_is_refused) {
  EXPECT_EQ(unzipped_bytes_max, 262'144'000);
  code_store small{host.folder / "small", host.env, {.bytes = 1000}};
  const auto too_large = [](const api::answer<code>& kept) {
    return kept ? "" : kept.error().code + ": " + kept.error().message;
  };
  const auto refused = "InvalidParameterValueException: Unzipped size must be smaller than 1000 bytes";
  EXPECT_EQ(too_large(small.add(runner::zip_file("f", std::string(1000, 'x')))), "");
  EXPECT_EQ(too_large(small.add(runner::zip_file("f", std::string(1001, 'x')))), refused);
  // A zip in S3 that is larger than all that it may hold is not read at all.
  EXPECT_EQ(too_large(small.add(object(std::string(1001, 'x')))), refused);
}

TEST_F(codes, a_sweep_takes_what_nothing_uses_and_nobody_asked_for_lately) {
  const auto kept = store.add(zip).value();
  const auto used = store.add(runner::zip_file("index.py", "x = 2\n")).value();
  const auto in_use = [&](const std::string& sha256) { return sha256 == used.sha256; };
  store.sweep(in_use);
  EXPECT_EQ(entries("zips"), 2u);
  host.env.advance(code_grace - std::chrono::minutes{1});
  store.sweep(in_use);
  EXPECT_EQ(entries("zips"), 2u);
  host.env.advance(std::chrono::minutes{2});
  store.sweep(in_use);
  EXPECT_EQ(entries("zips"), 1u);
  EXPECT_EQ(entries("code"), 1u);
  EXPECT_FALSE(store.folder_of(kept.sha256));
  EXPECT_EQ(unpacked(used, "index.py"), "x = 2\n");
}

TEST_F(codes, a_request_names_one_source) {
  service tested{host.host};
  const auto ask = [&](json::object code) {
    return host.show("lambda", "CreateFunction",
                     json::print(json::object{{"FunctionName", "f"},
                                              {"Runtime", "python3.11"},
                                              {"Handler", "index.handler"},
                                              {"Role", "arn:aws:iam::000000000000:role/r"},
                                              {"Code", std::move(code)}}));
  };
  EXPECT_EQ(ask({}), "InvalidParameterValueException: Please provide a source for function code.");
  EXPECT_EQ(ask({{"S3Bucket", "bucket"}}),
            "InvalidParameterValueException: Please provide a source for function code.");
  EXPECT_EQ(ask({{"ZipFile", base::to_base64(zip)}, {"S3Bucket", "bucket"}, {"S3Key", "k"}}),
            "InvalidParameterValueException: Please do not provide other FunctionCode parameters when providing a "
            "ZipFile.");
  const auto made = ask({{"ZipFile", base::to_base64(zip)}});
  EXPECT_NE(made.find("\"CodeSha256\":\"" + base::to_base64(base::sha256(zip)) + '"'), std::string::npos) << made;
  EXPECT_NE(made.find(fmt::format("\"CodeSize\":{}", zip.size())), std::string::npos) << made;
}

}  // namespace
}  // namespace mdlc::services::lambda
