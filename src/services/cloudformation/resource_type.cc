#include "services/cloudformation/resource_type.h"

#include <charconv>

#include "services/cloudformation/types.h"

namespace mdlc::services::cloudformation {

std::vector<const resource_type*> all_resource_types() {
  std::vector<const resource_type*> out;
  for (auto family : {s3_types(), dynamodb_types(), iam_types(), lambda_types(), states_types(), sagemaker_types(),
                      logs_types(), cloudformation_types()})
    for (const auto& type : family) out.push_back(&type);
  return out;
}

const resource_type* find_resource_type(std::string_view name) {
  static const auto all = all_resource_types();
  for (const auto* type : all)
    if (type->name == name) return type;
  return nullptr;
}

bool says_missing(const api::error& e) {
  for (std::string_view sign : {"NotFound", "NoSuch", "DoesNotExist"})
    if (e.code.find(sign) != std::string::npos) return true;
  // SageMaker has one code for all that is wrong.
  return e.code == "ValidationException" &&
         (e.message.starts_with("Could not find") || e.message.starts_with("Requested resource not found"));
}

json::object pick(const json::object& from, std::initializer_list<std::string_view> names) {
  json::object out;
  for (auto name : names)
    if (auto* found = from.if_contains(name)) out[name] = *found;
  return out;
}

namespace {

json::object merged(json::object tags, const json::object& properties) {
  auto* own = properties.if_contains("Tags");
  if (own && own->is_array())
    for (const auto& tag : own->get_array()) tags[json::text(tag, "Key")] = json::text(tag, "Value");
  if (own && own->is_object())
    for (const auto& [name, value] : own->get_object()) tags[name] = value;
  return tags;
}

}  // namespace

json::object merged_tags(const stack_identity& stack, const resource& r) { return merged(stack.tags, r.properties); }

tag_changes changed_tags(const stack_identity& stack, const resource& r, const former& before) {
  tag_changes out;
  auto now = merged_tags(stack, r), then = merged(before.tags, before.properties);
  for (const auto& [name, value] : now)
    if (auto* old = then.if_contains(name); !old || *old != value) out.put[name] = value;
  for (const auto& [name, value] : then)
    if (!now.contains(name)) out.gone.emplace_back(std::string_view{name});
  return out;
}

bool differs(const resource& r, const former& before, std::string_view property) {
  auto *now = r.properties.if_contains(property), *then = before.properties.if_contains(property);
  return !now != !then || (now && *now != *then);
}

json::array tag_list(const stack_identity& stack, const resource& r) {
  json::array out;
  for (const auto& [name, value] : merged_tags(stack, r)) {
    json::object tag;
    tag["Key"] = name;
    tag["Value"] = value;
    out.push_back(std::move(tag));
  }
  return out;
}

json::value as_integer(const json::value& v) {
  if (!v.is_string()) return v;
  auto text = json::view(v.get_string());
  int64_t number;
  auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? json::value(number) : v;
}

json::value as_boolean(const json::value& v) {
  if (!v.is_string()) return v;
  auto text = json::view(v.get_string());
  return text == "true" || text == "True"     ? json::value(true)
         : text == "false" || text == "False" ? json::value(false)
                                              : v;
}

std::string as_document(const json::value& v) {
  return v.is_string() ? std::string{json::view(v.get_string())} : json::print(v);
}

}  // namespace mdlc::services::cloudformation
