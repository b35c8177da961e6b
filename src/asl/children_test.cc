#include "asl/interpreter.h"
#include "asl/testing.h"

namespace mdlc::asl {
namespace {

using testing::run;

std::string machine(std::string_view states) { return fmt::format(R"({{"StartAt": "P", "States": {{{}}}}})", states); }

const char* const task_state = R"({"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "End": true})";

// Whether an event of type `effect` may follow from one of type `cause` ("" where it names none).
bool may_follow(std::string_view effect, std::string_view cause) {
  auto one_of = [&](std::initializer_list<std::string_view> types) {
    return std::find(types.begin(), types.end(), cause) != types.end();
  };
  auto failed = [&] {
    return one_of({"TaskFailed", "TaskSubmitFailed", "TaskTimedOut", "MapRunFailed", "FailStateEntered"}) ||
           cause.ends_with("StateFailed");
  };
  // A branch or iteration begins where the one before it ended, or where all began.
  auto begins_child = [&] {
    return one_of({"MapStateStarted", "ParallelStateStarted", "MapIterationStarted"}) || cause.ends_with("StateExited");
  };
  // Two of these are no more than what the children left.
  auto ended_inside = [&] { return cause.ends_with("StateExited") || cause == "MapIterationSucceeded" || failed(); };
  if (effect == "ExecutionStarted") return cause.empty();
  if (effect == "ExecutionSucceeded") return cause.ends_with("StateExited");
  if (effect == "ExecutionFailed") return failed();
  if (effect == "ExecutionAborted" || effect == "ExecutionTimedOut") return cause.empty();
  if (effect == "ExecutionRedriven") return cause == "ExecutionFailed";
  if (effect.ends_with("StateEntered")) return cause.empty() || cause == "ExecutionRedriven" || begins_child();
  auto entered = [&](std::string_view type) { return cause == std::string{type} + "StateEntered"; };
  if (effect == "TaskScheduled") return entered("Task") || cause == "ExecutionRedriven" || failed();
  if (effect == "TaskStarted") return cause == "TaskScheduled";
  if (effect == "TaskSubmitted") return cause == "TaskStarted";
  if (effect == "TaskSubmitFailed") return cause == "TaskStarted";
  if (effect == "TaskSucceeded" || effect == "TaskFailed" || effect == "TaskTimedOut")
    return one_of({"TaskScheduled", "TaskStarted", "TaskSubmitted"});
  if (effect == "MapRunStarted") return cause == "MapStateStarted";
  if (effect == "MapRunRedriven") return cause == "ExecutionRedriven";
  if (effect == "MapRunSucceeded" || effect == "MapRunFailed") return one_of({"MapRunStarted", "MapRunRedriven"});
  if (effect == "MapStateStarted") return entered("Map") || cause == "ExecutionRedriven" || ended_inside();
  if (effect == "ParallelStateStarted") return entered("Parallel") || cause == "ExecutionRedriven" || ended_inside();
  if (effect == "MapIterationStarted") return begins_child() || ended_inside();
  if (effect == "MapIterationSucceeded") return cause.ends_with("StateExited");
  if (effect == "MapIterationFailed") return failed() || cause.ends_with("StateAborted");
  if (effect == "MapStateSucceeded") return one_of({"MapIterationSucceeded", "MapStateStarted", "MapRunSucceeded"});
  // Where it began: an item that ItemSelector could not make.
  if (effect == "MapStateFailed")
    return cause == "MapStateStarted" || ended_inside() || cause.ends_with("StateAborted");
  if (effect == "ParallelStateSucceeded") return cause.ends_with("StateExited");
  if (effect == "ParallelStateFailed") return ended_inside() || cause.ends_with("StateAborted");
  if (effect == "PassStateExited") return entered("Pass");
  if (effect == "WaitStateExited") return entered("Wait");
  if (effect == "SucceedStateExited") return entered("Succeed");
  if (effect == "TaskStateExited") return cause == "TaskSucceeded" || failed();
  if (effect == "ParallelStateExited") return cause.ends_with("StateExited") || cause == "ParallelStateFailed";
  if (effect == "MapStateExited")
    return one_of({"MapIterationSucceeded", "MapStateStarted", "MapRunSucceeded", "MapStateFailed"});
  return effect.ends_with("Aborted");  // whatever the state came to
}

// Ids count from 1; each event names the earlier one that it follows from.
void expect_sound(const run& r) {
  std::vector<const record*> events;
  for (const auto& e : r.records) {
    if (!e.is_public()) continue;
    events.push_back(&e);
    ASSERT_EQ(e.id, std::ssize(events));
    ASSERT_LT(e.previous, e.id);
    ASSERT_GE(e.previous, 0);
    const auto* cause = e.previous ? events[static_cast<size_t>(e.previous) - 1] : nullptr;
    EXPECT_TRUE(may_follow(event_name(e.type), cause ? event_name(cause->type) : ""))
        << e.id << " " << event_name(e.type) << " follows " << (cause ? event_name(cause->type) : "nothing");
  }
}

TEST(parallel, branches_run_side_by_side) {
  run r{machine(R"("P": {"Type": "Parallel", "Branches": [
      {"StartAt": "A1", "States": {"A1": {"Type": "Pass", "Next": "A2"}, "A2": {"Type": "Pass", "Result": "a", "End": true}}},
      {"StartAt": "B1", "States": {"B1": {"Type": "Pass", "Next": "B2"}, "B2": {"Type": "Pass", "End": true}}}], "Next": "After"},
      "After": {"Type": "Pass", "End": true})")};
  r.start(R"({"x": "a"})");
  EXPECT_EQ(r.end(), R"(["a",{"x": "a"}])");
  EXPECT_EQ(
      r.types(),
      "ExecutionStarted ParallelStateEntered ParallelStateStarted PassStateEntered PassStateEntered PassStateExited "
      "PassStateExited PassStateEntered PassStateEntered PassStateExited PassStateExited ParallelStateSucceeded "
      "ParallelStateExited PassStateEntered PassStateExited ExecutionSucceeded");
  // Each branch chains on from ParallelStateStarted; …Succeeded and …Exited both follow the last event of a branch.
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 3, 3, 4, 5, 6, 7, 8, 9, 11, 11, 13, 14, 15}));
  expect_sound(r);
}

TEST(parallel, a_failing_branch_ends_the_others) {
  run r{machine(fmt::format(R"("P": {{"Type": "Parallel", "Branches": [
      {{"StartAt": "A", "States": {{"A": {0}}}}},
      {{"StartAt": "W", "States": {{"W": {{"Type": "Wait", "Seconds": 9, "End": true}}}}}},
      {{"StartAt": "B", "States": {{"B": {0}}}}}],
      "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "H"}}], "End": true}}, "H": {{"Type": "Pass", "End": true}})",
                            task_state))};
  r.start("{}");
  ASSERT_EQ(r.tasks.size(), 2u);
  auto first = r.tasks.begin()->first;
  auto second = r.tasks.rbegin()->first;
  auto d = r.feed(task_failed{first, {"E", "c"}});
  EXPECT_EQ(d.closed_tasks, std::vector{second});
  EXPECT_EQ(d.closed_timers.size(), 1u);
  EXPECT_EQ(r.end(), R"({"Error":"E","Cause":"c"})");
  EXPECT_EQ(r.types().substr(r.types().find("TaskFailed")),
            "TaskFailed TaskStateAborted WaitStateAborted TaskStateAborted ParallelStateFailed ParallelStateExited "
            "PassStateEntered "
            "PassStateExited ExecutionSucceeded");
  expect_sound(r);
  EXPECT_TRUE(r.feed(task_succeeded{second, document::from_text("{}")}).records.empty());
}

TEST(parallel, is_retried_as_a_whole) {
  run r{machine(
      R"("P": {"Type": "Parallel", "Branches": [{"StartAt": "Boom", "States": {"Boom": {"Type": "Fail", "Error": "MyError", "Cause": "my cause"}}}],
      "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}], "End": true})")};
  r.start("{}");
  r.fire_next_timer();
  EXPECT_EQ(r.end(), "MyError: my cause");
  EXPECT_EQ(r.types(),
            "ExecutionStarted ParallelStateEntered ParallelStateStarted FailStateEntered ParallelStateStarted "
            "FailStateEntered "
            "ParallelStateFailed ExecutionFailed");
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 3, 4, 5, 6, 7}));
}

TEST(parallel, a_runtime_error_inside_ends_everything) {
  run r{machine(
      R"("P": {"Type": "Parallel", "Branches": [{"StartAt": "F", "States": {"F": {"Type": "Pass", "Parameters": {"m.$": "$.no"}, "End": true}}}],
      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "H"}], "End": true}, "H": {"Type": "Pass", "End": true})")};
  r.start("{}");
  EXPECT_EQ(r.types(), "ExecutionStarted ParallelStateEntered ParallelStateStarted PassStateEntered ExecutionFailed");
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 3, 4}));
}

TEST(parallel, fails_by_itself_after_its_branches_succeeded) {
  run r{machine(
      R"("P": {"Type": "Parallel", "Branches": [{"StartAt": "Ok", "States": {"Ok": {"Type": "Pass", "End": true}}}],
      "ResultSelector": {"m.$": "$.nope"}, "End": true})")};
  r.start(R"({"x":"a"})");
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 3, 4, 5, 6}));
  EXPECT_EQ(
      r.end(),
      "States.Runtime: An error occurred while executing the state 'P' (entered at the event id #2). The JSONPath "
      "'$.nope' specified for the field 'm.$' could not be found in the input '[{\"x\":\"a\"}]'");
}

TEST(map, iterations_have_events_of_their_own) {
  run r{machine(
      R"("P": {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "k.$": "$.k"},
      "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}, "ResultPath": "$.out", "End": true})")};
  r.start(R"({"items":[5,6],"k":"x"})");
  EXPECT_EQ(r.end(), R"({"items":[5,6],"k":"x","out":[{"v":5,"i":0,"k":"x"},{"v":6,"i":1,"k":"x"}]})");
  EXPECT_EQ(r.types(),
            "ExecutionStarted MapStateEntered MapStateStarted MapIterationStarted MapIterationStarted PassStateEntered "
            "PassStateEntered "
            "PassStateExited PassStateExited MapIterationSucceeded MapIterationSucceeded MapStateSucceeded "
            "MapStateExited ExecutionSucceeded");
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 3, 3, 4, 5, 6, 7, 8, 9, 11, 11, 13}));
  expect_sound(r);
}

TEST(map, of_nothing) {
  run r{machine(
      R"("P": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}, "End": true})")};
  r.start("[]");
  EXPECT_EQ(r.end(), "[]");
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 3, 3, 5}));
}

TEST(map, so_many_at_once) {
  struct {
    const char* field;
    size_t open;
  } rows[] = {{R"("MaxConcurrency": 3,)", 3},
              {R"("MaxConcurrency": 0,)", 40},
              {"", 40},
              {R"("MaxConcurrencyPath": "$[0]",)", 2},
              {R"("MaxConcurrency": 41,)", 40}};
  json::array items;
  for (int i = 0; i < 50; ++i) items.emplace_back(2);
  for (const auto& row : rows) {
    run r{machine(fmt::format(
        R"("P": {{"Type": "Map", {} "ItemProcessor": {{"StartAt": "A", "States": {{"A": {}}}}}, "End": true}})",
        row.field, task_state))};
    r.start(json::print(items));
    size_t done = 0;
    while (!r.tasks.empty()) {
      EXPECT_EQ(r.tasks.size(), std::min(row.open, 50 - done)) << row.field;
      r.feed(task_succeeded{r.tasks.rbegin()->first, document::from_text(std::to_string(done++))});
    }
    EXPECT_EQ(r.live.status(), execution_status::succeeded);
    EXPECT_EQ(r.live.output().tree().as_array().size(), 50u);
    expect_sound(r);
  }
}

TEST(map, results_stand_in_the_order_of_the_items) {
  run r{machine(
      fmt::format(R"("P": {{"Type": "Map", "ItemProcessor": {{"StartAt": "A", "States": {{"A": {}}}}}, "End": true}})",
                  task_state))};
  r.start("[10,20,30]");
  std::map<std::string, command_id> by_input;
  for (const auto& [id, t] : r.tasks) by_input[t.parameters.text()] = id;
  for (auto item : {"30", "10", "20"})
    r.feed(task_succeeded{by_input[item], document::from_text(fmt::format("\"r{}\"", item))});
  EXPECT_EQ(r.end(), R"(["r10","r20","r30"])");
}

TEST(map, what_is_no_array) {
  run r{machine(
      R"("P": {"Type": "Map", "ItemsPath": "$.x", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}, "End": true})")};
  r.start(R"({"x":1})");
  EXPECT_EQ(r.live.why().error, "States.Runtime");
  EXPECT_EQ(r.types(), "ExecutionStarted MapStateEntered ExecutionFailed");
}

TEST(map, a_selector_that_fails_fails_the_map) {
  run r{machine(
      R"d("P": {"Type": "Map", "ItemSelector": {"v.$": "States.MathAdd($$.Map.Item.Value, 1)"}, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}},
      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "H"}], "End": true}, "H": {"Type": "Succeed"})d")};
  r.start(R"([1,"x"])");
  EXPECT_EQ(r.live.status(), execution_status::succeeded);
  EXPECT_EQ(json::text(r.live.output().tree(), "Error"), "States.IntrinsicFailure");
  expect_sound(r);
}

TEST(scopes, inner_variables_stay_inside_and_outer_ones_are_seen) {
  run r{machine(R"("P": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "M"},
      "M": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {
          "I": {"Type": "Pass", "Assign": {"z.$": "$", "y.$": "$"}, "Next": "J"},
          "J": {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y", "z.$": "$z"}, "End": true}}}, "Next": "Q"},
      "Q": {"Type": "Pass", "Parameters": {"inner.$": "$", "y.$": "$y"}, "End": true})")};
  r.start("[7]");
  EXPECT_EQ(r.end(), R"({"inner":[{"x":1,"y":7,"z":7}],"y":2})");
}

// Random machines out of everything, driven by random outcomes: the journal replays to the same execution at every step
// (testing.h checks it), ids are contiguous and causes come before effects.
class any_machine {
 public:
  explicit any_machine(uint64_t seed) : luck_(seed) {}

  std::string make() { return machine_of(2); }
  uint64_t pick(uint64_t n) { return luck_.next() % n; }

 private:
  std::string name() { return "S" + std::to_string(names_++); }

  std::string machine_of(int depth) {
    auto count = 1 + pick(3);
    std::vector<std::string> names, states;
    for (uint64_t i = 0; i < count; ++i) names.push_back(name());
    for (uint64_t i = 0; i < count; ++i) {
      std::string to = i + 1 < count ? fmt::format(R"("Next": "{}")", names[i + 1]) : R"("End": true)";
      states.push_back(fmt::format(R"("{}": {})", names[i], state_of(depth, to)));
    }
    return fmt::format(R"({{"StartAt": "{}", "States": {{{}}}}})", names[0], fmt::join(states, ","));
  }

  std::string state_of(int depth, const std::string& to) {
    const char* retry = R"("Retry": [{"ErrorEquals": ["E1"], "MaxAttempts": 2}, {"ErrorEquals": ["States.Timeout"]}])";
    switch (pick(depth > 0 ? 8 : 5)) {
      case 0:
        return fmt::format(R"({{"Type": "Pass", "Assign": {{"v.$": "$"}}, {}}})", to);
      case 1:
        return fmt::format(R"({{"Type": "Pass", "Result": [1, 2, 3], {}}})", to);
      case 2:
        return fmt::format(R"({{"Type": "Wait", "Seconds": {}, {}}})", pick(4), to);
      case 3:
        return fmt::format(
            R"({{"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "TimeoutSeconds": 50, {}, {}}})",
            retry, to);
      case 4:
        return fmt::format(
            R"({{"Type": "Task", "Resource": "arn:aws:states:::x:y.waitForTaskToken", "HeartbeatSeconds": 5, {}}})",
            to);
      case 5:
        return fmt::format(R"({{"Type": "Parallel", {}, "Branches": [{}, {}], {}}})", retry, machine_of(depth - 1),
                           machine_of(depth - 1), to);
      case 6:
        return fmt::format(
            R"d({{"Type": "Map", "ItemsPath": "$$.Execution.Input", {}, "ItemProcessor": {{"ProcessorConfig":
                {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}, {}, {}}})d",
            retry, machine_of(depth - 1).substr(1), to);
      default:
        return fmt::format(
            R"d({{"Type": "Map", "InputPath": null, "ItemsPath": "$$.Execution.Input", "MaxConcurrency": {}, {}, "ItemProcessor": {}, {}}})d",
            pick(3), retry, machine_of(depth - 1), to);
    }
  }

  chance luck_;
  int names_ = 0;
};

// Answers tasks and lets time go by, as chance will have it.
void drive(run& r, any_machine& any) {
  for (int turn = 0; turn < 400 && !r.live.ended(); ++turn) {
    auto what = any.pick(20);
    if (r.tasks.empty() || what < 3) {
      if (r.fire_next_timer()) continue;
    }
    if (r.tasks.empty()) break;
    auto it = r.tasks.begin();
    std::advance(it, any.pick(r.tasks.size()));
    auto id = it->first;
    if (what < 5)
      r.feed(task_started{id, "w"});
    else if (what < 6)
      r.feed(task_heartbeat{id});
    else if (what < 7)
      r.feed(task_submitted{id, document::from_text("{}")});
    else if (what < 9)
      r.feed(task_failed{id, {"E1", "c"}});
    else if (what == 9 && any.pick(10) == 0)
      r.feed(task_failed{id, {"E2", "c"}});
    else
      r.feed(task_succeeded{id, document::from_text("[4, 5]")});
  }
}

TEST(property, what_was_recorded_replays_to_the_same) {
  std::map<execution_status, int> ends;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    any_machine any{seed};
    run r{any.make(), {.transitions = static_cast<int>(1 + any.pick(20))}};
    r.start("[1,2,3]");
    drive(r, any);
    if (::testing::Test::HasFailure()) FAIL() << "seed " << seed;
    if (!r.live.ended() && any.pick(2)) r.feed(stopped{{"E", "c"}});
    expect_sound(r);
    ++ends[r.live.status()];
    if (r.live.status() == execution_status::failed) {
      r.feed(redriven{});
      drive(r, any);
      expect_sound(r);
    }
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
  // The machines do end in both ways.
  EXPECT_GT(ends[execution_status::succeeded], 30);
  EXPECT_GT(ends[execution_status::failed], 30);
}

}  // namespace
}  // namespace mdlc::asl
