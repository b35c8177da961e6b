#include "asl/choice.h"

#include <gtest/gtest.h>

namespace mdlc::asl {
namespace {

const char* const input_text = R"({"s": "banana", "n": 5, "f": 5.0, "b": true, "t": "2024-01-01T00:00:00Z", "z": null,
  "later": "2024-01-01T01:00:00+00:30", "star": "a*b", "m": 6, "same": "banana"})";

std::string decide_rule(std::string_view rule) {
  auto parsed = json::parse(rule);
  auto c = compile_condition(parsed.value());
  if (!c) return "refused: " + c.error().message + " @" + c.error().where;
  auto input = document::from_text(input_text);
  execution_info info;
  context_object context;
  context.info = &info;
  auto five = document::from_text("5");
  std::function<document(std::string_view)> variable = [&](std::string_view name) {
    return name == "five" ? five : document{};
  };
  chance luck{1};
  auto out = (*c)->holds({input, context, variable, luck});
  return out ? (*out ? "yes" : "no") : "invalid " + out.error();
}

TEST(choice, every_operator) {
  struct {
    const char *rule, *result;
  } rows[] = {
      {R"({"Variable": "$.s", "StringEquals": "banana"})", "yes"},
      {R"({"Variable": "$.s", "StringEquals": "Banana"})", "no"},
      {R"({"Variable": "$.n", "StringEquals": "5"})", "no"},
      {R"({"Variable": "$.s", "StringEqualsPath": "$.same"})", "yes"},
      {R"({"Variable": "$.s", "StringLessThan": "cherry"})", "yes"},
      {R"({"Variable": "$.s", "StringLessThanPath": "$.same"})", "no"},
      {R"({"Variable": "$.s", "StringGreaterThan": "apple"})", "yes"},
      {R"({"Variable": "$.s", "StringGreaterThanPath": "$.same"})", "no"},
      {R"({"Variable": "$.s", "StringLessThanEquals": "banana"})", "yes"},
      {R"({"Variable": "$.s", "StringLessThanEqualsPath": "$.same"})", "yes"},
      {R"({"Variable": "$.s", "StringGreaterThanEquals": "banana"})", "yes"},
      {R"({"Variable": "$.s", "StringGreaterThanEqualsPath": "$.same"})", "yes"},
      {R"({"Variable": "$.s", "StringMatches": "b*n*"})", "yes"},
      {R"({"Variable": "$.s", "StringMatches": "*"})", "yes"},
      {R"({"Variable": "$.s", "StringMatches": "b*x"})", "no"},
      {R"({"Variable": "$.star", "StringMatches": "a\\*b"})", "yes"},
      {R"({"Variable": "$.s", "StringMatches": "b\\*"})", "no"},
      {R"({"Variable": "$.n", "NumericEquals": 5})", "yes"},
      {R"({"Variable": "$.f", "NumericEquals": 5})", "yes"},
      {R"({"Variable": "$.s", "NumericEquals": 5})", "no"},
      {R"({"Variable": "$.n", "NumericEqualsPath": "$five"})", "yes"},
      {R"({"Variable": "$.n", "NumericLessThan": 5.5})", "yes"},
      {R"({"Variable": "$.n", "NumericLessThanPath": "$.m"})", "yes"},
      {R"({"Variable": "$.n", "NumericGreaterThan": 5})", "no"},
      {R"({"Variable": "$.m", "NumericGreaterThanPath": "$.n"})", "yes"},
      {R"({"Variable": "$.n", "NumericLessThanEquals": 5})", "yes"},
      {R"({"Variable": "$.n", "NumericLessThanEqualsPath": "$.f"})", "yes"},
      {R"({"Variable": "$.n", "NumericGreaterThanEquals": 6})", "no"},
      {R"({"Variable": "$.n", "NumericGreaterThanEqualsPath": "$.f"})", "yes"},
      {R"({"Variable": "$.b", "BooleanEquals": true})", "yes"},
      {R"({"Variable": "$.b", "BooleanEqualsPath": "$.b"})", "yes"},
      {R"({"Variable": "$.s", "BooleanEquals": false})", "no"},
      {R"({"Variable": "$.t", "TimestampEquals": "2024-01-01T01:00:00+01:00"})", "yes"},
      {R"({"Variable": "$.t", "TimestampEqualsPath": "$.later"})", "no"},
      {R"({"Variable": "$.t", "TimestampLessThan": "2024-01-02T00:00:00Z"})", "yes"},
      {R"({"Variable": "$.t", "TimestampLessThanPath": "$.later"})", "yes"},
      {R"({"Variable": "$.t", "TimestampGreaterThan": "2024-01-02T00:00:00Z"})", "no"},
      {R"({"Variable": "$.later", "TimestampGreaterThanPath": "$.t"})", "yes"},
      {R"({"Variable": "$.t", "TimestampLessThanEquals": "2024-01-01T00:00:00Z"})", "yes"},
      {R"({"Variable": "$.t", "TimestampLessThanEqualsPath": "$.t"})", "yes"},
      {R"({"Variable": "$.t", "TimestampGreaterThanEquals": "2024-01-01T00:00:00Z"})", "yes"},
      {R"({"Variable": "$.t", "TimestampGreaterThanEqualsPath": "$.t"})", "yes"},
      {R"({"Variable": "$.z", "IsNull": true})", "yes"},
      {R"({"Variable": "$.s", "IsNull": false})", "yes"},
      {R"({"Variable": "$.z", "IsPresent": true})", "yes"},
      {R"({"Variable": "$.nope", "IsPresent": true})", "no"},
      {R"({"Variable": "$.nope.deeper", "IsPresent": false})", "yes"},
      {R"({"Variable": "$.f", "IsNumeric": true})", "yes"},
      {R"({"Variable": "$.s", "IsString": true})", "yes"},
      {R"({"Variable": "$.b", "IsBoolean": true})", "yes"},
      {R"({"Variable": "$.t", "IsTimestamp": true})", "yes"},
      {R"({"Variable": "$.s", "IsTimestamp": true})", "no"},
      {R"({"Not": {"Variable": "$.n", "NumericEquals": 5}})", "no"},
      {R"({"And": [{"Variable": "$.n", "NumericEquals": 5}, {"Variable": "$.b", "BooleanEquals": true}]})", "yes"},
      {R"({"And": [{"Variable": "$.n", "NumericEquals": 4}, {"Variable": "$.nope", "IsNull": true}]})", "no"},
      {R"({"Or": [{"Variable": "$.n", "NumericEquals": 4}, {"Variable": "$.b", "BooleanEquals": true}]})", "yes"},
      {R"({"Or": [{"Variable": "$.n", "NumericEquals": 4}, {"Variable": "$.b", "BooleanEquals": false}]})", "no"},
      {R"({"Variable": "$.nope", "NumericEquals": 5})", "invalid $.nope"},
      {R"({"Variable": "$.n", "NumericEqualsPath": "$.nope"})", "invalid $.nope"},
      {R"({"Variable": "$.n"})", "refused: Exactly one comparison operator or one of And, Or, Not is required @"},
      {R"({"Variable": "$.n", "NumericEquals": 1, "IsNull": true})",
       "refused: Exactly one comparison operator or one of And, Or, Not is required @"},
      {R"({"NumericEquals": 1})", "refused: These fields are required: [Variable] @"},
      {R"({"Variable": "n", "NumericEquals": 1})", "refused: Value is not a valid JSONPath @Variable"},
      {R"({"Variable": "$.n", "NumericEquals": "1"})",
       "refused: The value does not fit the comparison operator @NumericEquals"},
      {R"({"Variable": "$.t", "TimestampEquals": "soon"})",
       "refused: The value does not fit the comparison operator @TimestampEquals"},
      {R"({"Variable": "$.s", "StringMatchesPath": "$.s"})",
       "refused: Exactly one comparison operator or one of And, Or, Not is required @"},
      {R"({"And": []})", "refused: A non-empty array is required @And"},
      {R"({"And": [{"Not": {"Variable": 1, "IsNull": true}}]})",
       "refused: Expected value of type String @And[0]/Not/Variable"},
  };
  for (const auto& r : rows) EXPECT_EQ(decide_rule(r.rule), r.result) << r.rule;
}

TEST(choice, bounds_its_nesting) {
  auto nested = [](int depth) {
    std::string out = R"({"Variable": "$.n", "NumericEquals": 5})";
    for (int i = 0; i < depth; ++i) out = R"({"Not": )" + out + "}";
    return out;
  };
  EXPECT_EQ(decide_rule(nested(max_choice_depth)), "yes");
  EXPECT_TRUE(decide_rule(nested(max_choice_depth + 1)).starts_with("refused: The rule is nested too deeply"));
}

TEST(choice, a_pattern_of_stars_does_not_explode) {
  std::string text(3000, 'a'), pattern;
  for (int i = 0; i < 300; ++i) pattern += "a*";
  auto rule = json::object{{"Variable", "$"}, {"StringMatches", pattern + "b"}};
  auto c = compile_condition(rule).value();
  auto input = document::from_tree(json::string(text));
  execution_info info;
  context_object context;
  context.info = &info;
  std::function<document(std::string_view)> variable = [](std::string_view) { return document{}; };
  chance luck{1};
  EXPECT_FALSE(c->holds({input, context, variable, luck}).value());
}

}  // namespace
}  // namespace mdlc::asl
