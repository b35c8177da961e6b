#include "api/waiter.h"

#include <gtest/gtest.h>

namespace mdlc::api {
namespace {

TEST(waiter, is_known_by_its_feature) {
  EXPECT_TRUE(is_waiter("Boto3/1.44.8 md/Botocore#1.44.8 lang/python#3.11.2 m/b,e,N,E,Z,B cfg/retry-mode#standard"));
  EXPECT_TRUE(is_waiter("aws-cli/1.46.3 m/B"));
  EXPECT_FALSE(is_waiter("Boto3/1.44.8 m/b,e,N,E,Z cfg/retry-mode#standard"));
  EXPECT_FALSE(is_waiter("Boto3/1.44.8 cfg/B lang/B"));
  EXPECT_FALSE(is_waiter("aws-cli/2.9.19 Python/3.11.2"));
  EXPECT_FALSE(is_waiter(""));
}

bool under_way(std::string_view service, std::string_view operation, std::string_view answer) {
  return is_under_way(service, operation, *json::parse(answer));
}

TEST(waiter, sees_what_is_under_way) {
  EXPECT_TRUE(under_way("cloudformation", "DescribeStacks", R"({"Stacks":[{"StackStatus":"CREATE_IN_PROGRESS"}]})"));
  EXPECT_TRUE(under_way("cloudformation", "DescribeStacks",
                        R"({"Stacks":[{"StackStatus":"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}]})"));
  EXPECT_FALSE(under_way("cloudformation", "DescribeStacks", R"({"Stacks":[{"StackStatus":"CREATE_COMPLETE"}]})"));
  EXPECT_FALSE(under_way("cloudformation", "DescribeStacks", R"({"Stacks":[{"StackStatus":"REVIEW_IN_PROGRESS"}]})"));
  EXPECT_FALSE(under_way("cloudformation", "DescribeStacks", R"({"Stacks":[]})"));
  EXPECT_TRUE(under_way("cloudformation", "DescribeChangeSet", R"({"Status":"CREATE_PENDING"})"));
  EXPECT_TRUE(under_way("sagemaker", "DescribeTrainingJob", R"({"TrainingJobStatus":"Stopping"})"));
  EXPECT_FALSE(under_way("sagemaker", "DescribeTrainingJob", R"({"TrainingJobStatus":"Failed"})"));
  for (const auto* status : {"Creating", "Updating", "RollingBack", "Deleting"})
    EXPECT_TRUE(under_way("sagemaker", "DescribeEndpoint", fmt::format(R"({{"EndpointStatus":"{}"}})", status)));
  EXPECT_FALSE(under_way("sagemaker", "DescribeEndpoint", R"({"EndpointStatus":"InService"})"));
  EXPECT_TRUE(under_way("dynamodb", "DescribeTable", R"({"Table":{"TableStatus":"CREATING"}})"));
  EXPECT_FALSE(under_way("dynamodb", "DescribeTable", R"({"Table":{"TableStatus":"ACTIVE"}})"));
}

TEST(waiter, leaves_other_operations_alone) {
  EXPECT_FALSE(under_way("sagemaker", "ListTrainingJobs", R"({"TrainingJobStatus":"InProgress"})"));
  EXPECT_FALSE(under_way("states", "DescribeExecution", R"({"status":"RUNNING"})"));
}

}  // namespace
}  // namespace mdlc::api
