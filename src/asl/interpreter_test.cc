#include "asl/interpreter.h"

#include "asl/testing.h"

namespace mdlc::asl {
namespace {

using testing::run;

std::string machine(std::string_view states, std::string_view more = "") {
  return fmt::format(R"({{"StartAt": "A", {} "States": {{{}}}}})", more, states);
}

// What a machine of Pass, Choice, Succeed and Fail states makes of an input: its output, or "error: cause".
struct flow {
  const char *states, *input, *end;
};

class flows : public ::testing::TestWithParam<flow> {};

TEST_P(flows, end) {
  run r{machine(GetParam().states)};
  r.start(GetParam().input);
  EXPECT_EQ(r.end(), GetParam().end) << GetParam().states;
}

#define IN_A "An error occurred while executing the state 'A' (entered at the event id #2). "

INSTANTIATE_TEST_SUITE_P(
    payloads, flows,
    ::testing::Values(
        // Untouched text stays as it was written.
        flow{R"("A": {"Type": "Pass", "End": true})", R"({"b" : 1,  "a":[ 1 ]})", R"({"b" : 1,  "a":[ 1 ]})"},
        flow{R"("A": {"Type": "Pass", "Result": {"x": 1.50}, "End": true})", "{}", R"({"x":1.5})"},
        flow{R"("A": {"Type": "Pass", "InputPath": "$.a", "End": true})", R"({"a":{"b":2}})", R"({"b":2})"},
        flow{R"("A": {"Type": "Pass", "InputPath": null, "End": true})", R"({"a":1})", "{}"},
        flow{R"("A": {"Type": "Pass", "OutputPath": null, "End": true})", R"({"a":1})", "{}"},
        flow{R"("A": {"Type": "Pass", "Result": 1, "ResultPath": null, "End": true})", R"({"a":1})", R"({"a":1})"},
        flow{R"("A": {"Type": "Pass", "Result": 1, "ResultPath": "$.r.s", "End": true})", R"({"a":1})",
             R"({"a":1,"r":{"s":1}})"},
        flow{R"("A": {"Type": "Pass", "Result": 1, "ResultPath": "$.r", "OutputPath": "$.r", "End": true})", "{}", "1"},
        flow{R"("A": {"Type": "Pass", "InputPath": "$.a", "ResultPath": "$.r", "End": true})", R"({"a":7})",
             R"({"a":7,"r":7})"},
        flow{
            R"("A": {"Type": "Pass", "Parameters": {"k.$": "$.a[?(@.n > 1)].n", "c": [1, {"d.$": "$.b"}]}, "End": true})",
            R"({"a":[{"n":1},{"n":2},{"n":3}],"b":true})", R"({"k":[2,3],"c":[1,{"d":true}]})"},
        flow{R"("A": {"Type": "Pass", "Parameters": {"k.$": "$.a[5]"}, "End": true})", R"({"a":[]})", R"({"k":null})"},
        flow{
            R"("A": {"Type": "Pass", "Parameters": {"k.$": "$$.State.Name", "i.$": "$$.Execution.Input.x"}, "End": true})",
            R"({"x":[1]})", R"({"k":"A","i":[1]})"},
        flow{R"("A": {"Type": "Pass", "Parameters": {"u.$": "$.u"}, "End": true})", R"({"u":"\u00e9\ud83d\ude00"})",
             "{\"u\":\"é😀\"}"},
        flow{R"("A": {"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"})", R"({"a":{"b":3}})", "3"},
        flow{R"("A": {"Type": "Pass", "Assign": {"x.$": "$.a", "y": 2}, "Next": "B"},
                "B": {"Type": "Pass", "Assign": {"x": 9, "z.$": "$x"}, "Parameters": {"x.$": "$x", "y.$": "$y"}, "Next": "C"},
                "C": {"Type": "Pass", "Parameters": {"x.$": "$x", "z.$": "$z"}, "End": true})",
             R"({"a":1})", R"({"x":9,"z":1})"},
        flow{R"("A": {"Type": "Choice", "InputPath": "$.in", "OutputPath": "$.o", "Choices": [
                  {"Variable": "$.n", "NumericLessThan": 3, "Next": "B", "Assign": {"v.$": "$.n"}}], "Default": "C"},
                "B": {"Type": "Pass", "Parameters": {"v.$": "$v", "o.$": "$"}, "End": true}, "C": {"Type": "Succeed"})",
             R"({"in":{"n":2,"o":"out"}})", R"({"v":2,"o":"out"})"},
        flow{R"("A": {"Type": "Fail", "Error": "E", "Cause": "c"})", "{}", "E: c"},
        flow{R"("A": {"Type": "Fail"})", "{}", "-: -"},
        flow{R"d("A": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('why {}', $.c)"})d",
             R"({"e":"E","c":1})", "E: why 1"}));

INSTANTIATE_TEST_SUITE_P(
    errors, flows,
    ::testing::Values(
        flow{R"("A": {"Type": "Pass", "InputPath": "$.no", "End": true})", "{}",
             "States.Runtime: " IN_A "Invalid path '$.no' : No results for path: $['no']"},
        flow{R"("A": {"Type": "Pass", "Parameters": {"p": {"v.$": "$.no.x"}}, "End": true})", R"({"a": 1})",
             "States.Runtime: " IN_A
             "The JSONPath '$.no.x' specified for the field 'v.$' could not be found in the input '{\"a\": 1}'"},
        flow{
            R"d("A": {"Type": "Pass", "Parameters": {"v.$": "States.Format('{}', States.Format('{}', $.no))"}, "End": true})d",
            R"({"o":1})",
            "States.Runtime: " IN_A "The function 'States.Format('{}', States.Format('{}', $.no))' had the following "
            "error: The JsonPath argument for the "
            "field '$.no' could not be found in the input '{\"o\":1}'"},
        flow{R"d("A": {"Type": "Pass", "Parameters": {"v.$": "States.ArrayLength(1)"}, "End": true})d", "{}",
             "States.IntrinsicFailure: " IN_A "The function 'States.ArrayLength(1)' had the following error: The "
             "argument to States.ArrayLength must be an array."},
        flow{R"("A": {"Type": "Pass", "Result": 1, "ResultPath": "$.a.b", "End": true})", R"({"a":3})",
             "States.ResultPathMatchFailure: " IN_A "Unable to apply ReferencePath $.a.b to input {\"a\":3}"},
        flow{R"("A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "StringEquals": "never", "Next": "B"}]},
                "B": {"Type": "Succeed"})",
             R"({"x":"a"})",
             "States.Runtime: " IN_A
             "Failed to transition out of the state. The state does not point to a next state."},
        flow{R"("A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "B"}], "Default": "B"},
                "B": {"Type": "Succeed"})",
             "{}",
             "States.Runtime: " IN_A
             "Invalid path '$.x': The choice state's condition path references an invalid value."},
        flow{R"("A": {"Type": "Wait", "TimestampPath": "$.t", "End": true})", R"({"t":"soon"})",
             "States.Runtime: " IN_A "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
             "date-time format string: $.t == soon"},
        flow{R"("A": {"Type": "Wait", "SecondsPath": "$.t", "End": true})", "{}",
             "States.Runtime: " IN_A "The SecondsPath parameter does not reference an input value: $.t"}));

// --- Wait
// ----------------------------------------------------------------------------------------------------------------

TEST(wait, four_ways) {
  struct {
    const char *fields, *input;
    int64_t ms;
  } rows[] = {{R"("Seconds": 3)", "{}", 3000},
              {R"("SecondsPath": "$.s")", R"({"s":2})", 2000},
              {R"("Timestamp": "2023-11-14T22:13:25Z")", "{}", 5000},
              {R"("TimestampPath": "$.t")", R"({"t":"2023-11-14T23:13:24+01:00"})", 4000}};
  for (const auto& row : rows) {
    run r{machine(fmt::format(R"("A": {{"Type": "Wait", {}, "End": true}})", row.fields))};
    auto begin = r.now;
    r.start(row.input);
    ASSERT_EQ(r.timers.size(), 1u) << row.fields;
    EXPECT_EQ(r.types(), "ExecutionStarted WaitStateEntered");
    r.fire_next_timer();
    EXPECT_EQ((r.now - begin).count(), row.ms) << row.fields;
    EXPECT_EQ(r.end(), row.input);
    EXPECT_EQ(r.types(), "ExecutionStarted WaitStateEntered WaitStateExited ExecutionSucceeded");
  }
}

TEST(wait, no_longer_than_a_machine_lives) {
  auto seconds = [](int64_t s) {
    run r{machine(R"("A": {"Type": "Wait", "TimestampPath": "$.t", "End": true})")};
    r.start(fmt::format(R"({{"t":"{}"}})", base::to_iso8601(r.now + std::chrono::seconds{s})));
    return r.end();
  };
  EXPECT_EQ(seconds(max_wait_s), "(open)");
  EXPECT_EQ(seconds(max_wait_s + 1), "States.Runtime: " IN_A "Wait state delay is too long.");
  EXPECT_NE(seconds(-5), "(open)");  // that time has passed
}

// --- Task
// ----------------------------------------------------------------------------------------------------------------

const char* const put_item = R"("Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem")";

TEST(task, request_and_response) {
  run r{machine(fmt::format(R"("A": {{{}, "Parameters": {{"T.$": "$.t"}}, "ResultSelector": {{"n.$": "$.N"}},
      "ResultPath": "$.r", "End": true}})",
                            put_item))};
  r.start(R"({"t":"x"})");
  ASSERT_EQ(r.tasks.size(), 1u);
  auto [id, t] = *r.tasks.begin();
  EXPECT_EQ(t.resource_type, "dynamodb");
  EXPECT_EQ(t.action, "putItem");
  EXPECT_EQ(t.parameters.text(), R"({"T":"x"})");
  r.feed(task_succeeded{id, document::from_text(R"({"N":4})")});
  EXPECT_EQ(r.end(), R"({"t":"x","r":{"n":4}})");
  EXPECT_EQ(
      r.types(),
      "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded");
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 3, 4, 5, 6}));
  EXPECT_EQ(json::print(r.history()[2].at("taskScheduledEventDetails")),
            R"({"resourceType":"dynamodb","resource":"putItem","parameters":"{\"T\":\"x\"}","region":"us-east-1"})");
  auto records = r.records.size();
  r.feed(task_succeeded{id, document::from_text("{}")});  // twice
  r.feed(task_failed{id, {}});
  EXPECT_EQ(r.records.size(), records);
}

TEST(task, functions_and_activities_have_events_of_their_own) {
  run f{machine(
      R"("A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "TimeoutSeconds": 9, "End": true})")};
  f.start(R"({"a":1})");
  EXPECT_EQ(
      json::print(f.history()[2].at("lambdaFunctionScheduledEventDetails")),
      R"({"resource":"arn:aws:lambda:us-east-1:000000000000:function:f","input":"{\"a\":1}","inputDetails":{"truncated":false},"timeoutInSeconds":9})");
  auto id = f.tasks.begin()->first;
  f.feed(task_failed{id, {"Exception", "{\"errorMessage\":\"x\"}"}});
  EXPECT_EQ(f.types(),
            "ExecutionStarted TaskStateEntered LambdaFunctionScheduled LambdaFunctionStarted LambdaFunctionFailed "
            "ExecutionFailed");
  EXPECT_EQ(json::print(f.history()[4].at("lambdaFunctionFailedEventDetails")),
            R"({"error":"Exception","cause":"{\"errorMessage\":\"x\"}"})");

  run a{
      machine(R"("A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:w", "End": true})")};
  a.start("{}");
  auto [aid, t] = *a.tasks.begin();
  EXPECT_FALSE(t.token.empty());
  a.feed(task_started{aid, "worker-1"});
  a.feed(task_succeeded{aid, document::from_text("5")});
  EXPECT_EQ(a.types(),
            "ExecutionStarted TaskStateEntered ActivityScheduled ActivityStarted ActivitySucceeded TaskStateExited "
            "ExecutionSucceeded");
  EXPECT_EQ(json::print(a.history()[3].at("activityStartedEventDetails")), R"({"workerName":"worker-1"})");
}

TEST(task, sync_is_submitted_and_then_ends) {
  run r{machine(
      R"("A": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Parameters": {}, "End": true})")};
  r.start("{}");
  auto [id, t] = *r.tasks.begin();
  EXPECT_EQ(t.pattern, task_pattern::sync);
  EXPECT_EQ(t.action, "createTrainingJob.sync");
  r.feed(task_submitted{id, document::from_text(R"({"TrainingJobArn":"a"})")});
  auto open = open_commands(r.live);
  ASSERT_EQ(open.size(), 1u);
  EXPECT_TRUE(std::get<task_command>(open[0]).submitted);
  EXPECT_EQ(std::get<task_command>(open[0]).answer.text(), R"({"TrainingJobArn":"a"})");
  r.feed(task_failed{id, {"States.TaskFailed", "it broke"}});
  EXPECT_EQ(r.types(),
            "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitted TaskFailed ExecutionFailed");

  run s{machine(
      R"("A": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Parameters": {}, "End": true})")};
  s.start("{}");
  s.feed(task_failed{s.tasks.begin()->first, {"SageMaker.ValidationException", "no"}});
  EXPECT_EQ(s.types(), "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitFailed ExecutionFailed");
}

TEST(task, a_token_names_its_command) {
  run r{machine(R"("A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
      "Parameters": {"Payload": {"token.$": "$$.Task.Token"}}, "End": true})")};
  r.start("{}");
  auto [id, t] = *r.tasks.begin();
  EXPECT_EQ(t.parameters.text(), fmt::format(R"({{"Payload":{{"token":"{}"}}}})", t.token));
  auto parts = parse_token(t.token);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->uid, "u-1");
  EXPECT_EQ(parts->command, id);
  EXPECT_TRUE(knows_token(r.live, t.token));
  chance other{99};
  EXPECT_FALSE(knows_token(r.live, make_token("u-1", id, other)));  // guessed
  for (auto bad : {"", "x", "AAAA", "dS0x"}) EXPECT_FALSE(parse_token(bad)) << bad;
  r.feed(task_succeeded{id, document::from_text("1")});
  EXPECT_FALSE(knows_token(r.live, t.token));
  EXPECT_EQ(r.end(), "1");
}

TEST(task, time_runs_out) {
  run r{machine(fmt::format(
      R"("A": {{{}, "TimeoutSeconds": 10, "Catch": [{{"ErrorEquals": ["States.Timeout"], "Next": "B"}}], "End": true}},
      "B": {{"Type": "Pass", "End": true}})",
      put_item))};
  r.start("{}");
  auto id = r.tasks.begin()->first;
  r.now += std::chrono::seconds{10};
  auto timer = r.timers.begin()->first;
  auto d = r.feed(timer_fired{timer});
  EXPECT_EQ(d.closed_tasks, std::vector{id});
  EXPECT_EQ(r.end(), R"({"Error":"States.Timeout"})");
  EXPECT_EQ(
      r.types(),
      "ExecutionStarted TaskStateEntered TaskScheduled TaskTimedOut TaskStateExited PassStateEntered PassStateExited "
      "ExecutionSucceeded");
}

TEST(task, heartbeats_hold_it) {
  run r{machine(
      fmt::format(R"("A": {{{}.waitForTaskToken", "HeartbeatSeconds": 5, "TimeoutSecondsPath": "$.t", "End": true}})",
                  std::string_view{put_item}.substr(0, std::string_view{put_item}.size() - 1)))};
  r.start(R"({"t":100})");
  auto id = r.tasks.begin()->first;
  EXPECT_EQ(r.timers.size(), 2u);
  for (int i = 0; i < 3; ++i) {
    r.now += std::chrono::seconds{4};
    r.feed(task_heartbeat{id});
    EXPECT_EQ(r.timers.size(), 2u);
  }
  r.fire_next_timer();
  EXPECT_EQ(r.now - base::from_ms(1'700'000'000'000), std::chrono::seconds{17});
  EXPECT_EQ(r.end(), "States.HeartbeatTimeout: -");
}

TEST(task, what_is_too_large) {
  auto with_result = [](size_t bytes) {
    run r{machine(fmt::format(R"("A": {{{}, "End": true}})", put_item)), {.payload_bytes = 100}};
    r.start("{}");
    r.feed(task_succeeded{r.tasks.begin()->first, document::from_text("\"" + std::string(bytes - 2, 'x') + "\"")});
    return r.live.status() == execution_status::succeeded ? "fits" : r.end();
  };
  EXPECT_EQ(with_result(100), "fits");
  EXPECT_EQ(with_result(101),
            "States.DataLimitExceeded: The state/task 'A' returned a result with a size exceeding the maximum number "
            "of bytes service "
            "limit.");
  auto passed_on = [](size_t bytes) {
    run r{machine(fmt::format(R"("A": {{"Type": "Pass", "Result": "{}", "End": true}})", std::string(bytes - 2, 'x'))),
          {.payload_bytes = 100}};
    r.start("{}");
    return r.live.status();
  };
  EXPECT_EQ(passed_on(100), execution_status::succeeded);
  EXPECT_EQ(passed_on(101), execution_status::failed);
}

// --- Retry and Catch
// -----------------------------------------------------------------------------------------------------

std::string failing_task(std::string_view retry) {
  return machine(fmt::format(R"("A": {{{}, "Retry": {}, "End": true}})", put_item, retry));
}

// Fails the task as often as it is tried with the error; the pauses between, in milliseconds.
std::vector<int64_t> pauses(run& r, const failure& why) {
  std::vector<int64_t> out;
  while (!r.live.ended()) {
    auto id = r.tasks.begin()->first;
    r.feed(task_failed{id, why});
    auto before = r.now;
    if (r.fire_next_timer()) out.push_back((r.now - before).count());
  }
  return out;
}

TEST(retry, waits_longer_each_time) {
  struct {
    const char* retry;
    std::vector<int64_t> pauses;
  } rows[] = {
      {R"([{"ErrorEquals": ["E"]}])", {1000, 2000, 4000}},
      {R"([{"ErrorEquals": ["E"], "IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 1.5}])", {3000, 4500}},
      {R"([{"ErrorEquals": ["E"], "IntervalSeconds": 10, "MaxAttempts": 4, "MaxDelaySeconds": 25}])",
       {10000, 20000, 25000, 25000}},
      {R"([{"ErrorEquals": ["E"], "MaxAttempts": 0}])", {}},
      {R"([{"ErrorEquals": ["Other"]}])", {}},
      {R"([{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1}])", {1000}},
      {R"([{"ErrorEquals": ["E"], "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 7}])", {1000}},
  };
  for (const auto& row : rows) {
    run r{failing_task(row.retry)};
    r.start("{}");
    EXPECT_EQ(pauses(r, {"E", "c"}), row.pauses) << row.retry;
    EXPECT_EQ(r.end(), "E: c");
  }
}

TEST(retry, jitter_is_a_part_of_the_delay) {
  run r{failing_task(
      R"([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 100, "MaxAttempts": 20, "BackoffRate": 1, "JitterStrategy": "FULL"}])")};
  r.start("{}");
  auto all = pauses(r, {"E", {}});
  ASSERT_EQ(all.size(), 20u);
  EXPECT_GE(*std::min_element(all.begin(), all.end()), 0);
  EXPECT_LE(*std::max_element(all.begin(), all.end()), 100'000);
  EXPECT_GT(std::set<int64_t>(all.begin(), all.end()).size(), 15u);
}

TEST(retry, each_is_a_command_of_its_own) {
  run r{failing_task(R"([{"ErrorEquals": ["E"], "MaxAttempts": 1}])")};
  r.start("{}");
  auto first = r.tasks.begin()->first;
  r.feed(task_failed{first, {"E", "c"}});
  r.fire_next_timer();
  auto second = r.tasks.begin()->first;
  EXPECT_NE(first, second);
  EXPECT_EQ(second.attempt, 1u);
  r.feed(task_succeeded{first, document::from_text("1")});  // late
  EXPECT_EQ(r.end(), "(open)");
  r.feed(task_succeeded{second, document::from_text("2")});
  EXPECT_EQ(r.end(), "2");
  EXPECT_EQ(
      r.types(),
      "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskFailed TaskScheduled TaskStarted TaskSucceeded "
      "TaskStateExited ExecutionSucceeded");
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(catching, the_first_that_names_it) {
  struct {
    const char *caught, *error, *end;
  } rows[] = {
      {R"([{"ErrorEquals": ["E"], "Next": "B"}])", "E", R"({"Error":"E","Cause":"c"})"},
      {R"([{"ErrorEquals": ["E"], "ResultPath": "$.e", "Next": "B"}])", "E",
       R"({"in":1,"e":{"Error":"E","Cause":"c"}})"},
      {R"([{"ErrorEquals": ["E"], "ResultPath": null, "Next": "B"}])", "E", R"({"in":1})"},
      {R"([{"ErrorEquals": ["X"], "Next": "C"}, {"ErrorEquals": ["States.ALL"], "ResultPath": "$.all", "Next": "B"}])",
       "E", R"({"in":1,"all":{"Error":"E","Cause":"c"}})"},
      {R"([{"ErrorEquals": ["States.TaskFailed"], "Next": "B"}])", "E", R"({"Error":"E","Cause":"c"})"},
      {R"([{"ErrorEquals": ["States.TaskFailed"], "Next": "B"}])", "States.Timeout", "States.Timeout: c"},
      {R"([{"ErrorEquals": ["States.Timeout"], "Next": "B"}])", "States.HeartbeatTimeout",
       R"({"Error":"States.HeartbeatTimeout","Cause":"c"})"},
      {R"([{"ErrorEquals": ["States.ALL"], "Next": "B"}])", "States.Timeout",
       R"({"Error":"States.Timeout","Cause":"c"})"},
      {R"([{"ErrorEquals": ["States.ALL"], "Next": "B"}])", "States.Runtime", "States.Runtime: c"},
      {R"([{"ErrorEquals": ["States.ALL"], "Next": "B"}])", "States.DataLimitExceeded", "States.DataLimitExceeded: c"},
      {R"([{"ErrorEquals": ["States.Runtime"], "Next": "B"}])", "States.Runtime",
       R"({"Error":"States.Runtime","Cause":"c"})"},
      {R"([{"ErrorEquals": ["Other"], "Next": "B"}])", "E", "E: c"},
      {R"([{"ErrorEquals": ["E"], "ResultPath": "$.in.x", "Next": "B"}])", "E", "E: c"},  // cannot be put there
  };
  for (const auto& row : rows) {
    // All states are to be reached, so that one more way leads to C.
    run r{machine(fmt::format(
        R"("A": {{{}, "Catch": {}, "Next": "D"}}, "B": {{"Type": "Pass", "End": true}}, "C": {{"Type": "Pass", "Next": "B"}},
        "D": {{"Type": "Pass", "Next": "C"}})",
        put_item, row.caught))};
    r.start(R"({"in":1})");
    r.feed(task_failed{r.tasks.begin()->first, {row.error, "c"}});
    EXPECT_EQ(r.end(), row.end) << row.caught << row.error;
  }
}

// --- The execution itself
// ------------------------------------------------------------------------------------------------

TEST(running, a_machine_has_its_own_deadline) {
  run r{machine(R"("A": {"Type": "Wait", "Seconds": 60, "End": true})", R"("TimeoutSeconds": 5,)")};
  r.start("{}");
  EXPECT_EQ(r.timers.size(), 2u);
  r.fire_next_timer();
  EXPECT_EQ(r.live.status(), execution_status::timed_out);
  EXPECT_EQ(r.types(), "ExecutionStarted WaitStateEntered ExecutionTimedOut");
}

TEST(running, is_stopped) {
  run r{machine(fmt::format(R"("A": {{{}, "TimeoutSeconds": 9, "End": true}})", put_item))};
  r.start("{}");
  auto id = r.tasks.begin()->first;
  auto timer = r.timers.begin()->first;
  auto d = r.feed(stopped{{"E", "c"}});
  EXPECT_EQ(d.closed_tasks, std::vector{id});
  EXPECT_EQ(d.closed_timers, std::vector{timer});
  EXPECT_EQ(r.live.status(), execution_status::aborted);
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 0}));
  EXPECT_TRUE(r.feed(stopped{}).records.empty());
}

TEST(running, is_redriven_from_where_it_failed) {
  run r{
      machine(fmt::format(R"("A": {{"Type": "Pass", "Result": 1, "Next": "B"}}, "B": {{{}, "End": true}})", put_item))};
  r.start("{}");
  r.feed(task_failed{r.tasks.begin()->first, {"E", "c"}});
  EXPECT_EQ(r.end(), "E: c");
  r.feed(redriven{});
  EXPECT_EQ(r.live.redrives(), 1);
  r.feed(task_succeeded{r.tasks.begin()->first, document::from_text("2")});
  EXPECT_EQ(r.end(), "2");
  EXPECT_EQ(r.types(),
            "ExecutionStarted PassStateEntered PassStateExited TaskStateEntered TaskScheduled TaskStarted TaskFailed "
            "ExecutionFailed "
            "ExecutionRedriven TaskScheduled TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded");
}

TEST(running, a_circle_gives_others_their_turn) {
  run r{
      machine(
          R"("A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": [{"Variable": "$.never", "IsPresent": true, "Next": "C"}], "Default": "A"},
      "C": {"Type": "Succeed"})"),
      {.transitions = 10}};
  auto d = r.decide_once(started{testing::example_info(), document::from_text("{}")});
  EXPECT_TRUE(d.wants_continue);
  auto entered =
      std::count_if(d.records.begin(), d.records.end(), [](auto& x) { return x.kind == record_kind::entered; });
  EXPECT_EQ(entered, 10);
  EXPECT_TRUE(r.decide_once(continue_{}).wants_continue);
}

TEST(running, has_room_for_so_many_events) {
  auto of = [](int64_t limit) {
    run r{machine(R"("A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": true})"), {.events = limit}};
    r.start("{}");
    return r.live.events() <= limit ? r.end() : "too many";
  };
  EXPECT_EQ(of(8), "{}");
  EXPECT_EQ(of(6), "States.Runtime: The execution reached the maximum number of history events (6).");
  run circle{machine(
      R"("A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": [{"Variable": "$.never", "IsPresent": true, "Next": "C"}], "Default": "A"},
      "C": {"Type": "Succeed"})")};
  circle.check_replay = false;  // it is long
  circle.start("{}");
  EXPECT_EQ(circle.live.status(), execution_status::failed);
  EXPECT_LE(circle.live.events(), 25'000);
}

}  // namespace
}  // namespace mdlc::asl
