#include "services/sagemaker/processing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mdlc::services::sagemaker {
namespace {

TEST(processing, local_paths_are_below_the_root_and_nothing_else) {
  EXPECT_EQ(below_ml("/opt/ml/processing/input"), sys::path{"processing/input"});
  EXPECT_EQ(below_ml("/opt/ml/processing/a//b/./c/"), sys::path{"processing/a/b/c"});
  for (auto refused : {"", "/", "/opt/ml", "/opt/ml/processing", "/opt/ml/processing/", "/opt/ml/processing/.",
                       "/opt/ml/processings/a", "/opt/ml/model", "/opt/ml/processing/../model",
                       "/opt/ml/processing/a/../../model", "processing/input", "/opt/ml/processing/a/..", "//opt/ml/x"})
    EXPECT_EQ(below_ml(refused), std::nullopt) << refused;
}

base::result<std::vector<processing_input>> read_inputs(std::string_view one) {
  return inputs_of(*json::parse(fmt::format(R"({{"ProcessingInputs": [{}]}})", one)));
}

std::string refusal_of_input(std::string_view one) {
  auto read = read_inputs(one);
  return read ? "" : read.error().message;
}

TEST(processing, inputs_that_are_not_served_are_named) {
  EXPECT_EQ(refusal_of_input(R"({"InputName": "d", "DatasetDefinition": {}})"),
            "The input d has no S3Input, which is what can be read here");
  EXPECT_EQ(refusal_of_input(R"({"InputName": "p", "S3Input": {"S3InputMode": "Pipe"}})"),
            "The input p: S3InputMode Pipe is not supported here");
  EXPECT_EQ(refusal_of_input(R"({"InputName": "p", "S3Input": {"LocalPath": "/tmp"}})"),
            "The input p has no LocalPath below /opt/ml/processing");
}

TEST(processing, what_is_app_managed_is_left_to_the_program) {
  EXPECT_TRUE(read_inputs(R"({"InputName": "d", "AppManaged": true, "DatasetDefinition": {}})")->empty());
  auto outputs = outputs_of(*json::parse(
      R"({"ProcessingOutputConfig": {"Outputs": [{"OutputName": "m", "AppManaged": true, "S3Output": {}},
          {"OutputName": "o", "S3Output": {"S3Uri": "s3://b/k", "LocalPath": "/opt/ml/processing/o", "S3UploadMode": "Continuous"}}]}})"));
  ASSERT_TRUE(outputs);
  ASSERT_EQ(outputs->size(), 1);
  EXPECT_EQ(outputs->front().name, "o");
  EXPECT_EQ(outputs->front().folder, sys::path{"processing/o"});
  EXPECT_TRUE(outputs->front().is_continuous);
}

}  // namespace
}  // namespace mdlc::services::sagemaker
