#include "services/cloudformation/template.h"

#include <gtest/gtest.h>

#include "services/cloudformation/evaluate.h"
#include "services/cloudformation/template_text.h"

namespace mdlc::services::cloudformation {
namespace {

std::string with_resources(std::string_view resources, std::string_view rest = "") {
  return fmt::format("{}\nResources:\n{}", rest, resources);
}

constexpr std::string_view one_bucket = "  B: {Type: AWS::S3::Bucket}\n";

TEST(template_text, reads_short_forms_as_long_ones) {
  struct row {
    std::string_view yaml, json;
  };
  for (auto [yaml, expected] : {
           row{"A: !Ref X", R"({"A":{"Ref":"X"}})"},
           row{"A: !GetAtt X.Y.Z", R"({"A":{"Fn::GetAtt":["X","Y.Z"]}})"},
           row{"A: !Sub 'a ${B}'", R"({"A":{"Fn::Sub":"a ${B}"}})"},
           row{"A: !Join ['-', [a, !Ref B]]", R"({"A":{"Fn::Join":["-",["a",{"Ref":"B"}]]}})"},
           row{"A: !If [C, 1, 2]", R"({"A":{"Fn::If":["C",1,2]}})"},
           row{"A: !Equals [!Ref P, '1']", R"({"A":{"Fn::Equals":[{"Ref":"P"},"1"]}})"},
           row{"A: {Condition: C}", R"({"A":{"Condition":"C"}})"},
       })
    EXPECT_EQ(json::print(parse_template_text(yaml).value()), expected) << yaml;
}

TEST(template_text, plain_scalars) {
  EXPECT_EQ(
      json::print(
          parse_template_text("{a: 1, b: 1.5, c: true, d: '1', e: 012345678901, f: 2012-10-17, g: x, h: }").value()),
      R"({"a":1,"b":1.5,"c":true,"d":"1","e":"012345678901","f":"2012-10-17","g":"x","h":null})");
}

TEST(template_text, a_small_text_does_not_become_a_large_tree) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i)
    bomb += fmt::format("a{0}: &a{0} [*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1}]\n", i, i - 1);
  auto parsed = parse_template_text(bomb);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "Template format error: Template has too many elements");
}

TEST(template_text, bounds_depth) {
  auto nested = [](size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_TRUE(parse_template_text("A: " + nested(max_template_depth - 1)));
  auto parsed = parse_template_text("A: " + nested(max_template_depth + 1));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "Template format error: Template is nested too deeply");
}

TEST(parse_template, refuses_in_the_words_of_aws) {
  struct row {
    std::string text;
    std::string_view message;
  };
  for (const auto& [text, message] : {
           row{"", "Template format error: unsupported structure."},
           row{"just text", "Template format error: unsupported structure."},
           row{"A: b: c", "Template format error: YAML not well-formed. (line 1, column 5)"},
           row{R"({"A": })", "Template format error: JSON not well-formed. (syntax error at offset 6)"},
           row{"Description: x", "Template format error: At least one Resources member must be defined."},
           row{with_resources(one_bucket, "Nonsense: 1"), "Invalid template property or properties [Nonsense]"},
           row{with_resources("  B: {}\n"),
               "Template format error: [/Resources/B] Every Resources object must contain a Type member."},
           row{with_resources("  B-1: {Type: AWS::S3::Bucket}\n"),
               "Template format error: Resource name B-1 is non alphanumeric."},
           row{with_resources("  B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Nobody}}\n"),
               "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the "
               "template"},
           row{with_resources("  B: {Type: AWS::S3::Bucket, Properties: {BucketName: !GetAtt Nobody.Arn}}\n"),
               "Template error: instance of Fn::GetAtt references undefined resource Nobody"},
           row{with_resources("  A: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref B}}\n"
                              "  B: {Type: AWS::S3::Bucket, DependsOn: A}\n"),
               "Circular dependency between resources: [A, B]"},
           row{with_resources(one_bucket, "Outputs: {O: {Value: !Ref Nobody}}"),
               "Template format error: Unresolved resource dependencies [Nobody] in the Outputs block of the template"},
       }) {
    auto parsed = parse_template(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "ValidationError");
    EXPECT_EQ(parsed.error().message, message);
  }
}

TEST(parse_template, bounds_resources) {
  auto many = [](size_t n) {
    std::string resources;
    for (size_t i = 0; i < n; ++i) resources += fmt::format("  B{}: {{Type: AWS::S3::Bucket}}\n", i);
    return with_resources(resources);
  };
  EXPECT_TRUE(parse_template(many(max_resources)));
  auto parsed = parse_template(many(max_resources + 1));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message,
            "Template format error: Number of resources, 501, is greater than maximum allowed, 500");
}

TEST(parse_template, orders_by_every_kind_of_reference) {
  auto parsed = parse_template(with_resources(R"(
  A: {Type: AWS::S3::Bucket, DependsOn: [B]}
  B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "x-${C}"}}
  C: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub ["${V}-${D.Arn}", {V: x}]}}
  D: {Type: AWS::S3::Bucket, Properties: {BucketName: !GetAtt E.Arn}}
  E: {Type: AWS::S3::Bucket, Properties: {BucketName: !Join ["", [a, !Ref F]]}}
  F: {Type: AWS::S3::Bucket}
)"));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->order, (std::vector<std::string>{"F", "E", "D", "C", "B", "A"}));
}

class evaluation : public testing::Test {
 protected:
  std::string value_of(std::string_view expression, const std::map<std::string, std::string>& given = {}) {
    auto parsed = parse_template(fmt::format(R"(
Parameters:
  P: {{Type: String, Default: p}}
  L: {{Type: CommaDelimitedList, Default: "a, b,c"}}
Mappings:
  M: {{K: {{x: one, y: [1, 2]}}}}
Conditions:
  IsP: !Equals [!Ref P, p]
  IsNot: !Not [Condition: IsP]
  Both: !And [Condition: IsP, !Or [Condition: IsNot, Condition: IsP]]
Resources:
  R: {{Type: AWS::S3::Bucket}}
Outputs:
  O: {{Value: {}}}
)",
                                             expression));
    if (!parsed) return parsed.error().message;
    auto parameters = resolve_parameters(*parsed, given);
    if (!parameters) return parameters.error().message;
    surroundings around{
        "123456789012",
        "eu-west-1",
        "stack-id",
        "stack-name",
        *parameters,
        [](const std::string& id) -> api::answer<json::value> { return json::value("physical-" + id); },
        [](const std::string& id, const std::string& name) -> api::answer<json::value> {
          return json::value(id + "/" + name);
        },
        [](const std::string& name) -> api::answer<json::value> { return json::value("export " + name); }};
    auto value = evaluator{*parsed, around}.evaluate(parsed->outputs.at("O").value);
    if (!value) return value.error().message;
    return *value ? json::print(**value) : "nothing";
  }
};

TEST_F(evaluation, of_every_function) {
  struct row {
    std::string_view expression, value;
  };
  for (auto [expression, value] : {
           row{"!Ref R", R"("physical-R")"},
           row{"!Ref P", R"("p")"},
           row{"!Ref L", R"(["a","b","c"])"},
           row{"!Ref AWS::AccountId", R"("123456789012")"},
           row{"!Ref AWS::NoValue", "nothing"},
           row{"{a: !Ref AWS::NoValue, b: [1, !Ref AWS::NoValue]}", R"({"b":[1]})"},
           row{"!GetAtt R.Arn", R"("R/Arn")"},
           row{"!Sub '${P}-${R}-${R.Arn}-${AWS::Region}-${!P}'", R"("p-physical-R-R/Arn-eu-west-1-${P}")"},
           row{"!Sub ['${X}${P}', {X: !Ref R}]", R"("physical-Rp")"},
           row{"!Join [':', [a, !Ref P, 1]]", R"("a:p:1")"},
           row{"!Join ['', !Ref L]", R"("abc")"},
           row{"!Select [1, !Ref L]", R"("b")"},
           row{"!Select ['0', !Split ['|', 'x|y']]", R"("x")"},
           row{"!FindInMap [M, K, x]", R"("one")"},
           row{"!FindInMap [M, K, y]", "[1,2]"},
           row{"!If [IsP, yes it is, no]", R"("yes it is")"},
           row{"!If [IsNot, 1, !Ref AWS::NoValue]", "nothing"},
           row{"!If [Both, 1, 2]", "1"},
           row{"{'Fn::Base64': abc}", R"("YWJj")"},
           row{"!ImportValue 'x'", R"("export x")"},
           row{"{Statement: {Condition: {StringEquals: {a: !Ref P}}}}",
               R"({"Statement":{"Condition":{"StringEquals":{"a":"p"}}}})"},
       })
    EXPECT_EQ(value_of(expression), value) << expression;
}

TEST_F(evaluation, refuses_in_the_words_of_aws) {
  struct row {
    std::string_view expression, message;
  };
  for (auto [expression, message] : {
           row{"!FindInMap [M, K, z]", "Template error: Unable to get mapping for M::K::z"},
           row{"!Select [3, !Ref L]", "Template error: Fn::Select cannot select nonexistent value at index 3"},
           row{"!If [Nope, 1, 2]", "Template error: unresolved condition dependency Nope in Fn::If"},
       })
    EXPECT_EQ(value_of(expression), message) << expression;
}

TEST(resolve_parameters, checks_what_the_template_demands) {
  auto parsed = parse_template(with_resources(one_bucket, R"(
Parameters:
  Colour: {Type: String, AllowedValues: [red, blue]}
  Size: {Type: Number, Default: 3, MinValue: 1, MaxValue: 5}
  Name: {Type: String, Default: abc, AllowedPattern: '[a-z]+', MinLength: 2, MaxLength: 4}
)"))
                    .value();
  struct row {
    std::map<std::string, std::string> given;
    std::string_view message;
  };
  for (const auto& [given, message] : {
           row{{}, "Parameters: [Colour] must have values"},
           row{{{"Colour", "red"}, {"Other", "1"}}, "Parameters: [Other] do not exist in the template"},
           row{{{"Colour", "green"}}, "Parameter 'Colour' must be one of AllowedValues"},
           row{{{"Colour", "red"}, {"Size", "x"}}, "Parameter 'Size' must be a number."},
           row{{{"Colour", "red"}, {"Size", "0"}}, "Parameter 'Size' must be a number not less than 1"},
           row{{{"Colour", "red"}, {"Size", "6"}}, "Parameter 'Size' must be a number not greater than 5"},
           row{{{"Colour", "red"}, {"Name", "a"}}, "Parameter 'Name' must contain at least 2 characters"},
           row{{{"Colour", "red"}, {"Name", "abcde"}}, "Parameter 'Name' must contain at most 4 characters"},
           row{{{"Colour", "red"}, {"Name", "ab1"}}, "Parameter 'Name' must match pattern [a-z]+"},
       })
    EXPECT_EQ(resolve_parameters(parsed, given).error().message, message);
  auto values = resolve_parameters(parsed, {{"Colour", "red"}, {"Size", "5"}}).value();
  EXPECT_EQ(values, (std::map<std::string, std::string>{{"Colour", "red"}, {"Size", "5"}, {"Name", "abc"}}));
}

TEST(required_capability, names_need_more) {
  auto of = [](std::string_view properties) {
    return required_capability(
        parse_template(with_resources(fmt::format("  R: {{Type: AWS::IAM::Role, Properties: {}}}\n", properties)))
            .value());
  };
  EXPECT_EQ(of("{}"), "CAPABILITY_IAM");
  EXPECT_EQ(of("{RoleName: r}"), "CAPABILITY_NAMED_IAM");
  EXPECT_EQ(required_capability(parse_template(with_resources(one_bucket)).value()), "");
}

}  // namespace
}  // namespace mdlc::services::cloudformation
