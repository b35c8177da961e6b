// What the bus hears of executions: that they run, and how they ended.
#include <gtest/gtest.h>

#include <condition_variable>

#include "api/testing.h"
#include "services/states/service.h"

namespace mdlc::services::states {
namespace {

class status_events : public ::testing::Test {
 protected:
  status_events() {
    host.bus.subscribe([this](const api::event& e) {
      // What is told is durable.
      const auto status = host.db->read([&](store::reader& r) {
        return r.first("SELECT status FROM states_execution WHERE arn = ?1", {e.resources.at(0)})->text(0);
      });
      std::lock_guard lock{mutex};
      heard.push_back(e);
      rows.push_back(status);
      changed.notify_all();
    });
    tested = make(host.host);
  }
  ~status_events() override {
    tested->stop();
    host.pool.stop();
    host.timers.stop();
  }

  // Starts an execution "x" of a machine with that definition; its ARN.
  std::string start(const std::string& definition, const std::string& input = "{}", const char* type = "STANDARD") {
    const auto machine = host.call("states", "CreateStateMachine",
                                   json::print(json::object{{"name", "m"},
                                                            {"definition", definition},
                                                            {"roleArn", "arn:aws:iam::000000000000:role/r"},
                                                            {"type", type}}));
    const auto begun =
        host.call("states", "StartExecution",
                  json::print(json::object{
                      {"stateMachineArn", machine.value().at("stateMachineArn")}, {"name", "x"}, {"input", input}}));
    return std::string{json::text(begun.value(), "executionArn")};
  }

  // Once there are that many.
  std::vector<api::event> events(size_t count) {
    std::unique_lock lock{mutex};
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds{20}, [&] { return heard.size() >= count; }));
    return heard;
  }
  // The statuses, and after the last what DescribeExecution would have said when it was told.
  std::string statuses(size_t count) {
    std::string out;
    for (const auto& e : events(count)) out += std::string{json::text(e.detail, "status")} + " ";
    std::lock_guard lock{mutex};
    return out + (rows.empty() ? "" : rows.back());
  }

  api::testing::test_host host;
  std::unique_ptr<api::service> tested;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<api::event> heard;
  std::vector<std::string> rows;
};

TEST_F(status_events, of_one_that_ends_at_once) {
  const auto arn = start(R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true,"Result":1}}})", R"({"a":1})");
  EXPECT_EQ(statuses(2), "RUNNING SUCCEEDED SUCCEEDED");
  const auto all = events(2);
  for (const auto& e : all) {
    EXPECT_EQ(e.source, "aws.states");
    EXPECT_EQ(e.detail_type, "Step Functions Execution Status Change");
    EXPECT_EQ(e.scope, host.scope);
    EXPECT_EQ(e.resources, std::vector{arn});
    EXPECT_EQ(json::text(e.detail, "executionArn"), arn);
    EXPECT_EQ(json::text(e.detail, "stateMachineArn"), "arn:aws:states:us-east-1:000000000000:stateMachine:m");
    EXPECT_EQ(json::text(e.detail, "name"), "x");
    EXPECT_EQ(json::text(e.detail, "input"), R"({"a":1})");
    EXPECT_EQ(e.detail.at("startDate").as_int64(), base::to_ms(all[0].time));
  }
  EXPECT_TRUE(all[0].detail.at("stopDate").is_null());
  EXPECT_TRUE(all[0].detail.at("output").is_null());
  EXPECT_TRUE(all[0].detail.at("outputDetails").is_null());
  EXPECT_EQ(all[1].detail.at("stopDate").as_int64(), base::to_ms(all[1].time));
  EXPECT_EQ(json::text(all[1].detail, "output"), "1");
  EXPECT_EQ(json::print(all[1].detail.at("outputDetails")), R"({"included":true})");
}

TEST_F(status_events, of_one_that_fails) {
  start(R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Bad","Cause":"very"}}})");
  EXPECT_EQ(statuses(2), "RUNNING FAILED FAILED");
  const auto last = events(2).back().detail;
  EXPECT_EQ(json::text(last, "error"), "Bad");
  EXPECT_EQ(json::text(last, "cause"), "very");
  EXPECT_TRUE(last.at("output").is_null());
}

TEST_F(status_events, of_one_whose_task_cannot_be_begun) {
  start(R"({"StartAt":"T","States":{"T":{"Type":"Task","End":true,)"
        R"("Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName.$":"$.none"}}}})");
  EXPECT_EQ(statuses(2), "RUNNING FAILED FAILED");
}

TEST_F(status_events, of_one_that_is_stopped) {
  const auto arn = start(R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}})");
  EXPECT_EQ(statuses(1), "RUNNING RUNNING");
  host.call("states", "StopExecution",
            json::print(json::object{{"executionArn", arn}, {"error", "Enough"}, {"cause", "of it"}}))
      .value();
  EXPECT_EQ(statuses(2), "RUNNING ABORTED ABORTED");
  EXPECT_EQ(json::text(events(2).back().detail, "error"), "Enough");
}

TEST_F(status_events, of_one_that_is_too_slow) {
  start(R"({"StartAt":"W","TimeoutSeconds":60,"States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}})");
  EXPECT_EQ(statuses(1), "RUNNING RUNNING");
  host.env.advance(std::chrono::seconds{60});
  EXPECT_EQ(statuses(2), "RUNNING TIMED_OUT TIMED_OUT");
}

TEST_F(status_events, what_is_too_large_for_an_event_is_left_out) {
  const auto pass = R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}})";
  const auto text_of = [](size_t bytes) { return '"' + std::string(bytes, 'x') + '"'; };
  const auto shown = [](const api::event& e) {
    return fmt::format("{} {}", json::print(e.detail.at("inputDetails")), json::print(e.detail.at("outputDetails")));
  };
  // Quotes inside quotes are escaped.
  constexpr size_t quotes = 6, most = 248 * 1024;
  struct {
    size_t bytes;
    const char *running, *ended;
  } cases[] = {
      {most / 2 - quotes, R"({"included":true} null)", R"({"included":true} {"included":true})"},
      {most / 2 - quotes + 1, R"({"included":true} null)", R"({"included":false} {"included":true})"},
      {most - quotes, R"({"included":true} null)", R"({"included":false} {"included":true})"},
      {most - quotes + 1, R"({"included":false} null)", R"({"included":false} {"included":false})"},
  };
  const auto machine = std::string{"arn:aws:states:us-east-1:000000000000:stateMachine:m"};
  size_t seen = 0;
  for (const auto& c : cases) {
    if (seen == 0)
      start(pass, text_of(c.bytes));
    else
      host.call("states", "StartExecution",
                json::print(json::object{{"stateMachineArn", machine}, {"input", text_of(c.bytes)}}))
          .value();
    const auto all = events(seen += 2);
    EXPECT_EQ(shown(all[seen - 2]), c.running) << c.bytes;
    EXPECT_EQ(shown(all[seen - 1]), c.ended) << c.bytes;
  }
}

TEST_F(status_events, express_executions_tell_nobody) {
  start(R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}})", "{}", "EXPRESS");
  const auto ended = [&] {
    return host.db->read([](store::reader& r) {
      return r.first("SELECT 1 FROM states_execution WHERE status = 'SUCCEEDED'").has_value();
    });
  };
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!ended() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  ASSERT_TRUE(ended());
  host.db->write([](store::transaction&) {});  // what follows that commit is done
  std::lock_guard lock{mutex};
  EXPECT_TRUE(heard.empty());
}

}  // namespace
}  // namespace mdlc::services::states
