#include "services/states/names.h"

#include <gtest/gtest.h>

namespace mdlc::services::states {
namespace {

TEST(Names, WhatAwsTakes) {
  const std::pair<std::string, bool> cases[] = {{"a", true},
                                                {"Train_1-x.y@z!=+'()", true},
                                                {std::string(80, 'a'), true},
                                                {"é", true},
                                                {"", false},
                                                {std::string(81, 'a'), false},
                                                {"a b", false},
                                                {"a/b", false},
                                                {"a:b", false},
                                                {"a\tb", false},
                                                {"a\x7f", false},
                                                {"a\xc2\x85", false},
                                                {"a\xe2\x80\xa8", false}};
  for (const auto& [name, good] : cases) EXPECT_EQ(check_name(name).has_value(), good) << name;
  // Characters count, not bytes.
  std::string wide;
  for (size_t i = 0; i < name_characters_max; ++i) wide += "é";
  EXPECT_TRUE(check_name(wide));
  EXPECT_FALSE(check_name(wide + "é"));
}

TEST(Names, EachForbiddenCharacterIsRefusedInAwssWords) {
  for (char c : std::string_view{"<>{}[]?*\"#%\\^|~`$&,;:/ "}) {
    auto name = std::string{"a"} + c;
    auto checked = check_name(name);
    ASSERT_FALSE(checked) << c;
    EXPECT_EQ(checked.error().code, "InvalidName");
    EXPECT_EQ(checked.error().message, "Invalid Name: '" + name + "'");
  }
}

TEST(Arns, Machines) {
  struct {
    std::string text, name, qualifier;
    bool version, alias;
  } cases[] = {
      {"arn:aws:states:us-east-1:000000000000:stateMachine:m", "m", "", false, false},
      {"arn:aws:states:us-east-1:000000000000:stateMachine:m:12", "m", "12", true, false},
      {"arn:aws:states:us-east-1:000000000000:stateMachine:m:prod", "m", "prod", false, true},
  };
  for (const auto& c : cases) {
    auto arn = parse_machine_arn(c.text);
    ASSERT_TRUE(arn) << c.text;
    EXPECT_EQ(arn->name, c.name);
    EXPECT_EQ(arn->qualifier, c.qualifier);
    EXPECT_EQ(arn->is_version(), c.version);
    EXPECT_EQ(arn->is_alias(), c.alias);
    EXPECT_EQ(arn->str(), c.text);
  }
}

TEST(Arns, OthersAreRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"nonsense", "Invalid Arn: 'Invalid ARN prefix: nonsense'"},
      {"arn:aws:s3:::b", "Invalid Arn: 'Invalid ARN prefix: arn:aws:s3:::b'"},
      {"arn:aws:states:us-east-1:000000000000:execution:m:x",
       "Invalid Arn: 'Resource type not valid in this context: execution'"}};
  for (const auto& [text, words] : cases) {
    auto arn = parse_machine_arn(text);
    ASSERT_FALSE(arn) << text;
    EXPECT_EQ(arn.error().code, "InvalidArn");
    EXPECT_EQ(arn.error().message, words);
  }
  EXPECT_FALSE(parse_machine_arn("arn:aws:states:us-east-1:000000000000:stateMachine"));
  EXPECT_FALSE(parse_machine_arn("arn:aws:states:us-east-1:000000000000:stateMachine:"));
  EXPECT_FALSE(parse_machine_arn("arn:aws:states:us-east-1:000000000000:stateMachine:a:b:c"));
}

TEST(Arns, Executions) {
  auto plain = parse_execution_arn("arn:aws:states:us-east-1:000000000000:execution:m:x");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->machine, "m");
  EXPECT_EQ(plain->name, "x");
  EXPECT_FALSE(plain->is_express);
  auto express = parse_execution_arn("arn:aws:states:us-east-1:000000000000:express:m:x:id");
  ASSERT_TRUE(express);
  EXPECT_TRUE(express->is_express);
  EXPECT_FALSE(parse_execution_arn("arn:aws:states:us-east-1:000000000000:execution:m"));
  EXPECT_FALSE(parse_execution_arn("arn:aws:states:us-east-1:000000000000:stateMachine:m"));
}

}  // namespace
}  // namespace mdlc::services::states
