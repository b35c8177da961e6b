#include "services/lambda/configuration.h"

#include <gtest/gtest.h>

#include "api/testing.h"
#include "services/lambda/service.h"

namespace mdlc::services::lambda {
namespace {

const function_name named{{"000000000000", "us-east-1"}, "f", {}};

model::CreateFunctionRequest request() {
  model::CreateFunctionRequest in;
  in.FunctionName = "f";
  in.Runtime = "python3.11";
  in.Handler = "index.handler";
  in.Role = "arn:aws:iam::000000000000:role/r";
  return in;
}

// "" where it is taken, else the code and the words.
std::string refusal(const model::CreateFunctionRequest& in) {
  const auto made = make_configuration(named, in);
  return made ? "" : made.error().code + ": " + made.error().message;
}

std::string above(std::string_view member, int64_t value, int64_t most) {
  return fmt::format(
      "ValidationException: 1 validation error detected: Value '{}' at '{}' failed to satisfy "
      "constraint: Member must have value less than or equal to {}",
      value, member, most);
}

TEST(configurations, what_nobody_said_has_lambdas_default) {
  const auto made = make_configuration(named, request());
  ASSERT_TRUE(made);
  EXPECT_EQ(made->FunctionArn, "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(made->Timeout, 3);
  EXPECT_EQ(made->MemorySize, 128);
  EXPECT_EQ(made->EphemeralStorage->Size, 512);
  EXPECT_EQ(made->Version, "$LATEST");
  EXPECT_EQ(made->State, "Active");
  EXPECT_EQ(made->PackageType, "Zip");
  EXPECT_EQ(made->LoggingConfig->LogGroup, "/aws/lambda/f");
  EXPECT_EQ(made->Handler, "index.handler");
  EXPECT_EQ(made->Role, "arn:aws:iam::000000000000:role/r");
  EXPECT_FALSE(made->Environment);
}

TEST(configurations, bounds) {
  auto in = request();
  in.Timeout = timeout_s_max;
  in.MemorySize = memory_mb_max;
  in.EphemeralStorage.emplace().Size = storage_mb_max;
  EXPECT_EQ(refusal(in), "");
  in.Timeout = timeout_s_max + 1;
  EXPECT_EQ(refusal(in), above("timeout", 901, 900));
  in.Timeout = 1;
  in.MemorySize = memory_mb_max + 1;
  EXPECT_EQ(refusal(in), above("memorySize", 10'241, 10'240));
  in.MemorySize = memory_mb_min;
  in.EphemeralStorage->Size = storage_mb_max + 1;
  EXPECT_EQ(refusal(in), above("ephemeralStorage.size", 10'241, 10'240));
}

TEST(configurations, the_environment_holds_four_kilobytes) {
  auto in = request();
  auto& variables = in.Environment.emplace().Variables.emplace();
  variables["NAME"] = std::string(environment_bytes_max - 4, 'v');
  EXPECT_EQ(refusal(in), "");
  variables["NAME"] += 'v';
  EXPECT_EQ(refusal(in), fmt::format("InvalidParameterValueException: Lambda was unable to configure your environment "
                                     "variables because the environment variables you have provided exceeded the 4KB "
                                     "limit. String measured: {{\"NAME\":\"{}\"}}",
                                     variables["NAME"]));
}

TEST(configurations, lambdas_own_variables_cannot_be_set) {
  auto in = request();
  auto& variables = in.Environment.emplace().Variables.emplace();
  variables["AWS_REGION"] = variables["AWS_LAMBDA_RUNTIME_API"] = variables["OWN"] = "x";
  EXPECT_EQ(refusal(in),
            "InvalidParameterValueException: Lambda was unable to configure your environment variables because the "
            "environment variables you have provided contains reserved keys that are currently not supported for "
            "modification. Reserved keys used in this request: AWS_LAMBDA_RUNTIME_API, AWS_REGION");
  // What an emulator's user sets, and what Lambda lets be set.
  variables = {{"AWS_ENDPOINT_URL", "x"}, {"PATH", "x"}, {"TZ", "x"}};
  EXPECT_EQ(refusal(in), "");
  variables = {{"OWN", std::string("a\0b", 3)}};
  EXPECT_TRUE(refusal(in).starts_with("InvalidParameterValueException: "));
}

TEST(configurations, what_is_not_served_is_refused_and_said) {
  const std::pair<std::function<void(model::CreateFunctionRequest&)>, std::string_view> cases[] = {
      {[](auto& in) { in.Layers = std::vector<std::string>{"arn:aws:lambda:us-east-1:000000000000:layer:l:1"}; },
       "Layers are not served here"},
      {[](auto& in) { in.PackageType = "Image"; }, "container images are not served here"},
      {[](auto& in) { in.ImageConfig.emplace(); }, "container images are not served here"},
      {[](auto& in) { in.FileSystemConfigs.emplace().emplace_back(); }, "File systems are not served here"},
      {[](auto& in) { in.SnapStart.emplace().ApplyOn = "PublishedVersions"; }, "SnapStart is not served here"},
      {[](auto& in) { in.Architectures = std::vector<std::string>{"arm64"}; }, "architecture x86_64 only"},
      {[](auto& in) { in.Runtime = "nodejs22.x"; }, "nodejs22.x is not served here"},
      {[](auto& in) { in.Runtime = "python2.7"; }, "python2.7 is not served here"},
      {[](auto& in) { in.Runtime.reset(); }, "Runtime and Handler are mandatory parameters"},
      {[](auto& in) { in.Handler.reset(); }, "Runtime and Handler are mandatory parameters"},
  };
  for (const auto& [change, said] : cases) {
    auto in = request();
    change(in);
    const auto refused = refusal(in);
    EXPECT_TRUE(refused.starts_with("InvalidParameterValueException: ")) << said;
    EXPECT_NE(refused.find(said), std::string::npos) << refused;
  }
  auto in = request();
  in.Layers.emplace();
  in.FileSystemConfigs.emplace();
  in.SnapStart.emplace().ApplyOn = "None";
  in.PackageType = "Zip";
  in.Architectures = std::vector<std::string>{"x86_64"};
  EXPECT_EQ(refusal(in), "");
}

// Bounds and forms that the model itself keeps.
TEST(configurations, what_the_model_refuses) {
  api::testing::test_host host;
  service tested{host.host};
  const auto ask = [&](std::string_view member, json::value value) {
    json::object in{{"FunctionName", "f"},
                    {"Runtime", "python3.11"},
                    {"Handler", "index.handler"},
                    {"Role", "arn:aws:iam::000000000000:role/r"},
                    {"Code", json::object{{"ZipFile", ""}}}};
    in[member] = std::move(value);
    return host.show("lambda", "CreateFunction", json::print(in));
  };
  struct {
    std::string_view member;
    json::value value;
    std::string_view constraint;
  } cases[] = {
      {"Timeout", 0, "at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"},
      {"MemorySize", 127,
       "at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
      {"Handler", "two words", "at 'handler' failed to satisfy constraint: Member must satisfy regular expression"},
      {"Handler", json::string(129, 'h'),
       "at 'handler' failed to satisfy constraint: Member must have length less than or equal to 128"},
      {"Role", "no-arn", "at 'role' failed to satisfy constraint: Member must satisfy regular expression"},
  };
  for (const auto& c : cases) {
    const auto said = ask(c.member, c.value);
    EXPECT_TRUE(said.starts_with("ValidationException: 1 validation error detected: Value '")) << said;
    EXPECT_NE(said.find(c.constraint), std::string::npos) << said;
  }
  // Forms that are taken; whether there is such a module the function's start tells.
  for (const auto* handler : {"index.handler", "pkg/mod.handler", "a.b.c.handler", "handler", "x"})
    EXPECT_NE(ask("Handler", handler).find("non-empty zip"), std::string::npos) << handler;
}

TEST(configurations, a_change_is_whole_or_not_at_all) {
  auto about = make_configuration(named, request()).value();
  model::UpdateFunctionConfigurationRequest in;
  in.FunctionName = "f";
  in.Handler = "other.handler";
  in.Timeout = 20;
  in.MemorySize = memory_mb_max + 1;
  EXPECT_FALSE(change_configuration(about, in));
  EXPECT_EQ(about.Handler, "index.handler");
  in.MemorySize = 256;
  in.Environment.emplace().Variables = std::map<std::string, std::string>{{"A", "1"}};
  ASSERT_TRUE(change_configuration(about, in));
  EXPECT_EQ(about.Handler, "other.handler");
  EXPECT_EQ(about.Timeout, 20);
  EXPECT_EQ(about.MemorySize, 256);
  EXPECT_EQ(about.Runtime, "python3.11");
  EXPECT_EQ(about.Environment->Variables->at("A"), "1");
  // An empty map takes them all away; no map leaves them.
  model::UpdateFunctionConfigurationRequest none;
  ASSERT_TRUE(change_configuration(about, none));
  EXPECT_TRUE(about.Environment);
  none.Environment.emplace().Variables = std::map<std::string, std::string>{};
  ASSERT_TRUE(change_configuration(about, none));
  EXPECT_FALSE(about.Environment);
}

}  // namespace
}  // namespace mdlc::services::lambda
