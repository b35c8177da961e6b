#include "asl/distributed_map.h"

#include "asl/testing.h"

namespace mdlc::asl {
namespace {

std::string machine(std::string_view fields, std::string_view processor = R"("ExecutionType":"STANDARD")") {
  return fmt::format(R"({{"StartAt":"M","States":{{"M":{{"Type":"Map","End":true,{}"ItemProcessor":{{
    "ProcessorConfig":{{"Mode":"DISTRIBUTED",{}}},"StartAt":"P","States":{{"P":{{"Type":"Pass","End":true}}}}}}}}}}}})",
                     fields, processor);
}

const task& only_task(const testing::run& r) { return r.tasks.begin()->second; }

TEST(distributed_map, is_a_map_run_whose_result_is_the_states) {
  testing::run r{machine("")};
  r.start("[1,2]");
  ASSERT_EQ(r.tasks.size(), 1u);
  EXPECT_EQ(only_task(r).kind, task_kind::map_run);
  EXPECT_TRUE(only_task(r).resource.starts_with("arn:aws:states:us-east-1:000000000000:mapRun:m/"))
      << only_task(r).resource;
  EXPECT_EQ(json::print(only_task(r).parameters.tree().at("items")), "[1,2]");
  r.feed(task_succeeded{r.tasks.begin()->first, document::from_text("[3,4]")});
  EXPECT_EQ(r.end(), "[3,4]");
  EXPECT_EQ(r.types(),
            "ExecutionStarted MapStateEntered MapStateStarted MapRunStarted MapRunSucceeded MapStateSucceeded "
            "MapStateExited ExecutionSucceeded");
  EXPECT_EQ(r.previous(), (std::vector<int64_t>{0, 0, 2, 3, 4, 5, 5, 7}));
}

TEST(distributed_map, fails_with_its_map_run) {
  testing::run r{machine("")};
  r.start("[]");
  r.feed(task_failed{r.tasks.begin()->first, {"States.ItemReaderFailed", "no"}});
  EXPECT_EQ(r.end(), "States.ItemReaderFailed: no");
  EXPECT_EQ(r.types(),
            "ExecutionStarted MapStateEntered MapStateStarted MapRunStarted MapRunFailed MapStateFailed "
            "ExecutionFailed");
}

TEST(distributed_map, a_failed_map_run_is_retried_as_a_new_one) {
  testing::run r{machine(R"("Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1}],)")};
  r.start("[]");
  auto first = only_task(r).resource;
  r.feed(task_failed{r.tasks.begin()->first, {"E", {}}});
  ASSERT_TRUE(r.fire_next_timer());
  ASSERT_EQ(r.tasks.size(), 1u);
  EXPECT_NE(only_task(r).resource, first);
}

TEST(distributed_map, redriven_it_goes_on_with_its_map_run) {
  testing::run r{machine("")};
  r.start("[]");
  auto first = only_task(r).resource;
  for (int redrives : {1, 2}) {
    r.feed(task_failed{r.tasks.begin()->first, {"States.ExceedToleratedFailureThreshold", {}}});
    r.feed(redriven{});
    ASSERT_EQ(r.tasks.size(), 1u);
    EXPECT_EQ(only_task(r).resource, first);
    EXPECT_EQ(only_task(r).parameters.text(), fmt::format(R"({{"redrive":{}}})", redrives));
  }
  r.feed(task_succeeded{r.tasks.begin()->first, document::from_text("[]")});
  EXPECT_EQ(r.end(), "[]");
  EXPECT_TRUE(r.types().ends_with(
      "MapRunFailed MapStateFailed ExecutionFailed ExecutionRedriven MapRunRedriven MapRunSucceeded MapStateSucceeded "
      "MapStateExited ExecutionSucceeded"))
      << r.types();
  auto events = r.history();
  const auto& redriven_event = events[events.size() - 5];
  EXPECT_EQ(json::print(redriven_event.at("mapRunRedrivenEventDetails")),
            fmt::format(R"({{"mapRunArn":"{}","redriveCount":2}})", first));
  EXPECT_EQ(redriven_event.at("previousEventId"), events[events.size() - 6].at("id"));
}

TEST(distributed_map, redriven_it_begins_a_new_map_run_where_items_were_never_there) {
  testing::run r{machine("")};
  r.start("[]");
  auto first = only_task(r).resource;
  r.feed(task_failed{r.tasks.begin()->first, {"States.ItemReaderFailed", {}}});
  r.feed(redriven{});
  ASSERT_EQ(r.tasks.size(), 1u);
  EXPECT_NE(only_task(r).resource, first);
}

TEST(distributed_map, has_a_plan_with_all_numbers_found) {
  testing::run r{machine(
      R"("Label":"L","MaxConcurrencyPath":"$.c","ToleratedFailureCountPath":"$.n","ToleratedFailurePercentagePath":"$.p",
         "ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket.$":"$.b","Key":"k"},
                       "ReaderConfig":{"InputType":"JSON","MaxItemsPath":"$.n"}},
         "ItemBatcher":{"MaxItemsPerBatch":2,"MaxInputBytesPerBatchPath":"$.c","BatchInput":{"x.$":"$.b"}},
         "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket.$":"$.b","Prefix":"r"}},)")};
  r.start(R"({"b":"bucket","c":7,"n":"3","p":0.5})");
  ASSERT_EQ(r.tasks.size(), 1u) << r.end();
  auto plan = only_task(r).parameters.tree();
  plan.as_object().erase("scene");
  EXPECT_EQ(json::print(plan),
            R"({"label":"L","express":false,"max_concurrency":7,"tolerated_count":3,"tolerated_percentage":0.5,)"
            R"("batch":{"items":2,"bytes":7,"input":{"x":"bucket"}},)"
            R"("reader":{"action":"s3:getObject","arguments":{"Bucket":"bucket","Key":"k"},)"
            R"("config":{"InputType":"JSON","MaxItemsPath":"$.n"},"max_items":3},)"
            R"("writer":{"action":"s3:putObject","arguments":{"Bucket":"bucket","Prefix":"r"}}})");
  EXPECT_TRUE(only_task(r).resource.find(":mapRun:m/L:") != std::string::npos);
}

TEST(distributed_map, refuses_numbers_out_of_range) {
  for (auto [field, value, why] : {
           std::tuple{"ToleratedFailureCountPath", "-1", "ToleratedFailureCount cannot be negative."},
           {"ToleratedFailurePercentagePath", "100.5", "ToleratedFailurePercentage must be between 0 and 100."},
           {"ToleratedFailurePercentagePath", "\"x\"",
            "The ToleratedFailurePercentagePath field refers to value \"x\" which is not a valid float: $.v"},
           {"ToleratedFailureCountPath", "\"x\"",
            "The ToleratedFailureCountPath field refers to value \"x\" which is not a valid integer: $.v"},
       }) {
    testing::run r{machine(fmt::format(R"("ItemsPath":"$.i","{}":"$.v",)", field))};
    r.start(fmt::format(R"({{"i":[],"v":{}}})", value));
    EXPECT_EQ(r.end(), fmt::format("States.Runtime: An error occurred while executing the state 'M' (entered at the "
                                   "event id #2). {}",
                                   why));
  }
}

TEST(distributed_map, what_the_definition_may_not_say) {
  auto refused = [](std::string_view fields, machine_type type = machine_type::standard) {
    auto made = compile(machine(fields), {.type = type});
    return made ? std::string{} : refusal(made.error());
  };
  EXPECT_EQ(refused(fmt::format(R"("Label":"{}",)", std::string(40, 'x'))), "");
  EXPECT_NE(refused(fmt::format(R"("Label":"{}",)", std::string(41, 'x'))).find("Label cannot exceed 40 characters"),
            std::string::npos);
  EXPECT_NE(refused(R"("Label":"a b",)"), "");
  EXPECT_NE(refused(R"("ToleratedFailurePercentage":101,)"), "");
  EXPECT_EQ(refused(R"("ToleratedFailurePercentage":100,)"), "");
  EXPECT_NE(refused(R"("ItemReader":{"Resource":"arn:aws:states:::s3:putObject"},)"), "");
  EXPECT_NE(refused("", machine_type::express), "");
}

TEST(distributed_map, makes_childrens_inputs) {
  auto program = *compile(machine(
      R"("ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","in.$":"$.x","n.$":"$n","e.$":"$$.Execution.Name"},)"));
  auto plan =
      *json::parse(R"({"scene":{"state":0,"input":{"x":5},"variables":{"n":6},"entered_ms":0,"entered_event":2}})");
  item_maker maker{program, plan, testing::example_info(), document::from_text("{}")};
  auto made = maker.make(4, document::from_text("\"a\""), {}, 1);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->text(), R"({"i":4,"v":"a","in":5,"n":6,"e":"e"})");
  EXPECT_EQ(program->state_name(item_processor(*program, 0)), "P");
}

}  // namespace
}  // namespace mdlc::asl
