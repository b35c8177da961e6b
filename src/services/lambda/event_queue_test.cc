// Events are run later, again where they failed, and given up in the end. The clock is set forward, nobody waits.
#include "services/lambda/event_queue.h"

#include "services/lambda/testing.h"

namespace mdlc::services::lambda {
namespace {

using std::chrono::milliseconds;

class events : public testing::lambda_test {
 protected:
  ~events() override {
    if (queue) queue->stop();
    if (workers) workers->stop();
    end();
  }

  // As a client's Invoke of type Event; "" or the refusal's code.
  std::string send(const std::string& name, std::string payload) {
    api::context context;
    context.scope = host.scope;
    context.request_id = host.env.uuid();
    auto call = std::make_shared<api::call>(*host.db, context);
    std::string said = "no answer";
    host.operations.invoke(
        *host.operations.find("lambda", "Invoke"), call,
        json::object{
            {"FunctionName", name}, {"InvocationType", "Event"}, {"Payload", base::to_base64(std::move(payload))}},
        [&](const api::answer<json::value>& out) { said = out ? "" : out.error().code; });
    return said;
  }
  std::string send(const std::string& name, const json::object& event) { return send(name, json::print(event)); }

  struct row {
    int64_t due_ms, attempts;
    bool is_begun;
  };
  // The one event that is not over.
  std::optional<row> waiting() {
    return host.db->read([](store::reader& r) -> std::optional<row> {
      const auto found = r.first("SELECT due_ms, attempts, begun FROM lambda_events");
      if (!found) return std::nullopt;
      return row{found->integer(0), found->integer(1), found->integer(2) != 0};
    });
  }
  bool eventually_gone() {
    return runner::eventually([&] { return !waiting(); });
  }
  // Until it waits for another attempt; its row then.
  row eventually_waiting(int64_t attempts) {
    EXPECT_TRUE(runner::eventually([&] {
      const auto w = waiting();
      return w && !w->is_begun && w->attempts == attempts;
    }));
    return waiting().value_or(row{});
  }
  // How often functions were given something.
  int64_t runs() {
    tested->logs.flush();
    return host.db->read([](store::reader& r) {
      return r.first("SELECT count(*) FROM lambda_stamps WHERE request_id IS NOT NULL")->integer(0);
    });
  }
  int64_t now_ms() { return base::to_ms(host.env.now()); }
  void reserve(const std::string& name, int64_t concurrency) {
    host.call("lambda", "PutFunctionConcurrency",
              json::print(json::object{{"FunctionName", name}, {"ReservedConcurrentExecutions", concurrency}}))
        .value();
  }

  // What a restarted server makes of the rows.
  void restart() {
    tested->stop();
    workers.emplace(host.host, tested->codes, tested->logs);
    queue.emplace(host.host, tested->versions, *workers);
    queue->resume();
  }
  std::optional<fleet> workers;
  std::optional<event_queue> queue;
};

TEST_F(events, one_that_fails_twice_is_run_three_times) {
  create("f");
  const auto before_ms = now_ms();
  ASSERT_EQ(send("f", {{"failures", 2}}), "");
  const auto second = eventually_waiting(1);
  EXPECT_GE(second.due_ms, before_ms + event_retry_ms);
  EXPECT_LE(second.due_ms, now_ms() + event_retry_ms);
  host.env.advance(milliseconds{event_retry_ms});
  const auto third = eventually_waiting(2);
  EXPECT_GE(third.due_ms, second.due_ms + 2 * event_retry_ms);
  EXPECT_LE(third.due_ms, now_ms() + 2 * event_retry_ms);
  host.env.advance(milliseconds{2 * event_retry_ms});
  EXPECT_TRUE(eventually_gone());
  EXPECT_EQ(runs(), 3);
}

TEST_F(events, one_that_always_fails_is_given_up_after_the_third_attempt) {
  create("f");
  ASSERT_EQ(send("f", {{"exit", 1}}), "");
  for (int64_t attempt = 1; attempt < event_attempts_max; ++attempt) {
    eventually_waiting(attempt);
    host.env.advance(milliseconds{event_retry_ms * attempt});
  }
  EXPECT_TRUE(eventually_gone());
  EXPECT_EQ(runs(), 3);
}

TEST_F(events, a_throttled_one_was_not_run_and_waits_longer_each_time) {
  create("f");
  reserve("f", 0);
  const auto accepted_ms = now_ms();
  ASSERT_EQ(send("f", json::object{}), "");
  ASSERT_TRUE(runner::eventually([&] { return waiting()->due_ms >= accepted_ms + event_return_ms_min; }));
  for (const int64_t age_ms : {10'000, 100'000}) {
    host.env.advance(milliseconds{age_ms});
    ASSERT_TRUE(runner::eventually([&] { return waiting()->due_ms >= accepted_ms + 2 * age_ms; })) << age_ms;
  }
  for (int i = 0; i < 2; ++i) {
    host.env.advance(milliseconds{event_return_ms_max});
    const auto at_ms = now_ms();
    ASSERT_TRUE(runner::eventually([&] { return waiting()->due_ms >= at_ms + event_return_ms_max; }));
    EXPECT_LE(waiting()->due_ms, now_ms() + event_return_ms_max);
  }
  EXPECT_EQ(eventually_waiting(0).attempts, 0);
  EXPECT_EQ(runs(), 0);
  reserve("f", 1);
  host.env.advance(milliseconds{event_return_ms_max});
  EXPECT_TRUE(eventually_gone());
  EXPECT_EQ(runs(), 1);
}

TEST_F(events, after_six_hours_one_is_too_old) {
  create("f");
  reserve("f", 0);
  ASSERT_EQ(send("f", json::object{}), "");
  eventually_waiting(0);
  host.env.advance(milliseconds{event_age_max_ms - 60'000});
  const auto at_ms = now_ms();
  ASSERT_TRUE(runner::eventually([&] { return waiting()->due_ms >= at_ms + event_return_ms_max; }));
  reserve("f", 1);
  host.env.advance(milliseconds{event_return_ms_max});
  EXPECT_TRUE(eventually_gone());
  EXPECT_EQ(runs(), 0);
}

TEST_F(events, one_whose_function_is_deleted_is_dropped) {
  create("f");
  reserve("f", 0);
  ASSERT_EQ(send("f", json::object{}), "");
  eventually_waiting(0);
  host.call("lambda", "DeleteFunction", R"({"FunctionName":"f"})").value();
  host.env.advance(milliseconds{event_return_ms_max});
  EXPECT_TRUE(eventually_gone());
}

TEST_F(events, a_restart_under_an_attempt_counts_as_its_failure) {
  create("f");
  ASSERT_EQ(send("f", {{"sleep_s", 600}}), "");
  ASSERT_TRUE(runner::eventually([&] { return tested->functions.count().workers == 1; }));
  const auto before_ms = now_ms();
  restart();
  const auto second = eventually_waiting(1);
  EXPECT_GE(second.due_ms, before_ms + event_retry_ms);
  EXPECT_LE(second.due_ms, now_ms() + event_retry_ms);
  host.env.advance(milliseconds{event_retry_ms});
  EXPECT_TRUE(runner::eventually([&] { return waiting()->is_begun; }));
}

TEST_F(events, a_restart_under_the_last_attempt_gives_it_up) {
  create("f");
  ASSERT_EQ(send("f", {{"sleep_s", 600}}), "");
  ASSERT_TRUE(runner::eventually([&] { return waiting()->is_begun; }));
  host.db->write([](store::transaction& t) { t.run("UPDATE lambda_events SET attempts = 2", {}); });
  restart();
  EXPECT_FALSE(waiting());
}

TEST_F(events, what_waits_at_a_stop_is_run_after_the_restart) {
  create("f");
  tested->events.stop();
  ASSERT_EQ(send("f", json::object{}), "");
  EXPECT_TRUE(waiting());
  restart();
  EXPECT_TRUE(eventually_gone());
  EXPECT_EQ(runs(), 1);
}

TEST_F(events, so_many_wait_and_no_more) {
  create("f");
  host.db->write([&](store::transaction& t) {
    t.run(
        "INSERT INTO lambda_events (account, region, id, name, qualifier, due_ms, begun, attempts, details, payload) "
        "WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < ?1) "
        "SELECT ?2, ?3, CAST(id AS TEXT), 'f', '', ?4, 0, 0, '{}', x'7b7d' FROM ids",
        {events_waiting_max, host.scope.account, host.scope.region, now_ms() + 3'600'000});
  });
  EXPECT_EQ(send("f", json::object{}), "TooManyRequestsException");
  host.db->write([](store::transaction& t) { t.run("DELETE FROM lambda_events WHERE id = '7'", {}); });
  EXPECT_EQ(send("f", json::object{}), "");
}

TEST_F(events, a_payload_is_one_megabyte_at_most) {
  create("f");
  constexpr size_t most = 1024 * 1024;
  EXPECT_EQ(send("f", '"' + std::string(most - 1, 'x') + '"'), "RequestTooLargeException");
  EXPECT_EQ(send("f", '"' + std::string(most - 2, 'x') + '"'), "");
}

}  // namespace
}  // namespace mdlc::services::lambda
