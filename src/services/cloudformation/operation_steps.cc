// What a stack's operation does to one resource: begins it, goes from call to call, waits until it is ready.
#include <fmt/format.h>

#include "services/cloudformation/fields.h"
#include "services/cloudformation/operation.h"

namespace mdlc::services::cloudformation {
namespace {

json::array to_array(const calls& steps) {
  json::array out;
  for (const auto& step : steps) {
    json::object one;
    one["service"] = step.service;
    one["operation"] = step.operation;
    one["input"] = step.input;
    out.push_back(std::move(one));
  }
  return out;
}

// The next of a stream of numbers that a seed stands for (splitmix64).
uint64_t next_chance(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// What is wrong with the properties' names, in AWS's words; nothing if they may stand.
std::optional<std::string> objection(const resource_type& type, const std::string& id, const json::object& properties) {
  std::string complaints;
  for (const auto& [name, value] : properties)
    if (!type.properties.contains(std::string_view{name}))
      complaints += fmt::format("\n#: extraneous key [{}] is not permitted", std::string_view{name});
  for (auto name : type.required)
    if (!properties.contains(name)) complaints += fmt::format("\n#: required key [{}] not found", name);
  if (complaints.empty()) return {};
  return fmt::format("Properties validation failed for resource {} with message:{}", id, complaints);
}

std::set<std::string> changed_names(const json::object& before, const json::object& after) {
  std::set<std::string> out;
  for (const auto& [name, value] : after)
    if (auto* old = before.if_contains(name); !old || *old != value) out.emplace(name);
  for (const auto& [name, value] : before)
    if (!after.contains(name)) out.emplace(name);
  return out;
}

}  // namespace

std::string operation::generated_name(const resource_type& type, const std::string& logical_id, uint64_t seed) const {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr size_t suffix_length = 12;
  std::string suffix;
  for (size_t i = 0; i < suffix_length; ++i) suffix += letters[next_chance(seed) % letters.size()];
  size_t room = type.name_length - suffix_length - 1;
  std::string name = order_.stack.name + "-" + logical_id;
  if (name.size() > room) {
    // Half for the stack, half for the resource, as far as either needs it.
    size_t half = room / 2;
    size_t of_stack = std::min(order_.stack.name.size(), std::max(half, room - std::min(room, logical_id.size() + 1)));
    name = order_.stack.name.substr(0, of_stack) + "-" + logical_id.substr(0, room - of_stack - 1);
  }
  name += "-" + suffix;
  if (type.name_is_lower_case)
    for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

void operation::begin_ready(base::time_point now, uint64_t seed) {
  bool again = true;
  while (again && !failed_) {
    again = false;
    for (const auto& id : template_->order) {
      if (settled_.contains(id) || active_.contains(id) || !wanted(id)) continue;
      bool ready = true;
      for (const auto& other : template_->resources.at(id).depends_on)
        if (wanted(other) && !settled_.contains(other)) ready = false;
      if (!ready) continue;
      if (begin_one(id, now, seed + std::hash<std::string>{}(id))) again = true;
      if (failed_) return;
    }
  }
}

// It is as it should be.
bool operation::keep(const std::string& id, bool taken_as_it_is) {
  const auto& declared = template_->resources.at(id);
  json::object same;
  same["k"] = "same";
  same["key"] = id;
  same["skipped"] = taken_as_it_is;
  same["depends_on"] = to_array(declared.depends_on);
  same["deletion_policy"] = declared.deletion_policy;
  same["replace_policy"] = declared.replace_policy;
  record(std::move(same));
  return true;
}

// Creates, updates or leaves alone; true if it is settled at once.
bool operation::begin_one(const std::string& id, base::time_point now, uint64_t seed) {
  const auto& declared = template_->resources.at(id);
  const auto* type = find_resource_type(declared.type);
  auto found = items_.find(id);
  const item* existing = found == items_.end() ? nullptr : &found->second;
  if (existing && rolling_back_ && order_.skipped.contains(id)) return keep(id, true);
  if (existing && existing->is == standing::half_made) return begin_removal(id, *existing, true, now), false;
  bool exists = existing && existing->r.type == declared.type;
  json::object begun;
  begun["k"] = "begin";
  begun["key"] = id;
  begun["at"] = base::to_ms(now);
  begun["type"] = declared.type;
  begun["depends_on"] = to_array(declared.depends_on);
  begun["deletion_policy"] = declared.deletion_policy;
  begun["replace_policy"] = declared.replace_policy;
  auto refuse = [&](const std::string& reason) {
    begun["action"] = exists ? "update" : "create";
    begun["replaces"] = existing && !exists;
    begun["steps"] = json::array{};
    record(std::move(begun));
    fail(id, reason, now);
    return false;
  };
  if (!type) return refuse(fmt::format("Unrecognized resource types: [{}]", declared.type));
  auto evaluated = expressions().evaluate(declared.properties);
  if (!evaluated) return refuse(evaluated.error().message);
  auto properties = *evaluated && (*evaluated)->is_object() ? (*evaluated)->get_object() : json::object{};
  if (auto wrong = objection(*type, id, properties)) return refuse(*wrong);
  bool generated = !type->name_property.empty() && !properties.contains(type->name_property);
  bool replaces = existing && !exists;
  former before;
  if (exists) {
    if (generated && existing->generated_name)
      properties[type->name_property] = existing->r.properties.at(type->name_property);
    auto changed = changed_names(existing->r.properties, properties);
    bool finishes = existing->is == standing::half_changed && changed.empty();
    bool tags_differ = type->takes_tags() && existing->tags != order_.stack.tags;
    if (changed.empty() && !finishes && !tags_differ) return keep(id, false);
    before = {finishes ? existing->before : existing->r.properties, existing->tags};
    replaces = !type->update;
    for (const auto& name : changed) replaces = replaces || type->replaced_by.contains(name);
    if (replaces && !type->name_property.empty() && !generated && !changed.contains(std::string{type->name_property}))
      return refuse(
          fmt::format("CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                      "Rename {} and update the stack again.",
                      existing->r.physical_id));
  }
  bool creates = !exists || replaces;
  if (creates && generated) properties[type->name_property] = generated_name(*type, id, seed);
  resource target{id, declared.type, creates ? std::string{} : existing->r.physical_id, properties,
                  creates ? json::object{} : existing->r.attributes};
  auto steps = creates ? type->create(order_.stack, target) : type->update(order_.stack, target, before);
  begun["properties"] = std::move(properties);
  if (!steps) return refuse(steps.error().message);
  begun["action"] = creates ? "create" : "update";
  begun["replaces"] = replaces;
  begun["generated"] = generated;
  begun["steps"] = to_array(*steps);
  record(std::move(begun));
  if (steps->empty()) {
    after_step(id, now);
    return !active_.contains(id);
  }
  opened_.push_back(*command_of(id, active_.at(id)));
  return false;
}

bool operation::stays(const std::string& key, const item& one) const {
  if (order_.retained.contains(one.r.logical_id)) return true;
  if (key.starts_with('#')) return one.replace_policy == "Retain" && !one.is_new;
  return one.deletion_policy == "Retain" || (one.deletion_policy == "RetainExceptOnCreate" && !one.is_new);
}

void operation::begin_removals(base::time_point now) {
  bool all = order_.what == goal::remove || is_creating();
  bool again = true;
  while (again) {
    again = false;
    std::vector<std::pair<std::string, const item*>> left;
    std::set<std::string> needed;  // by what is still to be removed, or could not be
    for (const auto& [key, one] : leftovers_) left.emplace_back("#" + key, &one);
    for (const auto& [id, one] : items_)
      if (all || !wanted(id)) left.emplace_back(id, &one);
    for (const auto& [key, one] : left) needed.insert(one->depends_on.begin(), one->depends_on.end());
    for (const auto& [key, one] : left) {
      if (settled_.contains(key) || active_.contains(key) || needed.contains(one->r.logical_id)) continue;
      if (!begin_removal(key, *one, false, now)) continue;
      again = true;  // what it needed may go now; `left` is stale
      break;
    }
    if (again || !active_.empty() || failed_) continue;
    // What is left over from several operations may need each other: then in any order.
    for (const auto& [key, one] : left) {
      if (settled_.contains(key)) continue;
      again = begin_removal(key, *one, false, now);
      break;
    }
  }
}

// True if it is done at once.
bool operation::begin_removal(const std::string& key, const item& one, bool makes_room, base::time_point now) {
  json::object begun;
  begun["k"] = "begin";
  begun["key"] = key;
  begun["at"] = base::to_ms(now);
  begun["action"] = "remove";
  begun["makes_room"] = makes_room;
  const auto* type = find_resource_type(one.r.type);
  bool kept = !makes_room && stays(key, one);
  if (kept || !type || one.r.physical_id.empty()) {
    begun["k"] = "skipped";
    begun["kept"] = kept;
    record(std::move(begun));
    return true;
  }
  auto steps = type->remove(order_.stack, one.r);
  bool nothing = steps.empty();
  begun["steps"] = to_array(steps);
  record(std::move(begun));
  if (nothing)
    after_step(key, now);
  else
    opened_.push_back(*command_of(key, active_.at(key)));
  return nothing;
}

std::optional<engine::command> operation::command_of(const std::string& key, const activity& a) const {
  // A removal that makes room is followed by a creation under the same key.
  auto id = [&](const std::string& step) {
    return fmt::format("{}/{}/{}{}", round_, key, a.makes_room ? "room" : "", step);
  };
  auto call = [&](const std::string& step, const operation_call& c) {
    return engine::command{
        id(step), engine::call_operation{c.service, c.operation, c.input, order_.stack.scope, order_.principal}};
  };
  if (a.settling) {
    if (!a.looking) return engine::command{id(fmt::format("pause{}", a.looks)), engine::set_timer{a.next_look}};
    return call(fmt::format("look{}", a.looks), find_resource_type(a.target.r.type)->settle(a.target.r));
  }
  if (a.step >= a.steps.size()) return {};
  return call(std::to_string(a.step), a.steps[a.step]);
}

void operation::after_answer(const std::string& key, const api::answer<json::value>& answer, base::time_point now) {
  const auto& a = active_.at(key);
  const auto* type = find_resource_type(a.target.r.type);
  if (a.settling) {
    bool removing = a.what == action::remove;
    auto is = removing ? (!answer && says_missing(answer.error()) ? readiness::ready : readiness::not_yet)
                       : type->settled(answer);
    if (is == readiness::failed || a.looks >= settle_attempts_max)
      return fail(key, answer ? "Resource did not stabilize" : answer.error().message, now);
    json::object looked;
    looked["key"] = key;
    if (is == readiness::ready) {
      looked["k"] = "done";
      looked["at"] = base::to_ms(now);
      record(std::move(looked));
      return;
    }
    int pause_ms = std::min(settle_longest_pause_ms, settle_first_pause_ms << std::min(a.looks, 10));
    looked["k"] = "pause";
    looked["due"] = base::to_ms(now) + pause_ms;
    record(std::move(looked));
    opened_.push_back(*command_of(key, active_.at(key)));
    return;
  }
  if (!answer && !(a.what == action::remove && says_missing(answer.error())))
    return fail(key, answer.error().message, now);
  auto changed = a.target.r;
  if (answer && a.what != action::remove) type->absorb(order_.stack, changed, a.steps[a.step], *answer);
  record_step(key, changed);
  after_step(key, now);
}

void operation::record_step(const std::string& key, const resource& changed) {
  json::object step;
  step["k"] = "step";
  step["key"] = key;
  step["physical_id"] = changed.physical_id;
  step["attributes"] = changed.attributes;
  record(std::move(step));
}

// A call is done (or there was none): the next one, the settling, or the end.
void operation::after_step(const std::string& key, base::time_point now) {
  const auto& a = active_.at(key);
  const auto* type = find_resource_type(a.target.r.type);
  if (a.step < a.steps.size()) {
    opened_.push_back(*command_of(key, a));
    return;
  }
  if (a.steps.empty() && a.what == action::create) {  // nothing was asked, so nothing was absorbed
    auto changed = a.target.r;
    type->absorb(order_.stack, changed, {}, {});
    record_step(key, changed);
  }
  bool settles = type->settle && (a.what != action::remove || type->settles_after_remove);
  json::object next;
  next["key"] = key;
  next["k"] = settles ? "look" : "done";
  next["at"] = base::to_ms(now);
  record(std::move(next));
  if (settles) opened_.push_back(*command_of(key, active_.at(key)));
}

void operation::fail(const std::string& key, const std::string& reason, base::time_point now) {
  json::object failed;
  failed["k"] = "failed";
  failed["key"] = key;
  failed["reason"] = reason;
  failed["at"] = base::to_ms(now);
  record(std::move(failed));
}

}  // namespace mdlc::services::cloudformation
