// The values of a template's parameters, checked against what the template demands of them.
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cloudformation/pattern.h"
#include "services/cloudformation/template.h"

namespace mdlc::services::cloudformation {

bool is_list_type(std::string_view type) { return type == "CommaDelimitedList" || type.starts_with("List<"); }

json::array comma_separated(std::string_view text) {
  json::array out;
  while (true) {
    auto comma = text.find(',');
    auto part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    out.emplace_back(part);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

namespace {

auto refuse(std::string message) { return api::refuse("ValidationError", std::move(message)); }

std::optional<double> as_number(std::string_view text) {
  double value;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size() || !std::isfinite(value))
    return {};
  return value;
}

std::optional<double> bound(const parameter_declaration& p, std::string_view name) {
  auto* found = p.constraints.if_contains(name);
  if (!found) return {};
  return json::is_number(*found) ? json::to_double(*found)
                                 : as_number(found->is_string() ? json::view(found->get_string()) : std::string_view{});
}

std::string written(const json::value& v) {
  return v.is_string() ? std::string{json::view(v.get_string())} : json::print(v);
}

// What is wrong with one value, or one of a list, in AWS's words; nothing if it may stand.
std::optional<std::string> objection(const std::string& name, const parameter_declaration& p, bool is_number,
                                     const std::string& value) {
  if (auto* allowed = p.constraints.if_contains("AllowedValues"); allowed && allowed->is_array()) {
    std::vector<std::string> values;
    for (const auto& one : allowed->get_array()) values.push_back(written(one));
    if (std::find(values.begin(), values.end(), value) == values.end())
      return fmt::format("Parameter '{}' must be one of AllowedValues", name);
  }
  if (is_number) {
    auto number = as_number(value);
    if (!number) return fmt::format("Parameter '{}' must be a number.", name);
    if (auto least = bound(p, "MinValue"); least && *number < *least)
      return fmt::format("Parameter '{}' must be a number not less than {}", name, *least);
    if (auto most = bound(p, "MaxValue"); most && *number > *most)
      return fmt::format("Parameter '{}' must be a number not greater than {}", name, *most);
    return {};
  }
  if (auto least = bound(p, "MinLength"); least && double(value.size()) < *least)
    return fmt::format("Parameter '{}' must contain at least {} characters", name, *least);
  if (auto most = bound(p, "MaxLength"); most && double(value.size()) > *most)
    return fmt::format("Parameter '{}' must contain at most {} characters", name, *most);
  if (auto* pattern = p.constraints.if_contains("AllowedPattern"); pattern && pattern->is_string())
    if (auto text = std::string{json::view(pattern->get_string())}; !matches_whole(text, value))
      return fmt::format("Parameter '{}' must match pattern {}", name, text);
  return {};
}

std::optional<std::string> objection(const std::string& name, const parameter_declaration& p,
                                     const std::string& value) {
  if (!is_list_type(p.type)) return objection(name, p, p.type == "Number", value);
  for (const auto& one : comma_separated(value))
    if (auto wrong = objection(name, p, p.type == "List<Number>", std::string{json::view(one.get_string())}))
      return wrong;
  return {};
}

}  // namespace

api::answer<std::map<std::string, std::string>> resolve_parameters(const parsed_template& t,
                                                                   const std::map<std::string, std::string>& given) {
  std::vector<std::string> unknown, missing;
  for (const auto& [name, value] : given)
    if (!t.parameters.contains(name)) unknown.push_back(name);
  if (!unknown.empty())
    return refuse(fmt::format("Parameters: [{}] do not exist in the template", fmt::join(unknown, ", ")));
  std::map<std::string, std::string> out;
  for (const auto& [name, declared] : t.parameters) {
    if (declared.type.starts_with("AWS::SSM::"))
      return refuse(fmt::format("Parameter '{}': mdlc serves no parameter store; make it a String", name));
    auto found = given.find(name);
    if (found == given.end() && !declared.default_value) {
      missing.push_back(name);
      continue;
    }
    const auto& value = found != given.end() ? found->second : *declared.default_value;
    if (value.size() > max_parameter_value_bytes)
      return refuse(fmt::format("Template error: parameter {} value length is greater than {}.", name,
                                max_parameter_value_bytes));
    if (auto wrong = objection(name, declared, value)) {
      auto own_words = declared.constraints.if_contains("ConstraintDescription");
      if (own_words && own_words->is_string())
        return refuse(
            fmt::format("Parameter {} failed to satisfy constraint: {}", name, json::view(own_words->get_string())));
      return refuse(*wrong);
    }
    out[name] = value;
  }
  if (!missing.empty()) return refuse(fmt::format("Parameters: [{}] must have values", fmt::join(missing, ", ")));
  return out;
}

}  // namespace mdlc::services::cloudformation
