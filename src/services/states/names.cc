#include "services/states/names.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace mdlc::services::states {
namespace {

tl::unexpected<api::error> invalid_arn(std::string_view why) {
  return api::refuse("InvalidArn", fmt::format("Invalid Arn: '{}'", why));
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    auto colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

struct resource {
  base::scope scope;
  std::vector<std::string> parts;  // "stateMachine", "m", …
};

api::answer<resource> parse(std::string_view text) {
  auto arn = base::parse_arn(text);
  if (!arn || arn->service != "states") return invalid_arn(fmt::format("Invalid ARN prefix: {}", text));
  resource out{{arn->account, arn->region}, {}};
  for (auto part : split(arn->resource)) out.parts.emplace_back(part);
  return out;
}

bool is_forbidden(unsigned char c) {
  constexpr std::string_view forbidden = "<>{}[]?*\"#%\\^|~`$&,;:/";
  return c <= 0x20 || c == 0x7f || forbidden.find(static_cast<char>(c)) != std::string_view::npos;
}

// U+0080 to U+009F, and white space beyond ASCII that one meets: U+00A0, U+2028.
bool has_wide_control(std::string_view name) {
  for (size_t i = 0; i + 1 < name.size(); ++i) {
    auto a = static_cast<unsigned char>(name[i]), b = static_cast<unsigned char>(name[i + 1]);
    if (a == 0xc2 && b >= 0x80 && b <= 0xa0) return true;
  }
  return name.find("\xe2\x80\xa8") != std::string_view::npos;
}

size_t characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

bool machine_arn::is_version() const {
  return !qualifier.empty() &&
         std::all_of(qualifier.begin(), qualifier.end(), [](char c) { return c >= '0' && c <= '9'; });
}
std::string machine_arn::unqualified() const { return machine_arn_of(scope, name); }
std::string machine_arn::str() const {
  return qualifier.empty() ? unqualified() : fmt::format("{}:{}", unqualified(), qualifier);
}

api::answer<machine_arn> parse_machine_arn(std::string_view text) {
  MDLC_TRY(auto r, parse(text));
  if (r.parts[0] != "stateMachine")
    return invalid_arn(fmt::format("Resource type not valid in this context: {}", r.parts[0]));
  if (r.parts.size() < 2 || r.parts.size() > 3 || r.parts[1].empty())
    return invalid_arn(fmt::format("Invalid ARN: {}", text));
  return machine_arn{r.scope, r.parts[1], r.parts.size() == 3 ? r.parts[2] : ""};
}

api::answer<machine_arn> parse_activity_arn(std::string_view text) {
  MDLC_TRY(auto r, parse(text));
  if (r.parts[0] != "activity")
    return invalid_arn(fmt::format("Resource type not valid in this context: {}", r.parts[0]));
  if (r.parts.size() != 2 || r.parts[1].empty()) return invalid_arn(fmt::format("Invalid ARN: {}", text));
  return machine_arn{r.scope, r.parts[1], ""};
}

api::answer<execution_arn> parse_execution_arn(std::string_view text) {
  MDLC_TRY(auto r, parse(text));
  bool express = r.parts[0] == "express";
  if (r.parts[0] != "execution" && !express)
    return invalid_arn(fmt::format("Resource type not valid in this context: {}", r.parts[0]));
  if (r.parts.size() != (express ? 4u : 3u) || r.parts[2].empty())
    return invalid_arn(fmt::format("Invalid ARN: {}", text));
  return execution_arn{r.scope, r.parts[1], r.parts[2], express};
}

api::answer<void> check_role_arn(std::string_view text) {
  auto arn = base::parse_arn(text);
  if (!arn || arn->service != "iam" || !arn->resource.starts_with("role/"))
    return invalid_arn(fmt::format("Invalid ARN prefix: {}", text));
  return {};
}

std::string machine_arn_of(const base::scope& s, std::string_view name) {
  return s.arn("states", fmt::format("stateMachine:{}", name));
}
std::string activity_arn_of(const base::scope& s, std::string_view name) {
  return s.arn("states", fmt::format("activity:{}", name));
}
std::string execution_arn_of(const base::scope& s, std::string_view machine, std::string_view name) {
  return s.arn("states", fmt::format("execution:{}:{}", machine, name));
}
std::string express_arn_of(const base::scope& s, std::string_view machine, std::string_view name, std::string_view id) {
  return s.arn("states", fmt::format("express:{}:{}:{}", machine, name, id));
}

api::answer<void> check_name(std::string_view name) {
  bool bad =
      name.empty() || characters(name) > name_characters_max ||
      std::any_of(name.begin(), name.end(), [](char c) { return is_forbidden(static_cast<unsigned char>(c)); }) ||
      has_wide_control(name);
  if (bad) return api::refuse("InvalidName", fmt::format("Invalid Name: '{}'", name));
  return {};
}

tl::unexpected<api::error> no_such_machine(std::string_view arn) {
  return api::refuse("StateMachineDoesNotExist", fmt::format("State Machine Does Not Exist: '{}'", arn));
}
tl::unexpected<api::error> no_such_execution(std::string_view arn) {
  return api::refuse("ExecutionDoesNotExist", fmt::format("Execution Does Not Exist: '{}'", arn));
}
tl::unexpected<api::error> no_such_activity(std::string_view arn) {
  return api::refuse("ActivityDoesNotExist", fmt::format("Activity Does Not Exist: '{}'", arn));
}

}  // namespace mdlc::services::states
