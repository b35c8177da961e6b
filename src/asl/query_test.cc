// States in JSONata: what they see, what they make, and what AWS says where an expression fails.
#include <gmock/gmock.h>

#include "asl/testing.h"

namespace mdlc::asl {
namespace {

using testing::run;

std::string machine(std::string_view states) {
  return fmt::format(R"({{"QueryLanguage": "JSONata", "StartAt": "A", "States": {{{}}}}})", states);
}

struct flow {
  const char *states, *input, *end;
};
class queries : public ::testing::TestWithParam<flow> {};

TEST_P(queries, end) {
  run r{machine(GetParam().states)};
  r.start(GetParam().input);
  EXPECT_EQ(r.end(), GetParam().end) << GetParam().states;
}

#define IN_A "An error occurred while executing the state 'A' (entered at the event id #2). "

INSTANTIATE_TEST_SUITE_P(
    payloads, queries,
    ::testing::Values(
        flow{R"("A": {"Type": "Pass", "End": true})", R"({"b" : 1})", R"({"b" : 1})"},
        flow{R"("A": {"Type": "Pass", "Output": "plain", "End": true})", "{}", R"("plain")"},
        flow{R"("A": {"Type": "Pass", "Output": null, "End": true})", "{}", "null"},
        flow{
            R"("A": {"Type": "Pass", "Output": {"s": "{% $sum($states.input.n) %}", "l": [1, "{%$states.input.n[0]%}"]}, "End": true})",
            R"({"n":[1,2.5]})", R"({"s":3.5,"l":[1,1]})"},
        // What AWS added to JSONata.
        flow{
            R"("A": {"Type": "Pass", "Output": {"p": "{% $partition($range(1,5,2), 2) %}", "h": "{% $hash('a','MD5') %}"}, "End": true})",
            "{}", R"({"p":[[1,3],[5]],"h":"0cc175b9c0f1b6a831c399e269772661"})"},
        // Text around is no expression.
        flow{R"("A": {"Type": "Pass", "Output": "a {% 1 %}", "End": true})", "{}", R"("a {% 1 %}")"},
        flow{
            R"("A": {"Type": "Pass", "Output": "{% $states.context.State.Name & '/' & $states.context.Execution.Input.x %}", "End": true})",
            R"({"x":"y"})", R"("A/y")"},
        // Assign and Output see the variables as they were.
        flow{R"("A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
                "B": {"Type": "Pass", "Assign": {"x": "{% $x + 1 %}"}, "Output": "{% $x %}", "Next": "C"},
                "C": {"Type": "Succeed", "Output": {"seen": "{% $states.input %}", "x": "{% $x %}"}})",
             "{}", R"({"seen":1,"x":2})"},
        flow{R"("A": {"Type": "Choice", "Choices": [
                  {"Condition": "{% $states.input.n > 3 %}", "Next": "B", "Output": "{% $states.input.n * 2 %}"}],
                 "Default": "B", "Output": "small"}, "B": {"Type": "Succeed"})",
             R"({"n":4})", "8"},
        flow{R"("A": {"Type": "Choice", "Choices": [
                  {"Condition": "{% $states.input.n > 3 %}", "Next": "B", "Output": "{% $states.input.n * 2 %}"}],
                 "Default": "B", "Output": "small"}, "B": {"Type": "Succeed"})",
             R"({"n":1})", R"("small")"},
        flow{
            R"("A": {"Type": "Map", "Items": "{% $states.input.n %}", "ItemSelector": {"v": "{% $states.context.Map.Item.Value * 10 %}", "i": "{% $states.context.Map.Item.Index %}"},
                 "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": "{% $states.input.v + $states.input.i %}", "End": true}}},
                 "Output": {"all": "{% $states.result %}"}, "End": true})",
            R"({"n":[1,2]})", R"({"all":[10,21]})"},
        flow{R"("A": {"Type": "Parallel", "Arguments": {"n": "{% $states.input.n %}"}, "Branches": [
                  {"StartAt": "L", "States": {"L": {"Type": "Pass", "Output": "{% $states.input.n + 1 %}", "End": true}}},
                  {"StartAt": "R", "States": {"R": {"Type": "Pass", "End": true}}}], "Output": "{% $states.result[0] %}", "End": true})",
             R"({"n":4,"m":0})", "5"},
        flow{
            R"("A": {"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "{% 'because of ' & $states.input.e %}"})",
            R"({"e":"Rain"})", "Rain: because of Rain"}));

INSTANTIATE_TEST_SUITE_P(
    errors, queries,
    ::testing::Values(
        flow{R"("A": {"Type": "Pass", "Output": {"x": "{% $states.input.no %}"}, "End": true})", "{}",
             "States.QueryEvaluationError: " IN_A "The JSONata expression '$states.input.no' specified for the field "
             "'Output/x' returned nothing (undefined)."},
        flow{R"("A": {"Type": "Pass", "Output": "{% $eval('1') %}", "End": true})", "{}",
             "States.QueryEvaluationError: " IN_A
             "The JSONata expression '$eval('1')' specified for the field 'Output' threw an error during evaluation. "
             "T1006: Attempted to invoke a non-function"},
        flow{
            R"("A": {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "B"}], "Default": "B"}, "B": {"Type": "Succeed"})",
            "{}",
            "States.QueryEvaluationError: " IN_A
            "The JSONata expression '1' specified for the field 'Choices[0]/Condition' returned an unexpected result "
            "type. Expected 'boolean', but was 'number' for value: 1"},
        flow{R"("A": {"Type": "Wait", "Seconds": "{% 'x' %}", "End": true})", "{}",
             "States.QueryEvaluationError: " IN_A "The JSONata expression ''x'' specified for the field 'Seconds' "
             "returned an unexpected result type. Expected "
             "'number', but was 'string' for value: \"x\""},
        flow{
            R"("A": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}, "End": true})",
            R"({"a":1})",
            "States.QueryEvaluationError: " IN_A R"(Map state input must be an array but was: {"a":1})"}));

TEST(query, a_failed_expression_is_an_event_and_can_be_caught) {
  run r{machine(R"("A": {"Type": "Map", "Items": "{% $nowhere %}",
      "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}},
      "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B", "Output": "{% $states.errorOutput.Error %}",
                 "Assign": {"cause": "{% $states.errorOutput.Cause %}"}}], "End": true},
      "B": {"Type": "Succeed"})")};
  r.start("{}");
  EXPECT_EQ(r.end(), R"("States.QueryEvaluationError")");
  EXPECT_EQ(r.types(),
            "ExecutionStarted MapStateEntered EvaluationFailed MapStateFailed MapStateExited SucceedStateEntered "
            "SucceedStateExited ExecutionSucceeded");
  EXPECT_THAT(r.previous(), ::testing::ElementsAre(0, 0, 0, 3, 4, 5, 6, 7));
}

TEST(query, a_catchers_own_failure_ends_the_execution) {
  run r{machine(R"("A": {"Type": "Map", "Items": "{% $nowhere %}",
      "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}},
      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B", "Output": "{% $states.errorOutput.Missing %}"}], "End": true},
      "B": {"Type": "Succeed"})")};
  r.start("{}");
  EXPECT_EQ(r.end(),
            "States.QueryEvaluationError: " IN_A
            "The JSONata expression '$states.errorOutput.Missing' specified for the field 'Catch[0]/Output' returned "
            "nothing (undefined).");
}

TEST(query, a_task_gets_its_arguments_and_gives_its_result) {
  run r{machine(
      R"("A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": "{% $states.input.t %}",
      "Arguments": {"FunctionName": "f", "Payload": "{% $states.input %}"}, "Output": "{% $states.result.Payload.x %}", "End": true})")};
  r.start(R"({"t":7})");
  ASSERT_EQ(r.tasks.size(), 1u);
  const auto [id, what] = *r.tasks.begin();
  EXPECT_EQ(what.parameters.text(), R"({"FunctionName":"f","Payload":{"t":7}})");
  EXPECT_EQ(what.timeout_s, 7);
  r.feed(task_succeeded{id, document::from_text(R"({"Payload":{"x":[1]}})")});
  EXPECT_EQ(r.end(), "[1]");
}

TEST(query, waits_until_a_computed_time) {
  run r{machine(R"("A": {"Type": "Wait", "Timestamp": "{% $states.input.when %}", "Next": "B"},
                   "B": {"Type": "Wait", "Seconds": "{% 2 * 3 %}", "End": true})")};
  const auto begun = r.now;
  r.start(R"({"when":"2023-11-14T22:13:30Z"})");
  ASSERT_TRUE(r.fire_next_timer());
  EXPECT_EQ(r.now - begun, std::chrono::seconds{10});
  ASSERT_TRUE(r.fire_next_timer());
  EXPECT_EQ(r.now - begun, std::chrono::seconds{16});
  EXPECT_EQ(r.end(), R"({"when":"2023-11-14T22:13:30Z"})");
}

TEST(query, one_state_may_speak_it_alone) {
  run r{R"({"StartAt": "A", "States": {
      "A": {"Type": "Pass", "Assign": {"v.$": "$.x"}, "Next": "B"},
      "B": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $v & '!' %}", "End": true}}})"};
  r.start(R"({"x":"hi"})");
  EXPECT_EQ(r.end(), R"("hi!")");
}

TEST(query, what_is_no_jsonata_is_refused_where_it_stands) {
  auto refused = compile(machine(R"("A": {"Type": "Pass", "Output": {"a": [1, "{% 1 + %}"]}, "End": true})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error()[0].location, "/States/A/Output/a[1]");
  EXPECT_THAT(refused.error()[0].message, ::testing::HasSubstr("S0207"));
}

TEST(query, endless_recursion_ends) {
  run r{machine(R"("A": {"Type": "Pass", "Output": "{% ($f := function($n){1 + $f($n)}; $f(1)) %}", "End": true})")};
  r.start("{}");
  EXPECT_THAT(r.end(), ::testing::StartsWith("States.QueryEvaluationError: "));
}

}  // namespace
}  // namespace mdlc::asl
