#include <fmt/ranges.h>

#include "services/states/definition.h"
#include "services/states/execution.h"
#include "services/states/mock_validation.h"
#include "services/states/operations.h"
#include "services/states/service.h"
#include "services/states/tested_state.h"

namespace mdlc::services::states {
namespace {

using in_t = model::TestStateInput;
using out_t = model::TestStateOutput;

constexpr std::string_view mockable[] = {"Task", "Map", "Parallel"};

auto invalid(std::string message) { return api::refuse("ValidationException", std::move(message)); }
auto invalid_definition(std::string message) { return api::refuse("InvalidDefinition", std::move(message)); }

api::answer<json::object> object_in(const std::string& text, std::string_view field) {
  auto parsed = json::parse(text);
  if (parsed && parsed->is_object()) return std::move(parsed->as_object());
  return invalid(fmt::format("{} must be a valid JSON object.", field));
}

// --- The definition

api::answer<asl::lone_definition> find_state(const service& s, const in_t& in) {
  auto check = [&](const std::string& text) -> api::answer<void> {
    auto found = examine(s.integrations, text, asl::machine_type::standard);
    std::erase_if(found, [](const auto& d) { return d.level != asl::diagnostic::severity::error; });
    if (!found.empty()) return invalid_definition(asl::refusal(found));
    return {};
  };
  auto tree = json::parse(in.definition);
  if (!tree || !tree->is_object() || in.stateName) MDLC_CHECK(check(in.definition));
  if (!in.stateName) {
    auto lone = asl::lone_definition_of(*std::move(tree));
    MDLC_CHECK(check(lone.machine(true)));
    return lone;
  }
  auto lone = asl::find_lone_state(*tree, *in.stateName);
  if (!lone) return invalid("State not found in definition");
  return *std::move(lone);
}

// --- The mock

bool has_mock(const in_t& in) { return in.mock.has_value(); }

api::answer<void> check_configuration(const in_t& in, const asl::lone_definition& d) {
  if (!in.stateConfiguration) return {};
  const auto& c = *in.stateConfiguration;
  const std::pair<std::string_view, bool> given[] = {
      {"MapIterationFailureCount", c.mapIterationFailureCount.has_value()},
      {"RetrierRetryCount", c.retrierRetryCount.has_value()},
      {"ErrorCausedByState", c.errorCausedByState.has_value()},
      {"MapItemReaderData", c.mapItemReaderData.has_value()}};
  for (const auto& [name, is_given] : given)
    if (is_given && !has_mock(in))
      return invalid(fmt::format("TestState does not support {} when a mock is not specified.", name));
  if (c.errorCausedByState && !d.contains(*c.errorCausedByState))
    return invalid(
        fmt::format("The state '{}' that causes the error is not in the tested state.", *c.errorCausedByState));
  return {};
}

api::answer<void> check_unmocked(const in_t& in, const asl::lone_definition& d, const asl::task& t) {
  if (in.context) return invalid("TestState does not support Context when a mock is not specified.");
  if (d.type() == "Map" || d.type() == "Parallel")
    return invalid_definition(
        "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, "
        "Succeed, Fail, Choice]");
  if (d.type() != "Task") return {};
  if (t.kind == asl::task_kind::activity)
    return invalid_definition("TestState API does not support Activity tasks when a mock is not specified");
  if (t.pattern != asl::task_pattern::request_response)
    return invalid_definition(
        "TestState API does not support .sync or .waitForTaskToken service integration patterns when a mock is not "
        "specified");
  if (!in.roleArn) return invalid("RoleArn must be specified when testing a Task state");
  return {};
}

mock_strictness strictness(const model::MockInput& m) {
  auto mode = m.fieldValidationMode.value_or("STRICT");
  return mode == "NONE"      ? mock_strictness::none
         : mode == "PRESENT" ? mock_strictness::present
                             : mock_strictness::strict;
}

api::answer<void> check_result(const model::MockInput& m, const asl::lone_definition& d, const asl::task& t) {
  auto result = json::parse(*m.result);
  if (!result) return invalid("Mocked result must be valid JSON");
  if (d.type() == "Task") return check_mock(t, *result, strictness(m));
  if (d.type() == "Map" && json::find(d.state, "ResultWriter"))
    return result->is_object() ? api::answer<void>{} : invalid("Mocked result must be a JSON object.");
  return result->is_array() ? api::answer<void>{} : invalid("Mocked result must be an array.");
}

api::answer<void> check_mocked(const in_t& in, const asl::lone_definition& d, const asl::task& t) {
  const auto& m = *in.mock;
  if (std::find(std::begin(mockable), std::end(mockable), d.type()) == std::end(mockable))
    return invalid(fmt::format("State type '{}' is not supported when a mock is specified", d.type()));
  if (in.revealSecrets.value_or(false))
    return invalid("TestState does not support RevealSecrets when a mock is specified.");
  if (m.result.has_value() == m.errorOutput.has_value())
    return invalid(m.result ? "A test mock should have only one of the following fields: [result, errorOutput]."
                            : "A test mock should have one of the following fields: [result, errorOutput].");
  if (m.errorOutput && !m.errorOutput->error) return invalid("A mocked errorOutput must have the field error.");
  return m.result ? check_result(m, d, t) : api::answer<void>{};
}

// --- What the state sees

api::answer<asl::lone_state::beginning> beginning_of(service& s, const api::call& c, const in_t& in,
                                                     const asl::lone_definition& d, base::time_point now) {
  asl::lone_state::beginning b;
  const auto& scope = c.context.scope;
  b.info = {.uid = s.host.env.uuid(),
            .id = {},
            .name = s.host.env.uuid(),
            .role_arn = in.roleArn.value_or(""),
            .region = scope.region,
            .machine_id = {},
            .machine_name = s.host.env.uuid(),
            .start = now};
  b.info.id = scope.arn("states", fmt::format("express:{}:{}", b.info.machine_name, b.info.name));
  b.info.machine_id = machine_arn_of(scope, b.info.machine_name);
  auto input = in.input.value_or("{}");
  MDLC_CHECK(check_input(input));
  b.input = asl::document::from_text(std::move(input));
  if (in.variables) {
    MDLC_TRY(b.variables, object_in(*in.variables, "Variables"));
  }
  if (in.stateConfiguration) {
    b.retries = static_cast<int>(std::min<int64_t>(in.stateConfiguration->retrierRetryCount.value_or(0), INT32_MAX));
    b.reader_data = in.stateConfiguration->mapItemReaderData.value_or("");
  }
  if (in.context) {
    MDLC_TRY(b.context, object_in(*in.context, "Context"));
    return b;
  }
  json::object state{{"Name", asl::lone_state_name}, {"EnteredTime", base::to_iso8601(now)}};
  if (std::find(std::begin(mockable), std::end(mockable), d.type()) != std::end(mockable))
    state["RetryCount"] = b.retries;
  b.context = json::object{{"Execution",
                            {{"Id", b.info.id},
                             {"Input", b.input.tree()},
                             {"StartTime", base::to_iso8601(now)},
                             {"Name", b.info.name},
                             {"RoleArn", in.roleArn ? json::value(*in.roleArn) : json::value()}}},
                           {"StateMachine", {{"Id", b.info.machine_id}, {"Name", b.info.machine_name}}},
                           {"State", std::move(state)}};
  return b;
}

// --- The answer

std::optional<std::string> text_of(const asl::document& d) {
  if (!d) return {};
  return d.text();
}

model::InspectionData inspection(const asl::lone_state& t, const std::string& input) {
  using enum asl::lone_state::status;
  const auto& seen = t.seen();
  model::InspectionData out;
  out.input = input;
  out.afterArguments = text_of(seen.after_arguments);
  out.afterInputPath = text_of(seen.after_input_path);
  out.afterParameters = text_of(seen.after_parameters);
  out.result = text_of(seen.result);
  out.afterResultSelector = text_of(seen.after_selector);
  out.afterResultPath = text_of(seen.after_result_path);
  out.afterItemsPath = text_of(seen.after_items_path);
  out.afterItemSelector = text_of(seen.after_item_selector);
  out.afterItemBatcher = text_of(seen.after_item_batcher);
  out.afterItemsPointer = text_of(seen.after_items_pointer);
  out.maxConcurrency = seen.max_concurrency;
  out.toleratedFailureCount = seen.tolerated_count;
  out.toleratedFailurePercentage = seen.tolerated_percentage;
  if (auto variables = t.variables(); !variables.empty()) out.variables = json::print(variables);
  if (t.handler() < 0) return out;
  model::InspectionErrorDetails handled;
  if (t.how() == retriable) {
    handled.retryIndex = t.handler();
    handled.retryBackoffIntervalSeconds = t.backoff_s();
  } else {
    handled.catchIndex = t.handler();
  }
  out.errorDetails = handled;
  return out;
}

out_t answer_of(const asl::lone_state& t, const std::string& input, const std::string& level) {
  using enum asl::lone_state::status;
  out_t out;
  out.status = t.how() == succeeded   ? "SUCCEEDED"
               : t.how() == caught    ? "CAUGHT_ERROR"
               : t.how() == retriable ? "RETRIABLE"
                                      : "FAILED";
  if (t.how() != succeeded) {
    out.error = t.why().error;
    out.cause = t.why().cause;
  }
  out.output = text_of(t.output());
  if (!t.next().empty()) out.nextState = t.next();
  if (level != "INFO") out.inspectionData = inspection(t, input);
  return out;
}

// --- All of it

// Ends a mocked state as the mock says.
api::answer<void> give_mock(service& s, const in_t& in, asl::lone_state& t) {
  if (t.ended()) return {};  // it failed before there was anything to give
  const auto now = s.host.env.now();
  const auto seed = fresh_seed(s.host.env);
  const auto failed = in.stateConfiguration ? in.stateConfiguration->mapIterationFailureCount.value_or(0) : 0;
  if (t.item_count() && failed > *t.item_count())
    return invalid("MapIterationFailureCount must not be greater than the number of items of the Map state.");
  if (const auto& e = in.mock->errorOutput)
    t.fail({.error = e->error, .cause = e->cause}, now, seed);
  else if (t.exceeds_tolerance(failed))
    t.fail({.error = "States.ExceedToleratedFailureThreshold",
            .cause = "The specified tolerated failure threshold was exceeded"},
           now, seed);
  else
    t.succeed(asl::document::from_text(*in.mock->result), now, seed);
  return {};
}

api::answer<std::unique_ptr<asl::lone_state>> begin(service& s, const api::call& c, const in_t& in) {
  MDLC_TRY(auto definition, find_state(s, in));
  auto task = integrations::catalogue::task_of_resource(json::text(definition.state, "Resource"));
  MDLC_CHECK(check_configuration(in, definition));
  if (in.roleArn) MDLC_CHECK(check_role_arn(*in.roleArn));
  MDLC_CHECK(has_mock(in) ? check_mocked(in, definition, task) : check_unmocked(in, definition, task));
  auto compiled = asl::compile(definition.machine(false), {});
  if (!compiled) return invalid_definition(asl::refusal(compiled.error()));
  const auto now = s.host.env.now();
  MDLC_TRY(auto beginning, beginning_of(s, c, in, definition, now));
  auto made = std::make_unique<asl::lone_state>(*std::move(compiled), std::move(definition), std::move(beginning), now,
                                                fresh_seed(s.host.env));
  if (has_mock(in)) MDLC_CHECK(give_mock(s, in, *made));
  return made;
}

}  // namespace

void test_state(service& s, std::shared_ptr<api::call> c, in_t in, api::completion<out_t> done) {
  auto begun = begin(s, *c, in);
  if (!begun) return done(tl::unexpected(begun.error()));
  auto tell = [done, input = in.input.value_or("{}"), level = in.inspectionLevel.value_or("INFO")](
                  const asl::lone_state& t) { done(answer_of(t, input, level)); };
  if ((*begun)->ended()) return tell(**begun);
  std::make_shared<tested_state>(s, c->context.scope, in.roleArn.value_or(""), *std::move(begun), std::move(tell))
      ->run();
}

}  // namespace mdlc::services::states
