#include "services/lambda/names.h"

#include <algorithm>
#include <vector>

namespace mdlc::services::lambda {
namespace {

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const auto colon = text.find(':');
    out.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return out;
    text.remove_prefix(colon + 1);
  }
}

bool is_account(std::string_view text) {
  return text.size() == 12 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// arn:aws:lambda:REGION:ACCOUNT:function:NAME, REGION:ACCOUNT:function:NAME, ACCOUNT:function:NAME, function:NAME,
// NAME; each with :QUALIFIER. The model's pattern has let nothing else through.
function_name split(const base::scope& caller, std::string_view text) {
  auto parts = parts_of(text);
  auto at = parts.begin();
  function_name out{caller, {}, {}};
  if (*at == "arn" && parts.size() >= 6) at += 3;
  if (parts.end() - at > 3 && is_account(*(at + 1))) out.scope.region = *at++;
  if (parts.end() - at > 2 && is_account(*at)) out.scope.account = *at++;
  if (parts.end() - at > 1 && *at == "function") ++at;
  out.name = *at++;
  if (at != parts.end()) out.qualifier = *at;
  return out;
}

}  // namespace

std::string function_name::arn() const { return scope.arn("lambda", fmt::format("function:{}", name)); }

std::string function_name::qualified() const {
  return qualifier.empty() ? arn() : fmt::format("{}:{}", arn(), qualifier);
}

bool is_version_number(std::string_view qualifier) {
  return !qualifier.empty() && qualifier.size() <= 18 &&
         std::all_of(qualifier.begin(), qualifier.end(), [](char c) { return c >= '0' && c <= '9'; });
}

api::answer<function_name> parse_function_name(const base::scope& caller, std::string_view text,
                                               const std::optional<std::string>& qualifier) {
  auto out = split(caller, text);
  if (out.name.size() > name_characters_max)
    return out_of_bounds(out.name, "functionName",
                         fmt::format("Member must have length less than or equal to {}", name_characters_max));
  if (out.scope.region != caller.region)
    return not_found(
        fmt::format("Functions from '{}' are not reachable in this region ('{}')", out.scope.region, caller.region));
  if (!qualifier) return out;
  if (!out.qualifier.empty() && out.qualifier != *qualifier)
    return invalid_value("The derived qualifier from the function name does not match the specified qualifier.");
  out.qualifier = *qualifier;
  return out;
}

tl::unexpected<api::error> invalid_value(std::string message) {
  return api::refuse("InvalidParameterValueException", std::move(message));
}

tl::unexpected<api::error> not_found(std::string message) {
  return api::refuse("ResourceNotFoundException", std::move(message), 404);
}

tl::unexpected<api::error> conflict(std::string message) {
  return api::refuse("ResourceConflictException", std::move(message), 409);
}

tl::unexpected<api::error> no_such_function(const function_name& f) {
  return not_found(fmt::format("Function not found: {}", f.qualified()));
}

tl::unexpected<api::error> wrong_revision() {
  return api::refuse("PreconditionFailedException",
                     "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API "
                     "to retrieve the latest RevisionId",
                     412);
}

tl::unexpected<api::error> out_of_bounds(std::string_view value, std::string_view member, std::string_view rule) {
  return api::refuse("ValidationException",
                     fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: {}",
                                 value, member, rule));
}

}  // namespace mdlc::services::lambda
