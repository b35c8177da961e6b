#include "services/lambda/names.h"

#include <gtest/gtest.h>

#include "api/testing.h"
#include "services/lambda/service.h"

namespace mdlc::services::lambda {
namespace {

const base::scope caller{"000000000000", "us-east-1"};

std::string words(const api::error& e) { return fmt::format("{} {}: {}", e.status, e.code, e.message); }

TEST(function_names, each_form_that_a_request_may_use) {
  struct {
    std::string text, name, qualifier, account = "000000000000";
  } cases[] = {
      {"f", "f", ""},
      {"f:7", "f", "7"},
      {"f:$LATEST", "f", "$LATEST"},
      {"f:live", "f", "live"},
      {"function:f", "f", ""},
      {"function:f:live", "f", "live"},
      {"function", "function", ""},
      {"function:function", "function", ""},
      {"000000000000:function:f", "f", ""},
      {"123456789012:function:f:3", "f", "3", "123456789012"},
      {"us-east-1:000000000000:function:f", "f", ""},
      {"arn:aws:lambda:us-east-1:000000000000:function:f", "f", ""},
      {"arn:aws:lambda:us-east-1:123456789012:function:f:live", "f", "live", "123456789012"},
      // A name of digits alone is none of an account.
      {"123456789012", "123456789012", ""},
      {"123456789012:7", "123456789012", "7"},
  };
  for (const auto& c : cases) {
    const auto f = parse_function_name(caller, c.text);
    ASSERT_TRUE(f) << c.text;
    EXPECT_EQ(f->name, c.name) << c.text;
    EXPECT_EQ(f->qualifier, c.qualifier) << c.text;
    EXPECT_EQ(f->scope, (base::scope{c.account, "us-east-1"})) << c.text;
    const auto arn = fmt::format("arn:aws:lambda:us-east-1:{}:function:{}", c.account, c.name);
    EXPECT_EQ(f->arn(), arn);
    EXPECT_EQ(f->qualified(), c.qualifier.empty() ? arn : arn + ":" + c.qualifier);
  }
}

TEST(function_names, the_requests_own_qualifier) {
  EXPECT_EQ(parse_function_name(caller, "f", "live")->qualifier, "live");
  EXPECT_EQ(parse_function_name(caller, "f:live", "live")->qualifier, "live");
  EXPECT_EQ(words(parse_function_name(caller, "f:live", "2").error()),
            "400 InvalidParameterValueException: The derived qualifier from the function name does not match the "
            "specified qualifier.");
}

TEST(function_names, another_region_is_out_of_reach) {
  EXPECT_EQ(words(parse_function_name(caller, "arn:aws:lambda:eu-west-1:000000000000:function:f").error()),
            "404 ResourceNotFoundException: Functions from 'eu-west-1' are not reachable in this region ('us-east-1')");
}

TEST(function_names, the_longest) {
  const std::string longest(name_characters_max, 'a');
  EXPECT_TRUE(parse_function_name(caller, longest));
  EXPECT_TRUE(parse_function_name(caller, "arn:aws:lambda:us-east-1:000000000000:function:" + longest + ":live"));
  EXPECT_EQ(words(parse_function_name(caller, longest + "a").error()),
            fmt::format("400 ValidationException: 1 validation error detected: Value '{}a' at 'functionName' failed to "
                        "satisfy constraint: Member must have length less than or equal to 64",
                        longest));
}

TEST(function_names, numbers_of_versions) {
  for (const auto* number : {"1", "42", "999999999999999999"}) EXPECT_TRUE(is_version_number(number)) << number;
  for (const auto* other : {"", "$LATEST", "live", "1a", "-1", "1000000000000000000"})
    EXPECT_FALSE(is_version_number(other)) << other;
}

// What the model refuses before this code is asked.
TEST(function_names, malformed_ones_are_refused_in_aws_words) {
  api::testing::test_host host;
  service tested{host.host};
  for (const auto* name : {"a b", "a/b", "arn:aws:s3:::b", "f:a b", "f:1:2", "a.b/../c"}) {
    const auto said = host.show("lambda", "CreateFunction",
                                json::print(json::object{{"FunctionName", name},
                                                         {"Role", "arn:aws:iam::000000000000:role/r"},
                                                         {"Code", json::object{{"ZipFile", ""}}}}));
    EXPECT_TRUE(said.starts_with("ValidationException: 1 validation error detected: Value '" + std::string{name} +
                                 "' at 'functionName' failed to satisfy constraint: Member must "))
        << said;
  }
  EXPECT_EQ(host.show("lambda", "GetFunction", R"({"FunctionName":"none","Qualifier":"3"})"),
            "ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:none:3");
}

}  // namespace
}  // namespace mdlc::services::lambda
