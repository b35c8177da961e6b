// Evaluates a template's expressions: intrinsic functions, pseudo parameters, conditions.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "services/cloudformation/template.h"

namespace mdlc::services::cloudformation {

// What expressions can see beside the template.
struct surroundings {
  std::string account, region, stack_id, stack_name;
  std::map<std::string, std::string> parameters;
  // A resource's physical id; its attribute; another stack's export. Errors in AWS's words.
  std::function<api::answer<json::value>(const std::string& logical_id)> physical_id;
  std::function<api::answer<json::value>(const std::string& logical_id, const std::string& attribute)> attribute;
  std::function<api::answer<json::value>(const std::string& name)> import_value;
};

// Both are borrowed and must outlive it. Not thread-safe.
class evaluator {
 public:
  evaluator(const parsed_template& t, const surroundings& around) : template_(t), around_(around) {}

  // The value; nothing where it is AWS::NoValue (which members and elements drop out of what contains them).
  api::answer<std::optional<json::value>> evaluate(const json::value&);
  // A named condition; true for the empty name.
  api::answer<bool> condition(const std::string& name);
  // Evaluated, and a string, number or boolean as text.
  api::answer<std::string> text(const json::value&);

 private:
  using outcome = api::answer<std::optional<json::value>>;

  outcome function(std::string_view name, const json::value& argument);
  outcome reference(const std::string& name);
  outcome get_att(const json::value& argument);
  outcome sub(const json::value& argument);
  outcome join(const json::value& argument);
  outcome select(const json::value& argument);
  outcome split(const json::value& argument);
  outcome find_in_map(const json::value& argument);
  outcome choose(const json::value& argument);
  api::answer<bool> truth(const json::value&);
  api::answer<json::array> list(const json::value&, std::string_view whose);

  const parsed_template& template_;
  const surroundings& around_;
  std::map<std::string, bool> conditions_;
  std::set<std::string> evaluating_;  // conditions under way: a cycle is an error
};

// An output's value or its export's name.
api::answer<std::string> output_text(evaluator&, const json::value&);

}  // namespace mdlc::services::cloudformation
