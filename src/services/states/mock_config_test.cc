#include "services/states/mock_config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mdlc::services::states {
namespace {

// What is wrong with a file of one case "C" of machine "M", whose state "S" has the response "R".
std::string fault(std::string_view response) {
  auto read = mock_config::parse(fmt::format(
      R"({{"StateMachines":{{"M":{{"TestCases":{{"C":{{"S":"R"}}}}}}}},"MockedResponses":{{"R":{}}}}})", response));
  return read ? "" : read.error().message;
}

std::string fault_of_file(std::string_view text) {
  auto read = mock_config::parse(text);
  return read ? "" : read.error().message;
}

TEST(MockConfig, FaultsAreNamedByTheirPlace) {
  EXPECT_EQ(fault(R"({"0":{"Return":null},"1-2":{"Throw":{"Error":"E"}},"3-3":{"Return":1}})"), "");
  EXPECT_EQ(fault("[]"), "MockedResponses.R must be an object");
  EXPECT_EQ(fault(R"({"0":{}})"), "MockedResponses.R.0 must have either Return or Throw");
  EXPECT_EQ(fault(R"({"0":{"Return":1,"Throw":{"Error":"E"}}})"),
            "MockedResponses.R.0 must have either Return or Throw");
  EXPECT_EQ(fault(R"({"0":{"Throw":{"Cause":"c"}}})"), "MockedResponses.R.0.Throw.Error must be a string");
  EXPECT_EQ(fault(R"({"0":{"Throw":{"Error":"E","Cause":1}}})"), "MockedResponses.R.0.Throw.Cause must be a string");
  EXPECT_EQ(fault(R"({"0-2":{"Return":1},"2":{"Return":1}})"), "MockedResponses.R answers invocation 2 twice");
  for (auto wrong : {"", "-1", "2-1", "1-", "1-2-3", "one", "9223372036854775808"})
    EXPECT_EQ(fault(fmt::format(R"({{"{}":{{"Return":1}}}})", wrong)),
              fmt::format("MockedResponses.R.{} must be the number of an invocation, as 0, or a range of them, as 1-2",
                          wrong));
}

TEST(MockConfig, FilesAreChecked) {
  EXPECT_EQ(fault_of_file("[]"), "the file must be an object");
  EXPECT_EQ(fault_of_file("{}"), "MockedResponses is missing");
  EXPECT_EQ(fault_of_file(R"({"MockedResponses":{}})"), "StateMachines is missing");
  EXPECT_EQ(fault_of_file(R"({"MockedResponses":{},"StateMachines":{"M":{}}})"),
            "StateMachines.M.TestCases is missing");
  EXPECT_EQ(fault_of_file(R"({"MockedResponses":{},"StateMachines":{"M":{"TestCases":{"C":{"S":1}}}}})"),
            "StateMachines.M.TestCases.C.S must be a string");
  EXPECT_EQ(fault_of_file(R"({"MockedResponses":{},"StateMachines":{"M":{"TestCases":{"C":{"S":"R"}}}}})"),
            "StateMachines.M.TestCases.C.S names 'R', which is not in MockedResponses");
  EXPECT_NE(fault_of_file("{"), "");
}

TEST(MockConfig, TheSizeIsBoundAtItsEdge) {
  std::string text = R"({"MockedResponses":{},"StateMachines":{}})";
  text.resize(mock_config_bytes_max, ' ');
  EXPECT_EQ(fault_of_file(text), "");
  text += ' ';
  EXPECT_EQ(fault_of_file(text), "it has more than 1048576 bytes");
}

TEST(MockConfig, ACaseIsFoundByMachineAndName) {
  auto config = mock_config::parse(
      R"({"StateMachines":{"M":{"TestCases":{"C":{"S":"R"}}}},"MockedResponses":{"R":{"0":{"Return":7}}}})");
  ASSERT_TRUE(config);
  EXPECT_EQ(json::print(*config->test_case("M", "C")), R"({"S":{"0":{"Return":7}}})");
  auto other = config->test_case("M", "D");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "ValidationException");
  EXPECT_EQ(other.error().message, "The mock configuration's state machine 'M' has no test case 'D'");
  EXPECT_EQ(config->test_case("N", "C").error().message, "The mock configuration has no state machine 'N'");
  EXPECT_EQ(split_case("a:M#C").arn, "a:M");
  EXPECT_EQ(split_case("a:M#C").test_case, "C");
  EXPECT_FALSE(split_case("a:M").test_case);
}

asl::record record(asl::record_kind kind, asl::frame_id frame, asl::sequence_number sequence) {
  asl::record r;
  r.kind = kind;
  r.frame = frame;
  r.command.sequence = sequence;
  return r;
}

// A frame that enters a state and opens its task.
void call(mocked_tasks& tasks, asl::frame_id frame, std::string state, asl::sequence_number sequence,
          asl::task_kind kind = asl::task_kind::service) {
  auto entered = record(asl::record_kind::entered, frame, 0);
  entered.name = std::move(state);
  tasks.fold(entered);
  auto more = std::make_shared<asl::record_details>();
  auto called = std::make_shared<asl::task>();
  called->kind = kind;
  more->command = std::move(called);
  auto opened = record(asl::record_kind::command_opened, frame, sequence);
  opened.more = more;
  tasks.fold(opened);
}

std::string answer(const mocked_tasks& tasks, asl::sequence_number sequence) {
  const auto* found = tasks.answer_to({sequence, 0});
  return found ? json::print(*found) : "none";
}

TEST(MockedTasks, InvocationsOfAStateAreCountedOverAllFrames) {
  mocked_tasks tasks{json::parse(R"({"S":{"0":{"Return":"a"},"1-2":{"Return":"b"}}})")->as_object()};
  call(tasks, 1, "S", 10);
  call(tasks, 2, "S", 11);
  call(tasks, 1, "S", 12);
  EXPECT_EQ(answer(tasks, 10), R"({"Return":"a"})");
  EXPECT_EQ(answer(tasks, 11), R"({"Return":"b"})");
  EXPECT_EQ(answer(tasks, 12), R"({"Return":"b"})");
  call(tasks, 1, "S", 13);
  EXPECT_EQ(answer(tasks, 13), R"({"Throw":{"Error":"States.Runtime","Cause":)"
                               R"("The mock configuration has no response for invocation 3 of state 'S'"}})");
  tasks.fold(record(asl::record_kind::command_ended, 1, 10));
  EXPECT_EQ(answer(tasks, 10), "none");
}

TEST(MockedTasks, OtherStatesAndMapRunsAreNotMocked) {
  mocked_tasks tasks{json::parse(R"({"S":{"0":{"Return":"a"}}})")->as_object()};
  call(tasks, 1, "S", 10, asl::task_kind::map_run);
  call(tasks, 1, "T", 11);
  EXPECT_EQ(answer(tasks, 10), "none");
  EXPECT_EQ(answer(tasks, 11), "none");
  call(tasks, 1, "S", 12);
  EXPECT_EQ(answer(tasks, 12), R"({"Return":"a"})");
}

}  // namespace
}  // namespace mdlc::services::states
