#include "services/states/mock_validation.h"

#include <fmt/format.h>

#include <map>

#include "services/states/mock_shapes.h"

namespace mdlc::services::states {
namespace {

struct target {
  std::string service;  // as `aws-sdk:` names it
  std::string action;
};

// Optimised integrations are named otherwise than their service.
const std::map<std::string_view, std::string_view> services_of_types{{"events", "eventbridge"},
                                                                     {"states", "sfn"},
                                                                     {"elasticmapreduce", "emr"},
                                                                     {"emr-containers", "emrcontainers"},
                                                                     {"emr-serverless", "emrserverless"}};

// What `.sync` gives is not the first call's answer but a description of what came of it.
const std::map<std::string_view, std::string_view> described_by{
    {"startExecution", "describeExecution"},
    {"createTrainingJob", "describeTrainingJob"},
    {"createTransformJob", "describeTransformJob"},
    {"createProcessingJob", "describeProcessingJob"},
    {"createHyperParameterTuningJob", "describeHyperParameterTuningJob"},
    {"createLabelingJob", "describeLabelingJob"},
    {"startQueryExecution", "getQueryExecution"},
    {"startBuild", "startBuild"}};

std::optional<target> target_of(const asl::task& t) {
  constexpr std::string_view sdk = "aws-sdk:";
  if (t.kind != asl::task_kind::service) return {};
  std::string_view type = t.resource_type, action = t.action;
  action = action.substr(0, action.find('.'));
  if (type.starts_with(sdk)) return target{std::string{type.substr(sdk.size())}, std::string{action}};
  // Their results are no API's.
  if (type == "apigateway" || type == "http" || type == "bedrock") return {};
  if (t.pattern == asl::task_pattern::sync || t.pattern == asl::task_pattern::sync2) {
    auto found = described_by.find(action);
    if (found == described_by.end()) return {};
    action = found->second;
  }
  // Whatever the token's holder sends.
  if (t.pattern == asl::task_pattern::wait_for_task_token) return {};
  auto renamed = services_of_types.find(type);
  return target{std::string{renamed == services_of_types.end() ? type : renamed->second}, std::string{action}};
}

class check {
 public:
  check(const mock_shapes& all, mock_strictness how) : all_(all), how_(how) {}

  api::answer<void> value(const json::value& v, const mock_shape& s, std::string_view field) const {
    using enum mock_shape::kind;
    switch (s.what) {
      case structure:
        return members(v, s, field);
      case list:
        if (!v.is_array()) return must_be("an array", field);
        MDLC_CHECK(length(v.get_array().size(), s, field));
        for (const auto& one : v.get_array()) MDLC_CHECK(value(one, all_.shapes[s.inner], field));
        return {};
      case map:
        if (!v.is_object()) return must_be("an object", field);
        for (const auto& one : v.get_object()) MDLC_CHECK(value(one.value(), all_.shapes[s.inner], field));
        return {};
      case text:
        if (!v.is_string()) return must_be("a string", field);
        MDLC_CHECK(length(characters(v), s, field));
        if (!s.values.empty() &&
            std::find(s.values.begin(), s.values.end(), json::view(v.get_string())) == s.values.end())
          return wrong(fmt::format("Field '{}' is not an expected value", field));
        return {};
      case bytes:
        if (!v.is_string()) return must_be("a string", field);
        return length(characters(v), s, field);
      case time:
        if (!v.is_string()) return must_be("a string", field);
        return {};
      case number:
        if (!json::is_number(v)) return must_be("a number", field);
        if (s.min && json::to_double(v) < *s.min)
          return wrong(fmt::format("Field '{}' is less than the minimum value", field));
        if (s.max && json::to_double(v) > *s.max)
          return wrong(fmt::format("Field '{}' exceeds the maximum value", field));
        return {};
      case boolean:
        if (!v.is_bool()) return must_be("a boolean", field);
        return {};
      case any:
        return {};
    }
    return {};
  }

 private:
  static api::answer<void> wrong(std::string_view what) {
    return api::refuse("ValidationException", fmt::format("Mock result schema validation error: {}", what));
  }
  static api::answer<void> must_be(std::string_view what, std::string_view field) {
    return wrong(fmt::format("Field '{}' must be {}", field, what));
  }

  static size_t characters(const json::value& v) {
    auto text = json::view(v.get_string());
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
  }

  static api::answer<void> length(size_t n, const mock_shape& s, std::string_view field) {
    if (s.min && static_cast<double>(n) < *s.min)
      return wrong(fmt::format("Field '{}' is smaller than the minimum length", field));
    if (s.max && static_cast<double>(n) > *s.max)
      return wrong(fmt::format("Field '{}' exceeds the maximum length", field));
    return {};
  }

  api::answer<void> members(const json::value& v, const mock_shape& s, std::string_view field) const {
    if (!v.is_object())
      return field.empty() ? api::refuse("ValidationException", "Mocked result must be a JSON object.")
                           : must_be("an object", field);
    if (how_ == mock_strictness::strict)
      for (const auto& m : s.members)
        if (m.is_required && !json::find(v, m.name))
          return wrong(fmt::format("Required field '{}' is missing", m.name));
    for (const auto& given : v.get_object()) {
      std::string_view name{given.key().data(), given.key().size()};
      auto m = std::find_if(s.members.begin(), s.members.end(), [&](const auto& known) { return known.name == name; });
      if (m != s.members.end()) MDLC_CHECK(value(given.value(), all_.shapes[m->shape], name));
    }
    return {};
  }

  const mock_shapes& all_;
  const mock_strictness how_;
};

}  // namespace

api::answer<void> check_mock(const asl::task& t, const json::value& result, mock_strictness how) {
  if (how == mock_strictness::none) return {};
  auto api = target_of(t);
  auto shapes = api ? find_mock_shapes(api->service) : nullptr;
  const auto* answer = shapes ? shapes->answer_of(api->action) : nullptr;
  if (!answer) return {};
  return check{*shapes, how}.value(result, *answer, {});
}

}  // namespace mdlc::services::states
