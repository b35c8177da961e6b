// A parsed template: its sections checked, its references resolved to logical ids, its resources in order.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/error.h"
#include "json/value.h"

namespace mdlc::services::cloudformation {

// AWS's quotas of a template.
inline constexpr size_t max_parameters = 200;
inline constexpr size_t max_mappings = 200;
inline constexpr size_t max_resources = 500;
inline constexpr size_t max_outputs = 200;
inline constexpr size_t max_description_length = 1024;
inline constexpr size_t max_parameter_value_bytes = 4096;

struct parameter_declaration {
  std::string type;
  std::optional<std::string> default_value;
  std::string description;
  bool no_echo = false;
  json::object constraints;  // AllowedValues, AllowedPattern, Min…, Max…, ConstraintDescription as they stand
};

struct resource_declaration {
  std::string type;
  json::value properties;  // not evaluated; an object
  std::string condition;   // a condition's name, or empty
  std::string deletion_policy = "Delete";
  std::string replace_policy = "Delete";
  std::set<std::string> depends_on;  // logical ids: DependsOn and every reference in the properties
};

struct output_declaration {
  json::value value;
  std::string description;
  std::string condition;
  std::optional<json::value> export_name;  // not evaluated
};

struct parsed_template {
  json::value document;
  std::string description;
  std::map<std::string, parameter_declaration> parameters;
  json::object mappings;
  json::object conditions;
  std::map<std::string, resource_declaration> resources;
  std::map<std::string, output_declaration> outputs;
  std::vector<std::string> order;  // resources, each after those it depends on
};

// Checks everything that AWS checks before it creates a stack: sections, references, cycles. ValidationError in its
// words.
api::answer<parsed_template> parse_template(std::string_view text);

// Parameters of several values, and those values.
bool is_list_type(std::string_view type);
json::array comma_separated(std::string_view text);

// The parameters' values: those given, else the defaults; all checked.
api::answer<std::map<std::string, std::string>> resolve_parameters(const parsed_template&,
                                                                   const std::map<std::string, std::string>& given);

// The logical ids and parameters that an expression refers to, Fn::Sub's variables included.
std::set<std::string> references(const json::value&);

// What CreateStack must be told to accept: CAPABILITY_IAM, CAPABILITY_NAMED_IAM; empty if nothing.
std::string required_capability(const parsed_template&);

}  // namespace mdlc::services::cloudformation
