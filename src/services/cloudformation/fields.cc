#include "services/cloudformation/fields.h"

namespace mdlc::services::cloudformation {

std::string string_of(const json::object& o, std::string_view name) {
  auto* found = o.if_contains(name);
  return found && found->is_string() ? std::string{json::view(found->get_string())} : std::string{};
}

bool bool_of(const json::object& o, std::string_view name) {
  auto* found = o.if_contains(name);
  return found && found->is_bool() && found->get_bool();
}

int64_t integer_of(const json::object& o, std::string_view name) {
  auto* found = o.if_contains(name);
  return found && found->is_int64() ? found->get_int64() : 0;
}

json::object object_of(const json::object& o, std::string_view name) {
  auto* found = o.if_contains(name);
  return found && found->is_object() ? found->get_object() : json::object{};
}

std::set<std::string> set_of(const json::object& o, std::string_view name) {
  std::set<std::string> out;
  if (auto* found = o.if_contains(name); found && found->is_array())
    for (const auto& one : found->get_array())
      if (one.is_string()) out.emplace(json::view(one.get_string()));
  return out;
}

json::array to_array(const std::set<std::string>& names) {
  json::array out;
  for (const auto& name : names) out.emplace_back(name);
  return out;
}

}  // namespace mdlc::services::cloudformation
