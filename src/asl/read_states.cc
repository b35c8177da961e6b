#include "asl/builder.h"
#include "base/arn.h"
#include "base/time.h"

namespace mdlc::asl {

void builder::read_io(state_index i, const json::value& v, query_language spoken, const std::string& at) {
  state s = std::move(now(i));
  if (spoken == query_language::jsonata) {
    s.parameters = query(v, "Arguments", at);
    s.produced = query(v, "Output", at);
    s.assign = query(v, "Assign", at);
    now(i) = std::move(s);
    return;
  }
  s.input = path(v, "InputPath", at);
  s.output = path(v, "OutputPath", at);
  s.result = where(v, "ResultPath", at);
  if (s.type != state_type::map) s.parameters = filled(v, "Parameters", at);
  s.selector = filled(v, "ResultSelector", at);
  s.assign = filled(v, "Assign", at);
  if (const auto* result = member(v, "Result"); result && s.type == state_type::pass)
    s.constant = document::from_tree(*result);
  now(i) = std::move(s);
}

void builder::read_task(state_index i, const json::value& v, query_language spoken, const std::string& at) {
  task_fields f;
  required(v, at, {"Resource"});
  if (auto arn = text(v, "Resource", at)) read_resource(f.what, *arn, at + "/Resource");
  f.timeout_s = number(v, "TimeoutSeconds", at, 1, spoken);
  f.heartbeat_s = number(v, "HeartbeatSeconds", at, 1, spoken);
  if (f.timeout_s.literal && f.heartbeat_s.literal && *f.heartbeat_s.literal >= *f.timeout_s.literal)
    problem("HeartbeatSeconds must be smaller than TimeoutSeconds", at);
  if (const auto* credentials = member(v, "Credentials")) {
    if (!json::find(*credentials, "RoleArn") && !json::find(*credentials, "RoleArn.$"))
      problem("The field 'RoleArn' is required but was missing", at + "/Credentials");
    f.credentials = spoken == query_language::jsonata ? query(v, "Credentials", at) : filled(v, "Credentials", at);
  }
  now(i).fields = std::move(f);
}

void builder::read_resource(task& t, std::string_view text, const std::string& at) {
  t.resource = text;
  auto arn = base::parse_arn(text);
  if (!arn || arn->resource.empty()) return problem("Value is not a valid resource ARN", at);
  if (arn->service == "lambda") {
    if (!arn->resource.starts_with("function:")) return problem("Value is not a valid resource ARN", at);
    t.kind = task_kind::lambda_function;
    return;
  }
  if (arn->service != "states") return problem("Value is not a valid resource ARN", at);
  std::string_view rest = arn->resource;
  if (rest.starts_with("activity:")) {
    t.kind = task_kind::activity;
    if (options_.type == machine_type::express) problem("Express state machine does not support Activity ARN", at);
    return;
  }
  size_t from = rest.starts_with("aws-sdk:") ? 8 : 0;
  size_t colon = rest.find(':', from);
  if (colon == std::string_view::npos || colon == from || colon + 1 == rest.size())
    return problem(
        fmt::format(
            "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource "
            "is not available in this region.",
            text),
        at);
  t.resource_type = rest.substr(0, colon);
  t.action = rest.substr(colon + 1);
  std::string_view action = t.action;
  if (action.ends_with(".sync")) t.pattern = task_pattern::sync;
  if (action.ends_with(".sync:2")) t.pattern = task_pattern::sync2;
  if (action.ends_with(".waitForTaskToken")) t.pattern = task_pattern::wait_for_task_token;
  if (options_.type != machine_type::express) return;
  // AWS's own blank at the end of the first.
  if (t.pattern == task_pattern::wait_for_task_token)
    problem("Express state machine does not support '.waitForTaskToken' service integration ", at);
  else if (t.pattern != task_pattern::request_response)
    problem("Express state machine does not support '.sync' service integration", at);
}

void builder::read_choice(machine& m, state_index i, const json::value& v, query_language spoken,
                          const std::string& at) {
  required(v, at, {"Choices"});
  choice_fields f;
  if (const auto* choices = member(v, "Choices")) {
    if (!choices->is_array() || choices->get_array().empty())
      return problem("Expected a non-empty Array", at + "/Choices");
    f.rules.resize(choices->get_array().size());
    for (size_t n = 0; n < f.rules.size(); ++n) {
      const auto& rule = choices->get_array()[n];
      std::string here = fmt::format("{}/Choices[{}]", at, n);
      if (!rule.is_object()) return problem("Expected value of type Object", here);
      required(rule, here, {"Next"});
      if (spoken == query_language::jsonpath) {
        if (member(rule, "Condition"))
          problem(
              "The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' "
              "QueryLanguage",
              here);
        auto made = compile_condition(rule);
        if (made)
          f.rules[n].when = std::move(*made);
        else
          problem(made.error().message, made.error().where.empty() ? here : here + "/" + made.error().where);
        f.rules[n].assign = filled(rule, "Assign", here);
      } else {
        required(rule, here, {"Condition"});
        std::string location = fmt::format("Choices[{}]/", n);
        f.rules[n].test = query(rule, "Condition", location + "Condition", here);
        f.rules[n].assign = query(rule, "Assign", location + "Assign", here);
        f.rules[n].output = query(rule, "Output", location + "Output", here);
      }
      if (auto next = text(rule, "Next", here))
        m.targets.push_back({*next, here + "/Next", i, [this, i, n](state_index to) {
                               std::get<choice_fields>(now(i).fields).rules[n].next = to;
                             }});
    }
  }
  if (auto next = text(v, "Default", at))
    m.targets.push_back({*next, at + "/Default", i,
                         [this, i](state_index to) { std::get<choice_fields>(now(i).fields).otherwise = to; }});
  now(i).fields = std::move(f);
}

void builder::read_wait(state_index i, const json::value& v, query_language spoken, const std::string& at) {
  int given = 0;
  for (auto name : {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"}) given += member(v, name) != nullptr;
  if (given != 1)
    return problem("A Wait state must contain exactly one of 'Seconds', 'SecondsPath', 'Timestamp' or 'TimestampPath'",
                   at);
  wait_fields f;
  if (spoken == query_language::jsonpath) {
    f.seconds = whole(v, "Seconds", at, 0, 99'999'999);
    if (auto written = text(v, "Timestamp", at)) {
      auto t = base::from_iso8601(*written);
      if (!t) return problem("Value is not a valid timestamp", at + "/Timestamp");
      f.until = *t;
    }
    f.seconds_path = reference(v, "SecondsPath", at);
    f.until_path = reference(v, "TimestampPath", at);
  } else {
    f.computed_seconds = query(v, "Seconds", at);
    f.computed_until = query(v, "Timestamp", at);
  }
  now(i).fields = std::move(f);
}

void builder::read_fail(state_index i, const json::value& v, query_language spoken, const std::string& at) {
  fail_fields f;
  if (spoken == query_language::jsonata) {
    f.computed_error = query(v, "Error", at);
    f.computed_cause = query(v, "Cause", at);
    now(i).fields = std::move(f);
    return;
  }
  for (auto [plain, by_path] : {std::pair{"Error", "ErrorPath"}, {"Cause", "CausePath"}})
    if (member(v, plain) && member(v, by_path))
      problem(fmt::format("Only one of '{}' and '{}' is allowed", plain, by_path), at);
  f.why.error = text(v, "Error", at);
  f.why.cause = text(v, "Cause", at);
  f.error_path = computed(v, "ErrorPath", at);
  f.cause_path = computed(v, "CausePath", at);
  now(i).fields = std::move(f);
}

void builder::read_parallel(state_index i, const json::value& v, query_language inherited, const std::string& at,
                            int depth) {
  required(v, at, {"Branches"});
  parallel_fields f;
  if (const auto* branches = member(v, "Branches")) {
    if (!branches->is_array() || branches->get_array().empty())
      return problem("Expected a non-empty Array", at + "/Branches");
    for (size_t n = 0; n < branches->get_array().size(); ++n)
      f.branches.push_back(machine_at(branches->get_array()[n], fmt::format("{}/Branches[{}]", at, n), inherited,
                                      depth + 1, {"Comment", "StartAt", "States"}));
  }
  now(i).fields = std::move(f);
}

void builder::read_map(state_index i, const json::value& v, query_language inherited, query_language spoken,
                       const std::string& at, int depth) {
  map_fields f;
  const char* field = member(v, "ItemProcessor") ? "ItemProcessor" : "Iterator";
  const auto* processor = member(v, field);
  if (!processor) return required(v, at, {"ItemProcessor"});
  f.start = machine_at(*processor, fmt::format("{}/{}", at, field), inherited, depth + 1,
                       {"Comment", "StartAt", "States", "ProcessorConfig"});
  const auto* config = json::find(*processor, "ProcessorConfig");
  if (config && json::text(*config, "Mode") == "DISTRIBUTED") {
    f.distributed = read_distributed(v, *config, spoken, at, fmt::format("{}/{}/ProcessorConfig", at, field));
  } else {
    for (auto name : {"ItemReader", "ItemBatcher", "ResultWriter"})
      if (member(v, name)) problem(fmt::format("Field '{}' is not supported", name), at);
  }
  bool jsonata = spoken == query_language::jsonata;
  if (jsonata)
    f.listed = query(v, "Items", at);
  else
    f.items = path(v, "ItemsPath", at);
  if (member(v, "ItemSelector") && member(v, "Parameters"))
    problem("Only one of 'ItemSelector' and 'Parameters' is allowed", at);
  f.selector =
      jsonata ? query(v, "ItemSelector", at) : filled(v, member(v, "ItemSelector") ? "ItemSelector" : "Parameters", at);
  f.max_concurrency = number(v, "MaxConcurrency", at, 0, spoken);
  now(i).fields = std::move(f);
}

}  // namespace mdlc::asl
