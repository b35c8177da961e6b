#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "services/states/integrations/errors.h"
#include "services/states/integrations/integration.h"
#include "services/states/integrations/sdk_form.h"

namespace mdlc::services::states::integrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using wire::kind;

// A small API whose members begin with small letters, as Step Functions' own do.
constexpr wire::shape text{.name = "Text", .type = kind::string};
constexpr wire::shape number{.name = "Number", .type = kind::integer};
constexpr wire::shape bytes{.name = "Bytes", .type = kind::blob};
constexpr wire::shape moment{.name = "Moment", .type = kind::timestamp};
constexpr wire::member text_element{.name = "member", .target = &text};
constexpr wire::shape texts{.name = "Texts", .type = kind::list, .element = &text_element};
constexpr wire::shape labels{.name = "Labels", .type = kind::map, .element = &text_element, .key = &text_element};
constexpr std::array inner_members{wire::member{.name = "maxItems", .target = &number}};
constexpr wire::shape inner{.name = "Inner", .type = kind::structure, .members = inner_members};
constexpr std::array members{
    wire::member{.name = "machineArn", .target = &text}, wire::member{.name = "input", .target = &text},
    wire::member{.name = "body", .target = &bytes},      wire::member{.name = "startDate", .target = &moment},
    wire::member{.name = "names", .target = &texts},     wire::member{.name = "labels", .target = &labels},
    wire::member{.name = "inner", .target = &inner},     wire::member{.name = "SSEKMSKeyId", .target = &text}};
constexpr wire::shape thing{.name = "Thing", .type = kind::structure, .members = members};

struct form_case {
  std::string given, expected;
};

TEST(SdkForm, ParametersBecomeInput) {
  const form_case cases[] = {
      {R"({"MachineArn":"a"})", R"({"machineArn":"a"})"},
      {R"({"Input":{"k":[1,true]}})", R"({"input":"{\"k\":[1,true]}"})"},
      {R"({"Input":5})", R"({"input":"5"})"},
      {R"({"Input":null})", R"({})"},
      {R"({"Body":"text"})", R"({"body":"dGV4dA=="})"},
      {R"({"Body":["List","Data"]})", R"({"body":")" + base::to_base64(R"(["List","Data"])") + R"("})"},
      {R"({"StartDate":"2013-07-01T12:30:00.500Z"})", R"({"startDate":1372681800.5})"},
      {R"({"Names":["a",{"b":1}]})", R"({"names":["a","{\"b\":1}"]})"},
      {R"({"Labels":{"lower":"x"}})", R"({"labels":{"lower":"x"}})"},
      {R"({"Inner":{"MaxItems":3}})", R"({"inner":{"maxItems":3}})"},
      {R"({"SsekmsKeyId":"k"})", R"({"SSEKMSKeyId":"k"})"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> unknown;
    EXPECT_EQ(to_input(thing, *json::parse(c.given), unknown), *json::parse(c.expected)) << c.given;
    EXPECT_THAT(unknown, ElementsAre()) << c.given;
  }
}

TEST(SdkForm, MembersThatTheApiLacksAreNamed) {
  std::vector<std::string> unknown;
  to_input(thing, *json::parse(R"({"machineArn":"a","Nope":1,"Inner":{"Neither":2}})"), unknown);
  EXPECT_THAT(unknown, ElementsAre("machineArn", "Nope", "Neither"));
  unknown.clear();
  find_unknown(thing, *json::parse(R"({"MachineArn.$":"$.x","Nope.$":"$.y","Inner.$":"$","Names":["$"]})"), unknown);
  EXPECT_THAT(unknown, ElementsAre("Nope"));
}

TEST(SdkForm, AnswersBecomeResults) {
  struct {
    times how;
    std::string expected;
  } cases[] = {
      {times::iso8601,
       R"({"MachineArn":"a","Body":"text","StartDate":"2013-07-01T12:30:00.500Z","Inner":{"MaxItems":3}})"},
      {times::milliseconds, R"({"MachineArn":"a","Body":"text","StartDate":1372681800500,"Inner":{"MaxItems":3}})"}};
  auto answer = *json::parse(R"({"machineArn":"a","body":"dGV4dA==","startDate":1372681800.5,"inner":{"maxItems":3}})");
  for (const auto& c : cases) EXPECT_EQ(to_result(thing, answer, c.how), *json::parse(c.expected));
}

TEST(SdkForm, WholeSecondsHaveNoFraction) {
  EXPECT_EQ(to_result(moment, 1372681800, times::iso8601), json::value("2013-07-01T12:30:00Z"));
}

TEST(SdkForm, ServicesAreNamedAsInJavasSdk) {
  const std::pair<std::string, std::string> cases[] = {
      {"DynamoDB", "DynamoDb"},   {"SFN", "Sfn"}, {"S3", "S3"},   {"CloudWatch Logs", "CloudWatchLogs"},
      {"SageMaker", "SageMaker"}, {"IAM", "Iam"}, {"STS", "Sts"}, {"CloudFormation", "CloudFormation"}};
  for (const auto& [id, name] : cases) EXPECT_EQ(sdk_name(id), name);
}

// --- Resources

TEST(Catalogue, ResourcesAreTakenApart) {
  struct {
    std::string resource, type, action;
    asl::task_pattern pattern;
  } cases[] = {
      {"arn:aws:states:::dynamodb:putItem", "dynamodb", "putItem", asl::task_pattern::request_response},
      {"arn:aws:states:::aws-sdk:s3:getObject", "aws-sdk:s3", "getObject", asl::task_pattern::request_response},
      {"arn:aws:states:::sagemaker:createTrainingJob.sync", "sagemaker", "createTrainingJob.sync",
       asl::task_pattern::sync},
      {"arn:aws:states:::states:startExecution.sync:2", "states", "startExecution.sync:2", asl::task_pattern::sync2},
      {"arn:aws:states:::lambda:invoke.waitForTaskToken", "lambda", "invoke.waitForTaskToken",
       asl::task_pattern::wait_for_task_token},
  };
  for (const auto& c : cases) {
    auto t = catalogue::task_of_resource(c.resource);
    EXPECT_EQ(t.resource_type, c.type);
    EXPECT_EQ(t.action, c.action);
    EXPECT_EQ(t.pattern, c.pattern);
  }
  EXPECT_EQ(catalogue::task_of_resource("arn:aws:lambda:us-east-1:000000000000:function:f").kind,
            asl::task_kind::lambda_function);
  EXPECT_EQ(catalogue::task_of_resource("arn:aws:states:us-east-1:000000000000:activity:a").kind,
            asl::task_kind::activity);
}

// --- A registry with the operations that the cases need

constexpr wire::shape conflict{.name = "ConditionalCheckFailedException",
                               .type = kind::structure,
                               .error_code = "ConditionalCheckFailedException"};
constexpr wire::shape no_key{.name = "NoSuchKey", .type = kind::structure, .error_code = "NoSuchKey"};
constexpr std::array<const wire::shape*, 1> put_errors{&conflict}, get_errors{&no_key};
constexpr std::array put_members{wire::member{.name = "TableName", .target = &text}};
constexpr wire::shape put_input{.name = "PutItemInput", .type = kind::structure, .members = put_members};
constexpr wire::shape empty{.name = "Empty", .type = kind::structure};
constexpr std::array job_members{wire::member{.name = "TrainingJobName", .target = &text}};
constexpr wire::shape job_input{.name = "CreateTrainingJobRequest", .type = kind::structure, .members = job_members};
constexpr std::array description_members{wire::member{.name = "TrainingJobStatus", .target = &text},
                                         wire::member{.name = "CreationTime", .target = &moment}};
constexpr wire::shape description{
    .name = "DescribeTrainingJobResponse", .type = kind::structure, .members = description_members};
constexpr std::array invoke_members{wire::member{.name = "FunctionName", .target = &text},
                                    wire::member{.name = "Payload", .target = &bytes}};
constexpr wire::shape invoke_input{.name = "InvocationRequest", .type = kind::structure, .members = invoke_members};

constexpr wire::operation op(std::string_view name, const wire::shape* in, const wire::shape* out,
                             std::span<const wire::shape* const> errors = {}) {
  return {.name = name, .method = "POST", .uri = "/", .input = in, .output = out, .errors = errors};
}
constexpr wire::operation put = op("PutItem", &put_input, &empty, put_errors);
constexpr wire::operation get = op("GetObject", &empty, &empty, get_errors);
constexpr wire::operation create = op("CreateTrainingJob", &job_input, &empty);
constexpr wire::operation describe = op("DescribeTrainingJob", &job_input, &description);
constexpr wire::operation stop = op("StopTrainingJob", &job_input, &empty);
constexpr wire::operation invoke = op("Invoke", &invoke_input, &empty);
constexpr std::array<const wire::operation*, 1> dynamo_ops{&put}, s3_ops{&get}, lambda_ops{&invoke};
constexpr std::array<const wire::operation*, 3> sagemaker_ops{&create, &describe, &stop};

constexpr wire::service service(std::string_view name, std::string_view id,
                                std::span<const wire::operation* const> ops) {
  return {.name = name,
          .id = id,
          .signing_name = name,
          .speaks = wire::protocol::json,
          .api_version = "1",
          .operations = ops,
          .unserved = {}};
}
constexpr wire::service dynamodb = service("dynamodb", "DynamoDB", dynamo_ops);
constexpr wire::service s3 = service("s3", "S3", s3_ops);
constexpr wire::service lambda = service("lambda", "Lambda", lambda_ops);
constexpr wire::service sagemaker = service("sagemaker", "SageMaker", sagemaker_ops);

class Integrations : public testing::Test {
 protected:
  void SetUp() override {
    for (auto* s : {&dynamodb, &s3, &lambda, &sagemaker}) {
      std::vector<api::operation> all;
      for (auto* o : s->operations) all.push_back({o, {}, {}});
      registry_.add(*s, std::move(all));
    }
  }
  asl::task task(std::string_view resource, std::string_view parameters) {
    auto t = catalogue::task_of_resource(resource);
    t.parameters = asl::document::from_text(std::string{parameters});
    return t;
  }
  const integration& of(const asl::task& t) {
    auto* found = catalogue_.find(t);
    if (!found) throw std::runtime_error("not served: " + t.resource);
    return *found;
  }
  outcome<json::value> result(const asl::task& t, const api::answer<json::value>& a) {
    return of(t).result(t, {a, "req-1"});
  }

  api::registry registry_;
  catalogue catalogue_{registry_};
};

TEST_F(Integrations, WhatIsServed) {
  const std::pair<std::string, bool> cases[] = {
      {"arn:aws:states:::dynamodb:putItem", true},
      {"arn:aws:states:::dynamodb:putItem.sync", false},
      {"arn:aws:states:::dynamodb:getItem", false},  // not in the registry
      {"arn:aws:states:::aws-sdk:dynamodb:putItem", true},
      {"arn:aws:states:::aws-sdk:s3:getObject", true},
      {"arn:aws:states:::aws-sdk:sqs:sendMessage", false},
      {"arn:aws:states:::sagemaker:createTrainingJob", true},
      {"arn:aws:states:::sagemaker:createTrainingJob.sync", true},
      {"arn:aws:states:::sagemaker:createTrainingJob.waitForTaskToken", false},
      {"arn:aws:states:::sqs:sendMessage", false},
      {"arn:aws:states:::lambda:invoke", true},
      {"arn:aws:lambda:us-east-1:000000000000:function:f", true},
  };
  for (const auto& [resource, served] : cases)
    EXPECT_EQ(catalogue_.find(catalogue::task_of_resource(resource)) != nullptr, served) << resource;
}

TEST_F(Integrations, ErrorsReadAsAwsWritesThem) {
  struct {
    std::string resource;
    api::error error;
    std::string name, cause;
  } cases[] = {
      {"arn:aws:states:::dynamodb:putItem",
       {"ConditionalCheckFailedException", "The conditional request failed"},
       "DynamoDB.ConditionalCheckFailedException",
       "The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: "
       "ConditionalCheckFailedException; Request ID: req-1; Proxy: null)"},
      {"arn:aws:states:::dynamodb:putItem",
       {"ValidationException", "no"},
       "DynamoDB.AmazonDynamoDBException",
       "no (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: req-1; Proxy: "
       "null)"},
      {"arn:aws:states:::aws-sdk:dynamodb:putItem",
       {"ConditionalCheckFailedException", "no"},
       "DynamoDb.ConditionalCheckFailedException",
       "no (Service: DynamoDb, Status Code: 400, Request ID: req-1)"},
      {"arn:aws:states:::aws-sdk:dynamodb:putItem",
       {"ValidationException", "no"},
       "DynamoDb.DynamoDbException",
       "no (Service: DynamoDb, Status Code: 400, Request ID: req-1)"},
      {"arn:aws:states:::aws-sdk:s3:getObject",
       {"NoSuchKey", "The specified key does not exist.", 404},
       "S3.NoSuchKeyException",
       "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: req-1, Extended Request ID: "
       "req-1)"},
      {"arn:aws:states:::sagemaker:createTrainingJob",
       {"ValidationException", "no"},
       "SageMaker.AmazonSageMakerException",
       "no (Service: AmazonSageMaker; Status Code: 400; Error Code: ValidationException; Request ID: req-1; Proxy: "
       "null)"},
      {"arn:aws:states:::aws-sdk:sagemaker:createTrainingJob",
       {"ValidationException", "no"},
       "SageMaker.SageMakerException",
       "no (Service: SageMaker, Status Code: 400, Request ID: req-1)"},
  };
  for (const auto& c : cases) {
    auto r = result(task(c.resource, "{}"), tl::unexpected(c.error));
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().error, c.name);
    EXPECT_EQ(r.error().cause, c.cause);
  }
}

TEST_F(Integrations, ParametersThatTheApiLacksFailTheTask) {
  auto t = task("arn:aws:states:::dynamodb:putItem", R"({"TableName":"t","Nope":1})");
  auto begun = of(t).begin(t);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().error, "States.Runtime");
  EXPECT_EQ(begun.error().cause,
            "The Parameters '{\"TableName\":\"t\",\"Nope\":1}' could not be used to start the Task: [The field "
            "\"Nope\" is not supported by Step Functions]");
}

TEST_F(Integrations, AJobIsAwaitedDescribedAndStopped) {
  auto t = task("arn:aws:states:::sagemaker:createTrainingJob.sync", R"({"TrainingJobName":"j"})");
  const auto& i = of(t);
  auto wait = i.awaits(t, *json::parse(R"({"TrainingJobArn":"arn:j"})"));
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->arn, "arn:j");
  EXPECT_EQ(wait->describe.operation, "DescribeTrainingJob");
  EXPECT_EQ(wait->describe.input, *json::parse(R"({"TrainingJobName":"j"})"));
  for (auto [status, over] :
       {std::pair{"InProgress", false}, {"Stopping", false}, {"Completed", true}, {"Failed", true}})
    EXPECT_EQ(i.is_over(t, json::object{{"TrainingJobStatus", status}}), over) << status;
  EXPECT_EQ(*i.ending(t, *json::parse(R"({"TrainingJobStatus":"Completed","CreationTime":2})")),
            *json::parse(R"({"TrainingJobStatus":"Completed","CreationTime":2000})"));
  auto failed = i.ending(t, *json::parse(R"({"TrainingJobStatus":"Failed"})"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().error, "States.TaskFailed");
  EXPECT_EQ(failed.error().cause, R"({"TrainingJobStatus":"Failed"})");
  EXPECT_EQ(i.stop(t, nullptr)->operation, "StopTrainingJob");
}

TEST_F(Integrations, FunctionsAnswerWithTheirPayload) {
  auto payload = [](std::string_view text) { return base::to_base64(text); };
  auto bare = task("arn:aws:lambda:us-east-1:000000000000:function:f", R"({"x":1})");
  EXPECT_EQ(of(bare).begin(bare)->input,
            (json::value{{"FunctionName", bare.resource}, {"Payload", payload(R"({"x":1})")}}));
  EXPECT_EQ(*result(bare, json::value{{"StatusCode", 200}, {"Payload", payload(R"([1,2])")}}), (json::value{1, 2}));

  auto invoke = task("arn:aws:states:::lambda:invoke", R"({"FunctionName":"f","Payload":"text"})");
  EXPECT_EQ(of(invoke).begin(invoke)->input, (json::value{{"FunctionName", "f"}, {"Payload", payload("\"text\"")}}));
  auto out = *result(
      invoke, json::value{{"StatusCode", 200}, {"ExecutedVersion", "$LATEST"}, {"Payload", payload(R"({"y":2})")}});
  EXPECT_EQ(out.at("Payload"), (json::value{{"y", 2}}));
  EXPECT_EQ(out.at("StatusCode"), json::value(200));
  EXPECT_EQ(out.at("SdkResponseMetadata"), (json::value{{"RequestId", "req-1"}}));
}

TEST_F(Integrations, AFunctionsErrorIsNamedByItsPayload) {
  struct {
    std::string payload, error, cause;
  } cases[] = {
      {R"({"errorMessage":"m","errorType":"ValueError"})", "ValueError",
       R"({"errorMessage":"m","errorType":"ValueError"})"},
      {R"({"errorMessage":"m"})", "Lambda.Unknown",
       "The cause could not be determined because Lambda did not return an error type. Returned payload: "
       R"({"errorMessage":"m"})"},
  };
  auto t = task("arn:aws:states:::lambda:invoke", R"({"FunctionName":"f"})");
  for (const auto& c : cases) {
    auto r = result(t, json::value{{"FunctionError", "Unhandled"}, {"Payload", base::to_base64(c.payload)}});
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().error, c.error);
    EXPECT_EQ(r.error().cause, c.cause);
  }
  EXPECT_EQ(of(t).lost(t).error, "Lambda.ServiceException");
}

}  // namespace
}  // namespace mdlc::services::states::integrations
