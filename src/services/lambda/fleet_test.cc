// Workers come and go: real processes, each with the runtime of testing.h.
#include "services/lambda/fleet.h"

#include "services/lambda/testing.h"

namespace mdlc::services::lambda {
namespace {

class fleets : public testing::lambda_test {
 protected:
  ~fleets() override {
    if (own) own->stop();
    end();
  }
  // Instead of the service's: with its own limits.
  void limit(const fleet_limits& limits) { own.emplace(host.host, tested->codes, tested->logs, limits); }
  fleet& all() { return own ? *own : tested->functions; }

  std::future<outcome> submit(const std::string& name, const json::object& event) {
    auto promise = std::make_shared<std::promise<outcome>>();
    const auto what = find(name);
    all().submit({what.what, what.reserved, host.env.uuid(), what.what->shown("").FunctionArn.value(),
                  json::print(event), "", "", [promise](outcome o) { promise->set_value(std::move(o)); }});
    return promise->get_future();
  }
  outcome run(const std::string& name, const json::object& event = {}) { return submit(name, event).get(); }
  // How many that worker had run then; 0 where it failed.
  static int64_t count_of(const outcome& o) {
    return o.refusal || o.is_error ? 0 : json::parse(o.payload).value().at("count").as_int64();
  }
  static std::string worker_of(const outcome& o) {
    return std::string{json::text(json::parse(o.payload).value(), "worker")};
  }
  static std::string refusal_of(const outcome& o) {
    if (!o.refusal) return "";
    return fmt::format("{} {} {}", o.refusal->status, o.refusal->code, json::text(o.refusal->members, "Reason"));
  }
  bool eventually_workers(size_t count) {
    return runner::eventually([&] { return all().count().workers == count; });
  }

  std::optional<fleet> own;
};

TEST_F(fleets, a_worker_is_used_again) {
  create("f");
  const auto first = run("f", {{"a", 1}});
  EXPECT_EQ(json::print(json::parse(first.payload).value().at("event")), R"({"a":1})");
  const auto second = run("f");
  EXPECT_EQ(count_of(second), 2);
  EXPECT_EQ(worker_of(second), worker_of(first));
  EXPECT_NE(first.log.find("event {\"a\":1}\n"), std::string::npos) << first.log;
  EXPECT_NE(first.log.find("Init Duration: "), std::string::npos);
  EXPECT_EQ(second.log.find("Init Duration: "), std::string::npos);
}

// A client that calls again as soon as it has its answer comes before the worker that is about to ask for more.
TEST_F(fleets, calls_one_after_the_other_start_one_worker) {
  create("f", variables({{"PAUSE_S", "0.1"}}));
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(count_of(run("f")), i);
  EXPECT_EQ(all().count().workers, 1u);
}

TEST_F(fleets, calls_at_the_same_time_start_one_each) {
  create("f", variables({{"PAUSE_S", "0.1"}}));
  run("f");
  // The first of them waits for the worker that paused, the others for new ones.
  std::vector<std::future<outcome>> open;
  for (int i = 0; i < 3; ++i) open.push_back(submit("f", {{"sleep_s", 1}}));
  for (auto& one : open) EXPECT_GT(count_of(one.get()), 0);
  EXPECT_EQ(all().count().workers, 3u);
}

TEST_F(fleets, a_worker_that_does_not_come_back_is_given_up_at_the_deadline) {
  auto given = variables({{"PAUSE_S", "600"}});
  given["Timeout"] = 1;
  create("f", given);
  const auto first = run("f");
  ASSERT_EQ(count_of(first), 1);
  const auto second = run("f");
  EXPECT_EQ(count_of(second), 1);
  EXPECT_NE(worker_of(second), worker_of(first));
}

TEST_F(fleets, a_worker_that_ends_is_an_error_and_the_next_call_has_another) {
  create("f");
  const auto died = run("f", {{"exit", 3}});
  EXPECT_FALSE(died.refusal);
  EXPECT_TRUE(died.is_error);
  const auto said = json::parse(died.payload).value();
  EXPECT_EQ(json::text(said, "errorType"), "Runtime.ExitError");
  EXPECT_TRUE(json::text(said, "errorMessage").ends_with("Error: Runtime exited with error: exit status 3"));
  EXPECT_EQ(count_of(run("f")), 1);
}

TEST_F(fleets, what_the_function_raises_is_its_error) {
  create("f");
  const auto failed = run("f", {{"failures", 1}});
  EXPECT_FALSE(failed.refusal);
  EXPECT_TRUE(failed.is_error);
  EXPECT_EQ(count_of(run("f")), 2);
}

TEST_F(fleets, a_start_that_fails_says_what_the_runtime_said) {
  create("f", variables({{"INIT_ERROR", "no such module"}}));
  for (int i = 0; i < 2; ++i) {
    const auto failed = run("f");
    EXPECT_TRUE(failed.is_error);
    EXPECT_EQ(failed.payload, R"({"errorType": "Init", "errorMessage": "no such module"})");
  }
  EXPECT_TRUE(eventually_workers(0));
}

TEST_F(fleets, a_function_that_is_too_slow_is_ended) {
  create("f", {{"Timeout", 1}});
  const auto late = run("f", {{"sleep_s", 600}});
  EXPECT_TRUE(late.is_error);
  const auto said = json::parse(late.payload).value();
  EXPECT_EQ(json::text(said, "errorType"), "Sandbox.Timedout");
  EXPECT_TRUE(json::text(said, "errorMessage").ends_with("Error: Task timed out after 1.00 seconds"));
}

TEST_F(fleets, the_runtime_api_refuses_what_is_out_of_turn) {
  create("f");
  const auto answer = run("f", {{"misuse", true}});
  EXPECT_EQ(json::print(json::parse(answer.payload).value().at("statuses")), "[400,403,404]");
}

TEST_F(fleets, reserved_concurrency_bounds_a_function) {
  create("f");
  create("g");
  host.call("lambda", "PutFunctionConcurrency", R"({"FunctionName":"f","ReservedConcurrentExecutions":2})").value();
  const auto one = submit("f", {{"sleep_s", 600}}), two = submit("f", {{"sleep_s", 600}});
  EXPECT_EQ(refusal_of(run("f")), "429 TooManyRequestsException ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_EQ(refusal_of(run("g")), "");
}

TEST_F(fleets, calls_wait_where_all_workers_are_busy) {
  limit({.workers_a_function = 1});
  create("f");
  auto one = submit("f", {{"sleep_s", 0.2}}), two = submit("f", {});
  EXPECT_EQ(count_of(one.get()), 1);
  EXPECT_EQ(count_of(two.get()), 2);
}

TEST_F(fleets, so_many_calls_wait_and_no_more) {
  limit({.workers_a_function = 1, .queued = 1});
  create("f");
  run("f");
  ASSERT_TRUE(runner::eventually([&] { return all().count().idle == 1; }));
  const auto busy = submit("f", {{"sleep_s", 600}}), waits = submit("f", {});
  EXPECT_EQ(all().count().queued, 1u);
  EXPECT_EQ(refusal_of(run("f")), "429 TooManyRequestsException ConcurrentInvocationLimitExceeded");
}

TEST_F(fleets, so_many_bytes_wait_and_no_more) {
  const json::object event{{"filler", std::string(100, 'x')}};
  limit({.workers_a_function = 1, .queued_bytes = json::print(event).size() + 2});
  create("f");
  run("f");
  ASSERT_TRUE(runner::eventually([&] { return all().count().idle == 1; }));
  const auto busy = submit("f", {{"sleep_s", 600}}), waits = submit("f", event), small = submit("f", {});
  EXPECT_EQ(all().count().queued, 2u);
  EXPECT_EQ(refusal_of(run("f")), "429 TooManyRequestsException ConcurrentInvocationLimitExceeded");
}

TEST_F(fleets, an_idle_worker_makes_room_for_another_function) {
  limit({.workers = 1});
  create("f");
  create("g");
  EXPECT_EQ(count_of(run("f")), 1);
  EXPECT_EQ(count_of(run("g")), 1);
  EXPECT_EQ(count_of(run("f")), 1);
}

TEST_F(fleets, idle_workers_end_after_a_while) {
  create("f");
  run("f");
  ASSERT_TRUE(runner::eventually([&] { return all().count().idle == 1; }));
  host.env.advance(std::chrono::milliseconds{all().limits().idle_ms});
  EXPECT_TRUE(eventually_workers(0));
  EXPECT_EQ(count_of(run("f")), 1);
}

TEST_F(fleets, new_code_gets_new_workers) {
  create("f");
  run("f");
  host.call("lambda", "UpdateFunctionConfiguration", R"({"FunctionName":"f","Timeout":50})").value();
  EXPECT_EQ(count_of(run("f")), 1);
  EXPECT_TRUE(eventually_workers(1));
}

TEST_F(fleets, a_deleted_functions_workers_end) {
  create("f");
  run("f");
  host.call("lambda", "DeleteFunction", R"({"FunctionName":"f"})").value();
  EXPECT_TRUE(eventually_workers(0));
}

TEST_F(fleets, a_stop_refuses_what_is_open) {
  limit({.workers_a_function = 1});
  create("f");
  auto runs = submit("f", {{"sleep_s", 600}}), waits = submit("f", {});
  all().stop();
  EXPECT_EQ(refusal_of(runs.get()), "500 ServiceException ");
  EXPECT_EQ(refusal_of(waits.get()), "500 ServiceException ");
  EXPECT_EQ(refusal_of(run("f")), "500 ServiceException ");
}

TEST_F(fleets, an_interpreter_without_its_environment_is_an_error) {
  host.host.python = "/bin/true";
  create("f");
  EXPECT_EQ(refusal_of(run("f")), "502 InvalidRuntimeException ");
  EXPECT_TRUE(eventually_workers(0));
}

}  // namespace
}  // namespace mdlc::services::lambda
