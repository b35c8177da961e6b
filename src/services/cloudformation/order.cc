#include "services/cloudformation/order.h"

#include "services/cloudformation/fields.h"

namespace mdlc::services::cloudformation {
namespace {

json::object to_object(const std::map<std::string, std::string>& values) {
  json::object out;
  for (const auto& [name, value] : values) out[name] = value;
  return out;
}

std::map<std::string, std::string> to_map(const json::object& values) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : values)
    if (value.is_string()) out.emplace(name, json::view(value.get_string()));
  return out;
}

json::object to_object(const revision& r) {
  return {{"text", r.text}, {"parameters", to_object(r.parameters)}, {"tags", r.tags}};
}

revision to_revision(const json::object& o) {
  return {string_of(o, "text"), to_map(object_of(o, "parameters")), object_of(o, "tags")};
}

const json::object& members(const json::value& v) {
  static const json::object none;
  return v.is_object() ? v.get_object() : none;
}

}  // namespace

json::object to_object(const item& i) {
  json::object out;
  out["logical_id"] = i.r.logical_id;
  out["type"] = i.r.type;
  out["physical_id"] = i.r.physical_id;
  out["properties"] = i.r.properties;
  out["attributes"] = i.r.attributes;
  out["depends_on"] = to_array(i.depends_on);
  out["deletion_policy"] = i.deletion_policy;
  out["replace_policy"] = i.replace_policy;
  out["generated"] = i.generated_name;
  out["new"] = i.is_new;
  out["standing"] = static_cast<int64_t>(i.is);
  if (!i.before.empty()) out["before"] = i.before;
  out["tags"] = i.tags;
  return out;
}

item to_item(const json::object& o) {
  item out;
  out.r = {string_of(o, "logical_id"), string_of(o, "type"), string_of(o, "physical_id"), object_of(o, "properties"),
           object_of(o, "attributes")};
  out.depends_on = set_of(o, "depends_on");
  out.deletion_policy = string_of(o, "deletion_policy");
  out.replace_policy = string_of(o, "replace_policy");
  out.generated_name = bool_of(o, "generated");
  out.is_new = bool_of(o, "new");
  out.is = static_cast<standing>(integer_of(o, "standing"));
  out.before = object_of(o, "before");
  out.tags = object_of(o, "tags");
  return out;
}

json::array to_array(const std::vector<item>& items) {
  json::array out;
  for (const auto& one : items) out.push_back(to_object(one));
  return out;
}

std::vector<item> to_items(const json::value* v) {
  std::vector<item> out;
  if (v && v->is_array())
    for (const auto& one : v->get_array()) out.push_back(to_item(one.get_object()));
  return out;
}

json::value to_json(const aftermath& a) {
  return json::object{{"stable", to_object(a.stable)}, {"leftovers", to_array(a.leftovers)}};
}

aftermath aftermath_from_json(const json::value& v) {
  return {to_revision(object_of(members(v), "stable")), to_items(json::find(v, "leftovers"))};
}

json::value to_json(const order& o) {
  json::object out;
  out["goal"] = static_cast<int64_t>(o.what);
  out["rolling_back"] = o.rolling_back;
  out["account"] = o.stack.scope.account;
  out["region"] = o.stack.scope.region;
  out["stack_id"] = o.stack.id;
  out["stack_name"] = o.stack.name;
  out["tags"] = o.stack.tags;
  out["principal"] = o.principal;
  out["token"] = o.token;
  out["wanted"] = to_object(o.wanted);
  out["previous"] = to_object(o.previous);
  out["on_failure"] = static_cast<int64_t>(o.failing);
  out["retained"] = to_array(o.retained);
  out["forced"] = o.forced;
  out["skipped"] = to_array(o.skipped);
  out["imports"] = to_object(o.imports);
  out["missing_import"] = o.missing_import;
  out["has_exports"] = o.has_exports;
  if (o.give_up_at) out["give_up_at"] = base::to_ms(*o.give_up_at);
  out["items"] = to_array(o.items);
  out["leftovers"] = to_array(o.leftovers);
  return out;
}

order order_from_json(const json::value& v) {
  const auto& o = members(v);
  order out;
  out.what = static_cast<goal>(integer_of(o, "goal"));
  out.rolling_back = bool_of(o, "rolling_back");
  out.stack = {{string_of(o, "account"), string_of(o, "region")},
               string_of(o, "stack_id"),
               string_of(o, "stack_name"),
               object_of(o, "tags")};
  out.principal = string_of(o, "principal");
  out.token = string_of(o, "token");
  out.wanted = to_revision(object_of(o, "wanted"));
  out.previous = to_revision(object_of(o, "previous"));
  out.failing = static_cast<on_failure>(integer_of(o, "on_failure"));
  out.retained = set_of(o, "retained");
  out.forced = bool_of(o, "forced");
  out.skipped = set_of(o, "skipped");
  out.imports = to_map(object_of(o, "imports"));
  out.missing_import = string_of(o, "missing_import");
  out.has_exports = bool_of(o, "has_exports");
  if (o.contains("give_up_at")) out.give_up_at = base::from_ms(integer_of(o, "give_up_at"));
  out.items = to_items(json::find(v, "items"));
  out.leftovers = to_items(json::find(v, "leftovers"));
  return out;
}

}  // namespace mdlc::services::cloudformation
