#include "asl/program.h"

#include <gtest/gtest.h>

#include "asl/builder.h"

namespace mdlc::asl {
namespace {

std::string machine(std::string_view states, std::string_view start = "A") {
  return fmt::format(R"({{"StartAt": "{}", "States": {{{}}}}})", start, states);
}

TEST(program, diagnostics) {
  struct {
    std::string definition;
    const char* told;
  } rows[] = {
      {"", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"},
      {"[]", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"},
      {"{}", "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"},
      {machine(R"("A": {"Type": "Pass", "End": true})", "B"),
       "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /StartAt"},
      {machine(R"("A": {"Type": "Pass", "Next": "C"}, "B": {"Type": "Pass", "End": true})"),
       "MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Next, "
       "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B"},
      {machine(R"("A": {"Type": "Pass", "Next": "NOPE"})"),
       "MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/A/Next, "
       "MISSING_END_STATE: Workflow has no terminal state at null"},
      {machine(R"("A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"})"),
       "MISSING_END_STATE: Workflow has no terminal state at null"},
      {machine(R"("A": {"Type": "Pass", "Next": "A"}, "C": {"Type": "Succeed"})"),
       "MISSING_TRANSITION_TARGET: State \"C\" is not reachable. at /States/C"},
      {machine(R"("A": {"Type": "Nope", "End": true})"),
       "SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, "
       "Choice, "
       "Parallel, Map] at /States/A/Type"},
      {machine(R"("A": {"End": true})"), "SCHEMA_VALIDATION_FAILED: These fields are required: [Type] at /States/A"},
      {machine(R"("A": {"Type": "Pass", "End": true, "Catch": []})"),
       "SCHEMA_VALIDATION_FAILED: Field 'Catch' is not supported at /States/A"},
      {machine(R"("A": {"Type": "Wait", "Seconds": 1, "TimeoutSeconds": 1, "End": true})"),
       "SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/A"},
      {machine(R"("A": {"Type": "Pass", "End": true, "Output": 1})"),
       "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the "
       "'JSONata' "
       "QueryLanguage at /States/A"},
      {machine(R"("A": {"Type": "Pass", "End": true, "Parameters": {"a": {"x.$": "y"}}})"),
       "SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function "
       "call at "
       "/States/A/Parameters"},
      {machine(R"("A": {"Type": "Pass", "End": true, "ResultPath": "$.a[*]"})"),
       "SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/A/ResultPath"},
      {machine(R"("A": {"Type": "Task", "Resource": "nope", "End": true})"),
       "SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/A/Resource"},
      {machine(R"("A": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb", "End": true})"),
       "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb is not recognized. The value is not "
       "a valid "
       "resource ARN, or the resource is not available in this region. at /States/A/Resource"},
      {machine(R"("A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "B"}]})"),
       "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Choices[0]/Next, MISSING_END_STATE: Workflow "
       "has no "
       "terminal state at null"},
      {machine(
           R"("A": {"Type": "Task", "Resource": "arn:aws:states:::s3:x", "End": true, "Catch": [{"ErrorEquals": ["X"], "Next": "B"}]})"),
       "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Catch[0]/Next"},
      {machine(
           R"("A": {"Type": "Map", "End": true, "ItemProcessor": {"QueryLanguage": "JSONata", "StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}}})"),
       "SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/A/ItemProcessor"},
      {machine(
           R"("A": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}]})"),
       "DUPLICATE_STATE_NAME: Duplicate state name: A at /States/A/Branches[0]/States/A"},
      {R"({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "QueryLanguage": "JSONPath", "End": true}}})",
       "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at "
       "/States/A"},
  };
  for (const auto& r : rows)
    EXPECT_EQ(refusal(validate(r.definition)), fmt::format("Invalid State Machine Definition: '{}'", r.told))
        << r.definition;
}

TEST(program, what_is_no_json_is_told_as_jackson_tells_it) {
  struct {
    const char *text, *told;
  } rows[] = {
      {"not a definition",
       "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or "
       "'false')\n at "
       "[Source: (String)\"not a definition\"; line: 1, column: 4]"},
      {"{\"a\":1,}",
       "Unexpected character ('}' (code 125)): was expecting double-quote to start field name\n at [Source: "
       "(String)\"{\"a\":1,}\"; "
       "line: 1, column: 9]"},
      {"{",
       "Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)\"{\"; line: 1, "
       "column: 1])\n "
       "at [Source: (String)\"{\"; line: 1, column: 2]"},
      {"{\"a\" 1}",
       "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value\n at [Source: "
       "(String)\"{\"a\" "
       "1}\"; line: 1, column: 7]"},
      {"{\"ä\" €}",
       "Unexpected character ('€' (code 8364 / 0x20ac)): was expecting a colon to separate field name and value\n at "
       "[Source: (String)\"{\"ä\" €}\"; line: 1, column: 7]"},
      {"\"\\ö\"",
       "Unrecognized character escape 'ö' (code 246)\n at [Source: (String)\"\"\\ö\"\"; line: 1, column: 4]"},
  };
  for (const auto& r : rows) {
    auto found = validate(r.text);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].code, "INVALID_JSON_DESCRIPTION");
    EXPECT_EQ(found[0].message, r.told);
  }
}

TEST(program, a_source_is_cut_between_characters) {
  struct {
    size_t before;
    const char *last, *shown, *cut;
  } rows[] = {{499, "ö", "ö", "[truncated 2 chars]"},
              {498, "😀", "😀", "[truncated 2 chars]"},
              {499, "😀", "", "[truncated 4 chars]"}};
  for (const auto& r : rows) {
    auto begin = "\"" + std::string(r.before - 1, 'x');
    auto found = validate(begin + r.last + "zz");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_NE(found[0].message.find(fmt::format("(String)\"{}{}\"{};", begin, r.shown, r.cut)), std::string::npos)
        << found[0].message;
  }
}

TEST(program, a_diagnostic_knows_its_line) {
  auto found = validate("{\n  \"StartAt\": \"A\",\n  \"States\": {\n    \"A\": {\"Type\": \"Nope\"}\n  }\n}");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 4);
  EXPECT_EQ(found[0].column, 19);
  // What is missing is told where it should be: at the rule, in the second line.
  found = validate("{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Choice\", \"Choices\":\n [{}, {}]}}}");
  ASSERT_GE(found.size(), 3u);
  EXPECT_EQ(found[2].location, "/States/A/Choices[1]");
  EXPECT_EQ(found[2].line, 2);
  EXPECT_EQ(found[2].column, 7);
}

TEST(program, bounds) {
  auto nested = [](int depth) {
    std::string inside = R"({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": true}}})";
    for (int i = 0; i < depth; ++i)
      inside = fmt::format(
          R"({{"StartAt": "P{}", "States": {{"P{}": {{"Type": "Parallel", "End": true, "Branches": [{}]}}}}}})", i, i,
          inside);
    return inside;
  };
  EXPECT_TRUE(compile(nested(max_machine_depth)));
  EXPECT_FALSE(compile(nested(max_machine_depth + 1)));
  auto sized = [](size_t bytes) {
    auto text = machine(R"("A": {"Type": "Pass", "End": true})");
    return text + std::string(bytes - text.size(), ' ');
  };
  EXPECT_TRUE(compile(sized(max_definition_bytes)));
  EXPECT_FALSE(compile(sized(max_definition_bytes + 1)));
  auto named = [](size_t length) {
    return machine(fmt::format(R"("{}": {{"Type": "Pass", "End": true}})", std::string(length, 'a')),
                   std::string(length, 'a'));
  };
  EXPECT_TRUE(compile(named(max_state_name)));
  EXPECT_FALSE(compile(named(max_state_name + 1)));
  EXPECT_FALSE(compile(std::string(100'000, '[')));
  EXPECT_FALSE(compile(std::string(100'000, '{')));
}

TEST(program, a_large_definition_with_much_wrong_is_read_quickly) {
  auto of = [](size_t count) {
    std::string states = R"("A": {"Type": "Pass", "End": true})";
    for (size_t i = 0; i < count; ++i) states += fmt::format(R"(,"S{}": {{"Type": "Pass", "Next": "A"}})", i);
    return validate(machine(states)).size();
  };
  EXPECT_EQ(of(max_diagnostics), max_diagnostics);
  EXPECT_EQ(of(max_diagnostics + 1), max_diagnostics + 1);
  EXPECT_EQ(of(20'000), max_diagnostics + 1);
}

TEST(program, tells_variables_and_resources) {
  auto p = compile(machine(R"d("A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
    "B": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": {"k.$": "States.Format('{}', $x)"}, "End": true})d"));
  ASSERT_TRUE(p);
  EXPECT_EQ(json::print((*p)->variable_references()), R"({"B":["x"]})");
  EXPECT_EQ((*p)->task_resources(), std::vector<std::string>{"arn:aws:states:::dynamodb:putItem"});
}

TEST(program, tells_the_variables_of_a_distributed_map) {
  auto p = compile(machine(R"d("A": {"Type": "Map", "End": true,
    "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket.$": "$bucket", "Key": "k"},
                   "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$most"}},
    "ItemBatcher": {"MaxItemsPerBatchPath": "$batch", "BatchInput": {"b.$": "$given"}},
    "ToleratedFailureCountPath": "$count", "ToleratedFailurePercentagePath": "$percent",
    "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket.$": "$out", "Prefix": "p"}},
    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                      "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}})d"));
  ASSERT_TRUE(p) << p.error().front().message;
  EXPECT_EQ(json::print((*p)->variable_references()),
            R"({"A":["batch","bucket","count","given","most","out","percent"]})");
}

}  // namespace
}  // namespace mdlc::asl
