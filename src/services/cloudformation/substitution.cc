#include "services/cloudformation/substitution.h"

#include <cctype>

namespace mdlc::services::cloudformation {
namespace {

struct piece {
  std::string_view text;
  bool is_variable;
};

// Splits into literal text and variables; "${!x}" is the literal "${x}".
std::vector<piece> split(std::string_view text) {
  std::vector<piece> out;
  size_t done = 0;
  for (size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at)) {
    auto end = text.find('}', at);
    if (end == std::string_view::npos) break;
    if (at + 2 < end && text[at + 2] == '!') {
      out.push_back({text.substr(done, at + 2 - done), false});
      done = at + 3;
    } else {
      out.push_back({text.substr(done, at - done), false});
      out.push_back({text.substr(at + 2, end - at - 2), true});
      done = end + 1;
    }
    at = end + 1;
  }
  out.push_back({text.substr(done), false});
  return out;
}

// The name without the spaces around it.
api::answer<std::string> variable_name(std::string_view part) {
  const auto first = part.find_first_not_of(' ');
  if (first == std::string_view::npos) return std::string{};
  std::string name{part.substr(first, part.find_last_not_of(' ') - first + 1)};
  for (unsigned char c : name)
    if (!std::isalnum(c) && c != '_' && c != '.' && c != ':')
      return api::refuse("ValidationError",
                         "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
                         "underscores, periods, and colons");
  return name;
}

}  // namespace

api::answer<std::vector<std::string>> substitution_variables(std::string_view text) {
  std::vector<std::string> out;
  for (auto [part, is_variable] : split(text)) {
    if (!is_variable) continue;
    MDLC_TRY(auto name, variable_name(part));
    out.push_back(std::move(name));
  }
  return out;
}

api::answer<std::string> substitute(std::string_view text,
                                    const std::function<api::answer<std::string>(const std::string&)>& value_of) {
  std::string out;
  for (auto [part, is_variable] : split(text)) {
    if (!is_variable) {
      out += part;
      continue;
    }
    MDLC_TRY(auto name, variable_name(part));
    MDLC_TRY(auto value, value_of(name));
    out += value;
  }
  return out;
}

}  // namespace mdlc::services::cloudformation
