#include "services/sagemaker/channels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mdlc::services::sagemaker {
namespace {

json::object request_of(std::string_view job_mode, std::string_view channel) {
  const auto text = fmt::format(
      R"({{"AlgorithmSpecification": {{"TrainingInputMode": "{}"}}, "InputDataConfig": [{}]}})", job_mode, channel);
  return json::parse(text)->as_object();
}

std::string refusal_of(std::string_view job_mode, std::string_view channel) {
  const auto checked = check_channels(request_of(job_mode, channel));
  return checked ? "" : checked.error().message;
}

TEST(channels, a_channels_own_mode_counts_before_the_jobs) {
  EXPECT_EQ(refusal_of("File", R"({"ChannelName": "c", "InputMode": "Pipe", "CompressionType": "Gzip"})"), "");
  EXPECT_EQ(refusal_of("Pipe", R"({"ChannelName": "c", "InputMode": "FastFile", "CompressionType": "Gzip"})"),
            "Invalid compression type for channel c: FastFile mode only supports NONE, got Gzip instead");
  EXPECT_EQ(refusal_of("Pipe", R"({"ChannelName": "c", "RecordWrapperType": "RecordIO"})"), "");
  EXPECT_EQ(refusal_of("File", R"({"ChannelName": "c", "CompressionType": "None", "RecordWrapperType": "None"})"), "");
}

TEST(channels, have_names_of_their_own) {
  EXPECT_EQ(refusal_of("File", R"({"ChannelName": "c"}, {"ChannelName": "c"})"),
            "Channel names must be unique, and c is given more than once.");
  EXPECT_EQ(refusal_of("File", R"({"ChannelName": "c"}, {"ChannelName": "..."})"), "");
  EXPECT_EQ(refusal_of("Pipe", R"({"ChannelName": ".."})"), "The channel name .. is no folder's name.");
}

TEST(channels, are_told_to_the_program) {
  job j;
  j.request = request_of("Pipe", R"(
    {"ChannelName": "a", "CompressionType": "Gzip", "RecordWrapperType": "RecordIO", "ContentType": "text/csv",
     "DataSource": {"S3DataSource": {"S3DataDistributionType": "ShardedByS3Key"}}},
    {"ChannelName": "b", "InputMode": "File", "CompressionType": "None"})");
  EXPECT_EQ(json::value(input_data_config(j)), *json::parse(R"({
    "a": {"TrainingInputMode": "Pipe", "S3DistributionType": "ShardedByS3Key", "RecordWrapperType": "RecordIO",
          "ContentType": "text/csv", "CompressionType": "Gzip"},
    "b": {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}})"));
}

TEST(augmented_line, gives_texts_and_objects_in_the_attributes_order) {
  const auto parts = read_augmented_line(
      R"({"b": {"x": [1, "y"]}, "i-ref": "s3://b/k", "n": 1, "t": true, "s": "é\"", "ref": "s3://b/no"})",
      {"i-ref", "s", "n", "b", "t", "ref"});
  ASSERT_TRUE(parts);
  std::vector<std::pair<bool, std::string>> told;
  for (const auto& p : *parts) told.emplace_back(p.is_object, p.text);
  EXPECT_THAT(told, testing::ElementsAre(std::pair{true, "s3://b/k"}, std::pair{false, "é\""}, std::pair{false, "1"},
                                         std::pair{false, R"({"x":[1,"y"]})"}, std::pair{false, "true"},
                                         std::pair{false, "s3://b/no"}));
}

TEST(augmented_line, without_what_it_must_have_is_an_error) {
  EXPECT_EQ(read_augmented_line("{", {"a"}).error().message, "is not a JSON object");
  EXPECT_EQ(read_augmented_line("{} {}", {"a"}).error().message, "is not a JSON object");
  EXPECT_EQ(read_augmented_line("\"a\"", {"a"}).error().message, "is not a JSON object");
  EXPECT_EQ(read_augmented_line("{}", {"a"}).error().message, "has no attribute a");
  EXPECT_EQ(read_augmented_line(R"({"a-ref": {}})", {"a-ref"}).error().message, "has in a-ref no S3 URI");
}

}  // namespace
}  // namespace mdlc::services::sagemaker
