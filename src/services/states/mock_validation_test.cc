#include "services/states/mock_validation.h"

#include <gtest/gtest.h>

#include "services/states/integrations/integration.h"
#include "services/states/mock_shapes.h"

namespace mdlc::services::states {
namespace {

std::string said(std::string_view resource, std::string_view result, mock_strictness how = mock_strictness::strict) {
  auto t = integrations::catalogue::task_of_resource("arn:aws:states:::" + std::string{resource});
  auto checked = check_mock(t, *json::parse(result), how);
  constexpr std::string_view prefix = "Mock result schema validation error: ";
  if (checked) return "";
  auto text = checked.error().message;
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

TEST(MockValidation, TypesAreThoseOfTheApi) {
  EXPECT_EQ(said("aws-sdk:sqs:getQueueAttributes", R"({"Attributes":[]})"), "Field 'Attributes' must be an object");
  EXPECT_EQ(said("aws-sdk:sqs:getQueueAttributes", R"({"Attributes":{"a":1}})"), "Field 'Attributes' must be a string");
  EXPECT_EQ(said("aws-sdk:ecs:runTask", R"({"tasks":1})"), "");  // written as workflows write it, or not known
  EXPECT_EQ(said("aws-sdk:ecs:runTask", R"({"Tasks":[{"EnableExecuteCommand":1}]})"),
            "Field 'EnableExecuteCommand' must be a boolean");
  EXPECT_EQ(said("aws-sdk:ecs:runTask", R"({"Tasks":[1]})"), "Field 'Tasks' must be an object");
  EXPECT_EQ(said("aws-sdk:ecs:runTask", "[]"), "Mocked result must be a JSON object.");
}

TEST(MockValidation, BoundsHoldAtTheirEdges) {
  auto memory = [](int mb) {
    return said("aws-sdk:lambda:getFunction", fmt::format(R"({{"Configuration":{{"MemorySize":{}}}}})", mb));
  };
  EXPECT_EQ(memory(127), "Field 'MemorySize' is less than the minimum value");
  EXPECT_EQ(memory(128), "");
  EXPECT_EQ(memory(10240), "");
  EXPECT_EQ(memory(10241), "Field 'MemorySize' exceeds the maximum value");
  auto key = [](size_t n) {
    return said("aws-sdk:kms:encrypt", fmt::format(R"({{"KeyId":"{}"}})", std::string(n, 'k')));
  };
  EXPECT_EQ(key(0), "Field 'KeyId' is smaller than the minimum length");
  EXPECT_EQ(key(2048), "");
  EXPECT_EQ(key(2049), "Field 'KeyId' exceeds the maximum length");
}

TEST(MockValidation, OnlyTheStrictWantWhatIsRequired) {
  EXPECT_EQ(said("states:startExecution", "{}"), "Required field 'ExecutionArn' is missing");
  EXPECT_EQ(said("states:startExecution", "{}", mock_strictness::present), "");
  EXPECT_EQ(said("states:startExecution", R"({"ExecutionArn":1})", mock_strictness::none), "");
}

TEST(MockShapes, AServiceIsFoundByItsWholeName) {
  EXPECT_TRUE(find_mock_shapes("kms"));
  EXPECT_FALSE(find_mock_shapes("km"));
  EXPECT_FALSE(find_mock_shapes(""));
  EXPECT_TRUE(find_mock_shapes("kms")->answer_of("encrypt"));
  EXPECT_FALSE(find_mock_shapes("kms")->answer_of("encryp"));
}

}  // namespace
}  // namespace mdlc::services::states
