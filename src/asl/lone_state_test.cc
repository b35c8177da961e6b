#include "asl/lone_state.h"

#include <gtest/gtest.h>

#include "asl/testing.h"

namespace mdlc::asl {
namespace {

const base::time_point now = base::from_ms(1'700'000'000'000);

lone_definition definition(std::string_view text) { return lone_definition_of(*json::parse(text)); }

lone_state begun(const lone_definition& d, std::string input = "{}", int retries = 0, json::object variables = {}) {
  auto program = compile(d.machine(false));
  EXPECT_TRUE(program) << refusal(program.error());
  return {*program,
          d,
          {testing::example_info(),
           document::from_text(std::move(input)),
           std::move(variables),
           json::object(),
           retries,
           {}},
          now,
          1};
}

TEST(LoneState, GoesNoFurtherThanItself) {
  auto t = begun(definition(R"({"Type":"Pass","InputPath":"$.a","Next":"Elsewhere"})"), R"({"a":[1]})");
  EXPECT_EQ(t.how(), lone_state::status::succeeded);
  EXPECT_EQ(t.next(), "Elsewhere");
  EXPECT_EQ(t.output().text(), "[1]");
  EXPECT_EQ(t.seen().after_input_path.text(), "[1]");
  EXPECT_FALSE(t.seen().result);
}

TEST(LoneState, ATaskWaitsForWhatItIsTold) {
  auto d = definition(R"({"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","ResultPath":"$.r","End":true})");
  auto t = begun(d, R"({"x":1})");
  ASSERT_TRUE(t.task());
  EXPECT_FALSE(t.ended());
  t.succeed(document::from_text("2"), now, 2);
  EXPECT_EQ(t.output().text(), R"({"x":1,"r":2})");
  EXPECT_EQ(t.seen().result.text(), "2");
  t.fail({"Late", {}}, now, 3);
  EXPECT_EQ(t.how(), lone_state::status::succeeded);
}

TEST(LoneState, RetriesThatWereMadeCount) {
  auto d = definition(R"({"Type":"Parallel","Branches":[{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}],
    "Retry":[{"ErrorEquals":["E"],"IntervalSeconds":2,"MaxAttempts":2}],
    "Catch":[{"ErrorEquals":["No"],"Next":"N"},{"ErrorEquals":["E"],"Next":"M"}],"End":true})");
  for (auto [made, wait] : {std::pair{0, 2}, {1, 4}}) {
    auto t = begun(d, "{}", made);
    t.fail({"E", "why"}, now, 2);
    EXPECT_EQ(t.how(), lone_state::status::retriable);
    EXPECT_EQ(t.handler(), 0);
    EXPECT_EQ(t.backoff_s(), wait);
    EXPECT_EQ(t.why().cause, "why");
  }
  auto t = begun(d, "{}", 2);
  t.fail({"E", "why"}, now, 2);
  EXPECT_EQ(t.how(), lone_state::status::caught);
  EXPECT_EQ(t.handler(), 1);
  EXPECT_EQ(t.next(), "M");
}

TEST(LoneState, AMapsSelectorMayNotMakeMoreThanAPayload) {
  auto d = definition(R"({"Type":"Map","ItemsPath":"$.n","ItemSelector":{"all.$":"$"},"End":true,
    "ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}})");
  std::string numbers = "0";
  for (int i = 0; i < 100; ++i) numbers += ",0";
  auto fits = begun(d, fmt::format(R"({{"n":[{}]}})", numbers));
  EXPECT_FALSE(fits.ended());
  EXPECT_EQ(fits.item_count(), 101);
  auto large = begun(d, fmt::format(R"({{"n":[{}],"pad":"{}"}})", numbers, std::string(4000, 'x')));
  EXPECT_EQ(large.how(), lone_state::status::failed);
  EXPECT_EQ(large.why().error, "States.DataLimitExceeded");
}

TEST(LoneState, ItemsAreShownAsTheyCame) {
  auto d = definition(R"({"Type":"Map","ItemsPath":"$.a.n","End":true,
    "ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}})");
  auto t = begun(d, "{\"x\": 1,\n \"a\": {\"n\": [1,  \"]\\\"\", {}], \"m\": []}}");
  EXPECT_EQ(t.seen().after_items_path.text(), "[1,  \"]\\\"\", {}]");
}

TEST(LoneState, AMapsToleranceIsItsOwn) {
  auto with = [](std::string_view field) {
    return definition(fmt::format(
        R"({{"Type":"Map",{}"End":true,"ItemProcessor":{{"StartAt":"B","States":{{"B":{{"Type":"Pass","End":true}}}}}}}})",
        field));
  };
  auto none = begun(with(""), "[1,2,3,4]");
  EXPECT_FALSE(none.exceeds_tolerance(0));
  EXPECT_TRUE(none.exceeds_tolerance(1));
  auto two = begun(with(R"("ToleratedFailureCount":2,)"), "[1,2,3,4]");
  EXPECT_FALSE(two.exceeds_tolerance(2));
  EXPECT_TRUE(two.exceeds_tolerance(3));
  auto half = begun(with(R"("ToleratedFailurePercentage":50,)"), "[1,2,3,4]");
  EXPECT_FALSE(half.exceeds_tolerance(2));
  EXPECT_TRUE(half.exceeds_tolerance(3));
}

TEST(LoneMachine, FindsAStateInsideOthers) {
  auto machine = *json::parse(R"({"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Parallel","End":true,
    "Branches":[{"StartAt":"M","States":{"M":{"Type":"Map","End":true,
      "ItemProcessor":{"StartAt":"In","States":{"In":{"Type":"Succeed"}}}}}}]}}})");
  auto in = find_lone_state(machine, "In");
  ASSERT_TRUE(in);
  EXPECT_EQ(in->type(), "Succeed");
  EXPECT_TRUE(in->speaks_jsonata());
  EXPECT_TRUE(find_lone_state(machine, "P")->contains("In"));
  EXPECT_FALSE(in->contains("In"));
  EXPECT_FALSE(find_lone_state(machine, "None"));
}

}  // namespace
}  // namespace mdlc::asl
