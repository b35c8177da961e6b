// The records of a stack's operation, their fold, and the rows that follow them.
#include <fmt/format.h>

#include "services/cloudformation/operation.h"
#include "services/cloudformation/stacks.h"

namespace mdlc::services::cloudformation {
namespace {

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
  json::object out;
  out["text"] = r.text;
  out["parameters"] = to_object(r.parameters);
  return out;
}

revision to_revision(const json::object& o) { return {string_of(o, "text"), to_map(object_of(o, "parameters"))}; }

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
  out["generated"] = i.generated_name;
  return out;
}

item to_item(const json::object& o) {
  item out;
  out.r = {string_of(o, "logical_id"), string_of(o, "type"), string_of(o, "physical_id"), object_of(o, "properties"),
           object_of(o, "attributes")};
  out.depends_on = set_of(o, "depends_on");
  out.deletion_policy = string_of(o, "deletion_policy");
  out.generated_name = bool_of(o, "generated");
  return out;
}

namespace {

calls to_calls(const json::object& o) {
  calls out;
  if (auto* steps = o.if_contains("steps"); steps && steps->is_array())
    for (const auto& step : steps->get_array()) {
      const auto& one = step.get_object();
      auto* input = one.if_contains("input");
      out.push_back({string_of(one, "service"), string_of(one, "operation"), input ? *input : json::value{}});
    }
  return out;
}

}  // namespace

json::value to_json(const order& o) {
  json::object out;
  out["goal"] = static_cast<int64_t>(o.what);
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
  out["imports"] = to_object(o.imports);
  json::array items;
  for (const auto& one : o.items) items.push_back(to_object(one));
  out["items"] = std::move(items);
  return out;
}

order order_from_json(const json::value& v) {
  static const json::object none;
  const auto& o = v.is_object() ? v.get_object() : none;
  order out;
  out.what = static_cast<goal>(integer_of(o, "goal"));
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
  out.imports = to_map(object_of(o, "imports"));
  if (auto* items = o.if_contains("items"); items && items->is_array())
    for (const auto& one : items->get_array()) out.items.push_back(to_item(one.get_object()));
  return out;
}

void operation::record(json::object r) {
  apply(r);
  new_records_.push_back(std::move(r));
}

base::result<void> operation::replay(std::string_view records) {
  if (records.empty() || records[0] != '1') return base::fail("a stack's records of an unknown format");
  MDLC_TRY(auto list, json::parse(records.substr(1)));
  if (!list.is_array()) return base::fail("a stack's records are no list");
  for (const auto& one : list.get_array())
    if (one.is_object()) apply(one.get_object());
  notes_.clear();
  return {};
}

void operation::set_revision(bool previous) {
  const auto& chosen = previous ? order_.previous : order_.wanted;
  evaluator_.reset();
  auto parsed = chosen.text.empty() ? api::answer<parsed_template>{parsed_template{}} : parse_template(chosen.text);
  // It was parsed before it was accepted; one that a newer mdlc refuses is treated as having no resources.
  template_ = parsed ? std::move(*parsed) : parsed_template{};
}

void operation::apply(const json::object& r) {
  auto kind = string_of(r, "k");
  if (auto at = integer_of(r, "at")) last_change_ = base::from_ms(at);
  if (kind == "started") {
    order_ = order_from_json(r.at("order"));
    for (const auto& one : order_.items) items_[one.r.logical_id] = one;
    phase_ = order_.what == goal::remove ? phase::clean : phase::apply;
    set_revision(false);
  } else if (kind == "phase") {
    auto name = string_of(r, "phase");
    phase_ = name == "apply" ? phase::apply : name == "clean" ? phase::clean : phase::done;
    if (bool_of(r, "rolling_back")) {
      rolling_back_ = true;
      if (order_.what == goal::update) {
        set_revision(true);
        // What was replaced is still there: it takes its place again.
        std::map<std::string, item> swapped;
        for (auto& [physical, old] : leftovers_) {
          auto current = items_.find(old.r.logical_id);
          if (current == items_.end()) continue;
          std::swap(current->second, old);
          swapped.emplace(old.r.physical_id, old);
        }
        leftovers_ = std::move(swapped);
      }
    }
    if (auto* outputs = r.if_contains("outputs")) outputs_ = *outputs;
    settled_.clear();
    failed_ = false;
    ++round_;
    status_ = string_of(r, "status");
    status_reason_ = string_of(r, "reason");
    notes_.push_back({order_.stack.name, order_.stack.id, "AWS::CloudFormation::Stack", status_, status_reason_, {}});
  } else {
    apply_resource(kind, r);
  }
}

void operation::apply_resource(std::string_view kind, const json::object& r) {
  auto key = string_of(r, "key");
  auto note_of = [&](const activity& a, std::string_view ending, std::string reason = {}) {
    std::string_view verb = a.what == action::create ? "CREATE" : a.what == action::update ? "UPDATE" : "DELETE";
    notes_.push_back({a.target.r.logical_id, a.target.r.physical_id, a.target.r.type,
                      fmt::format("{}_{}", verb, ending), std::move(reason), a.target.r.properties});
  };
  if (kind == "begin" || kind == "skipped") {
    activity a;
    auto what = string_of(r, "action");
    a.what = what == "create" ? action::create : what == "update" ? action::update : action::remove;
    a.steps = to_calls(r);
    a.replaces = bool_of(r, "replaces");
    if (a.what == action::remove) {
      a.from_leftovers = key.starts_with('#');
      a.target = a.from_leftovers ? leftovers_.at(key.substr(1)) : items_.at(key);
    } else {
      if (a.what == action::update) {
        a.target = items_.at(key);
        a.before = a.target.r.properties;
      }
      a.target.r.logical_id = key;
      a.target.r.type = string_of(r, "type");
      a.target.r.properties = object_of(r, "properties");
      a.target.depends_on = set_of(r, "depends_on");
      a.target.deletion_policy = string_of(r, "deletion_policy");
      a.target.generated_name = bool_of(r, "generated");
    }
    if (kind == "skipped") {
      if (bool_of(r, "kept")) note_of(a, "SKIPPED");
      if (a.from_leftovers)
        leftovers_.erase(key.substr(1));
      else
        items_.erase(key);
      settled_.insert(key);
      return;
    }
    note_of(a, "IN_PROGRESS");
    active_[key] = std::move(a);
    return;
  }
  if (kind == "same") {
    auto& i = items_.at(key);
    i.depends_on = set_of(r, "depends_on");
    i.deletion_policy = string_of(r, "deletion_policy");
    settled_.insert(key);
    return;
  }
  auto found = active_.find(key);
  if (found == active_.end()) return;
  auto& a = found->second;
  if (kind == "step") {
    bool first = a.what == action::create && a.target.r.physical_id.empty();
    a.target.r.physical_id = string_of(r, "physical_id");
    a.target.r.attributes = object_of(r, "attributes");
    if (a.step < a.steps.size()) ++a.step;
    if (first && !a.target.r.physical_id.empty()) note_of(a, "IN_PROGRESS", "Resource creation Initiated");
  } else if (kind == "look") {
    a.settling = true;
    a.looking = true;
  } else if (kind == "pause") {
    a.looking = false;
    ++a.looks;
    a.next_look = base::from_ms(integer_of(r, "due"));
  } else if (kind == "done") {
    note_of(a, "COMPLETE");
    if (a.what == action::remove) {
      if (a.from_leftovers)
        leftovers_.erase(key.substr(1));
      else
        items_.erase(key);
    } else {
      if (a.replaces)
        if (auto old = items_.find(key); old != items_.end()) leftovers_[old->second.r.physical_id] = old->second;
      items_[key] = a.target;
    }
    settled_.insert(key);
    active_.erase(found);
  } else if (kind == "failed") {
    auto reason = string_of(r, "reason");
    note_of(a, "FAILED", reason);
    if (first_failure_.empty() || phase_ == phase::apply)
      first_failure_ = fmt::format("The following resource(s) failed to {}: [{}]. ",
                                   a.what == action::create   ? "create"
                                   : a.what == action::update ? "update"
                                                              : "delete",
                                   a.target.r.logical_id);
    failed_ = true;
    // What was begun must be undone: a half-made resource is removed, a half-changed one changed back.
    if (a.what == action::create && !a.target.r.physical_id.empty()) {
      if (a.replaces)
        leftovers_[a.target.r.physical_id] = a.target;
      else
        items_[key] = a.target;
    }
    if (a.what == action::update && a.step > 0) items_[key] = a.target;
    settled_.insert(key);
    active_.erase(found);
  }
}

void operation::project(store::transaction& t, const engine::decision& d, store::sequence at) {
  (void)at;
  stack_rows rows{t, order_.stack};
  auto now = last_change_;
  for (const auto& n : notes_) {
    rows.add_event(n.logical_id, n.physical_id, n.type, n.status, n.reason, n.properties, order_.token, now);
    if (n.type == "AWS::CloudFormation::Stack" && n.physical_id == order_.stack.id)
      rows.set_status(n.status, n.reason, now);
  }
  std::map<std::string, const note*> last;
  for (const auto& n : notes_)
    if (n.physical_id != order_.stack.id) last[n.logical_id] = &n;
  for (const auto& [id, n] : last) {
    auto kept = items_.find(id);
    const item* now_is = kept != items_.end() ? &kept->second : nullptr;
    if (auto under_way = active_.find(id); under_way != active_.end()) now_is = &under_way->second.target;
    if (now_is)
      rows.put_resource(*now_is, n->status, n->reason, now);
    else
      rows.end_resource(id, n->status, now);
  }
  if (!d.ends) return;
  bool gone = status_ == "DELETE_COMPLETE";
  std::vector<const item*> left;
  for (const auto& [id, one] : items_) left.push_back(&one);
  const auto& current = rolling_back_ && order_.what == goal::update ? order_.previous : order_.wanted;
  rows.finish(gone, order_.what == goal::remove ? nullptr : &current, outputs_, left);
}

}  // namespace mdlc::services::cloudformation
