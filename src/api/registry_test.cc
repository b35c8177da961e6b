#include "api/registry.h"

#include <gtest/gtest.h>

#include <future>

#include "api/testing.h"

namespace mdlc::api {
namespace {

using wire::kind;

constexpr wire::shape text{.name = "Text", .type = kind::string, .has_max = true, .max = 10};
constexpr wire::member word_members[] = {{.name = "Word", .target = &text, .wire_name = "Word"}};
constexpr wire::shape word{.name = "Word", .type = kind::structure, .members = word_members};
constexpr wire::operation plain_model{.name = "Plain", .method = "POST", .uri = "/", .input = &word, .output = &word};
constexpr wire::operation later_model{.name = "Later", .method = "POST", .uri = "/", .input = &word, .output = &word};
constexpr const wire::operation* models[] = {&plain_model, &later_model};
constexpr wire::service toy{.name = "toy",
                            .id = "CloudToy Logs",
                            .signing_name = "toy",
                            .speaks = wire::protocol::json,
                            .json_version = "1.1",
                            .api_version = "1",
                            .operations = models};

// As the generated types are: to_json is found by its namespace.
struct json_word {
  std::string word;
};
json::value to_json(const json_word& w) { return json::object{{"Word", w.word}}; }

class registry_test : public ::testing::Test {
 protected:
  registry_test() {
    world.operations.add(toy, {{&plain_model, [this](call& c, const json::value& in) { return run(c, in); }, {}},
                               {&later_model, {}, [this](auto c, const auto& in, auto done) {
                                  // From the writer's own thread, where nobody may wait for the writer.
                                  if (json::text(in, "Word") == "writer")
                                    return world.db->post([](store::transaction&) {},
                                                          [done, in](std::exception_ptr) { done(in); });
                                  done(run(*c, in));
                                }}});
    world.db->write([](store::transaction& t) { t.run("CREATE TABLE effects (word TEXT)"); });
  }

  answer<json::value> run(call& c, const json::value& in) {
    std::string what{json::text(in, "Word")};
    if (what == "throw") throw std::runtime_error("the reason");
    if (what == "internal") return tl::unexpected(internal_error("the reason"));
    if (what == "refuse") return refuse("NoSuchWord", "there is none");
    if (what != "commit" && what != "undo") return in;
    auto out = c.commit([&](store::transaction& t) -> answer<json_word> {
      t.run("INSERT INTO effects VALUES (?1)", {what});
      if (what == "undo") return refuse("Undone", "rolled back");
      return json_word{what};
    });
    if (!out) return tl::unexpected(out.error());
    return to_json(*out);
  }

  // What the operation answers, and what a caller's journal got to hear; "nothing" where it got nothing.
  struct outcome {
    std::string answered, recorded;
  };
  outcome invoke(std::string_view operation, std::string_view input) {
    std::string recorded = "nothing";
    auto c = std::make_shared<call>(*world.db, context{}, [&](store::transaction&, const answer<json::value>& given) {
      ASSERT_EQ(recorded, "nothing") << "an answer is recorded once";
      recorded = show(given);
    });
    std::promise<std::string> answered;
    world.operations.invoke(*world.operations.find("toy", operation), c, *json::parse(input),
                            [&](const answer<json::value>& given) { answered.set_value(show(given)); });
    auto text = answered.get_future().get();
    return {text, recorded};
  }
  static std::string show(const answer<json::value>& given) { return given ? json::print(*given) : given.error().code; }
  int64_t effects() {
    return world.db->read([](store::reader& r) { return r.first("SELECT COUNT(*) FROM effects")->integer(0); });
  }

  testing::test_host world;
};

TEST_F(registry_test, services_and_operations_are_found_as_workflows_write_them) {
  const auto& r = world.operations;
  for (std::string_view service : {"toy", "Toy", "CloudToy Logs", "cloudtoylogs", "cloudtoy-logs"})
    EXPECT_NE(r.find(service, "Plain"), nullptr) << service;
  EXPECT_EQ(r.find("toy", "plain"), r.find("toy", "Plain"));
  EXPECT_EQ(r.find("toy", "PLAIN"), nullptr);
  EXPECT_EQ(r.find("toys", "Plain"), nullptr);
  EXPECT_EQ(r.services().size(), 1u);
}

TEST_F(registry_test, every_answer_is_recorded_once_and_internal_errors_never) {
  struct {
    std::string_view word, answered, recorded;
    int64_t effects;
  } table[] = {
      {"read", R"({"Word":"read"})", R"({"Word":"read"})", 0},
      {"refuse", "NoSuchWord", "NoSuchWord", 0},
      {"more than ten letters", "ValidationException", "ValidationException", 0},
      {"throw", "InternalFailure", "nothing", 0},
      {"internal", "InternalFailure", "nothing", 0},
      {"undo", "Undone", "Undone", 0},
      {"commit", R"({"Word":"commit"})", R"({"Word":"commit"})", 1},
  };
  for (std::string_view operation : {"Plain", "Later"}) {
    world.db->write([](store::transaction& t) { t.run("DELETE FROM effects"); });
    for (const auto& row : table) {
      auto got = invoke(operation, json::print(json::object{{"Word", row.word}}));
      EXPECT_EQ(got.answered, row.answered) << operation << " " << row.word;
      EXPECT_EQ(got.recorded, row.recorded) << operation << " " << row.word;
      EXPECT_EQ(effects(), row.effects) << operation << " " << row.word;
    }
  }
}

TEST_F(registry_test, a_deferred_answer_may_come_on_the_writers_thread) {
  auto got = invoke("Later", R"({"Word":"writer"})");
  EXPECT_EQ(got.answered, R"({"Word":"writer"})");
  EXPECT_EQ(got.recorded, R"({"Word":"writer"})");
}

TEST_F(registry_test, types_are_checked_before_the_operation) {
  EXPECT_EQ(invoke("Plain", R"({"Word":5})").answered, "SerializationException");
}

TEST_F(registry_test, nobody_may_wait_for_a_deferred_operation) {
  call c{*world.db, context{}};
  auto given = world.operations.invoke("toy", "Later", c, json::object{});
  ASSERT_FALSE(given);
  EXPECT_TRUE(given.error().is_internal);
}

}  // namespace
}  // namespace mdlc::api
