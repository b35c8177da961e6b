#include "services/cloudformation/operation.h"

#include <fmt/format.h>

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

json::array to_array(const std::set<std::string>& names) {
  json::array out;
  for (const auto& name : names) out.emplace_back(name);
  return out;
}

// The next of a stream of numbers that a seed stands for (splitmix64).
uint64_t next_chance(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

engine::decision operation::decide(const engine::stimulus& s) {
  new_records_.clear();
  opened_.clear();
  notes_.clear();
  using kind = engine::stimulus::kind;
  engine::decision out;
  switch (s.what) {
    case kind::started: {
      json::object begun;
      begun["k"] = "started";
      begun["order"] = s.body;
      begun["at"] = base::to_ms(s.now);
      record(std::move(begun));
      out.wants_continue = true;
      break;
    }
    case kind::answered:
    case kind::lost:
    case kind::fired: {
      auto slash = s.command.rfind('/');
      auto key = s.command.substr(0, slash);
      key = key.substr(key.find('/') + 1);  // "<round>/<key>/<step>"
      auto found = active_.find(key);
      if (found == active_.end()) return out;
      auto expected = command_of(key, found->second);
      if (!expected || expected->id != s.command) return out;
      if (s.what == kind::fired) {
        json::object look;
        look["k"] = "look";
        look["key"] = key;
        record(std::move(look));
        opened_.push_back(*command_of(key, active_.at(key)));
      } else {
        after_answer(key,
                     s.what == kind::answered
                         ? s.answer
                         : tl::unexpected(api::error{"InternalFailure", "The server stopped during the call", 500}),
                     s.now);
        advance(s.now, s.seed);
      }
      break;
    }
    case kind::go_on:
      advance(s.now, s.seed);
      break;
    default:
      return out;
  }
  if (!new_records_.empty()) out.records = "1" + json::print(new_records_);
  out.opens = std::move(opened_);
  out.ends = phase_ == phase::done;
  return out;
}

surroundings operation::around() {
  surroundings out;
  out.account = order_.stack.scope.account;
  out.region = order_.stack.scope.region;
  out.stack_id = order_.stack.id;
  out.stack_name = order_.stack.name;
  out.parameters = (rolling_back_ ? order_.previous : order_.wanted).parameters;
  out.physical_id = [this](const std::string& id) -> api::answer<json::value> {
    auto found = items_.find(id);
    if (found == items_.end())
      return api::refuse("ValidationError", fmt::format("Unresolved resource dependencies [{}]", id));
    return json::value(found->second.r.physical_id);
  };
  out.attribute = [this](const std::string& id, const std::string& name) -> api::answer<json::value> {
    auto found = items_.find(id);
    if (found == items_.end())
      return api::refuse("ValidationError", fmt::format("Unresolved resource dependencies [{}]", id));
    if (auto* value = found->second.r.attributes.if_contains(name)) return *value;
    return api::refuse(
        "ValidationError",
        fmt::format("Template error: resource {} does not support attribute type {} in Fn::GetAtt", id, name));
  };
  out.import_value = [this](const std::string& name) -> api::answer<json::value> {
    if (auto found = order_.imports.find(name); found != order_.imports.end()) return json::value(found->second);
    return api::refuse("ValidationError", fmt::format("No export named {} found.", name));
  };
  return out;
}

evaluator& operation::expressions() {
  if (!evaluator_) {
    around_ = around();
    evaluator_ = std::make_unique<evaluator>(*template_, around_);
  }
  return *evaluator_;
}

bool operation::wanted(const std::string& id) {
  auto declared = template_->resources.find(id);
  if (declared == template_->resources.end()) return false;
  auto holds = expressions().condition(declared->second.condition);
  return holds && *holds;
}

void operation::advance(base::time_point now, uint64_t seed) {
  // A phase may have nothing to do: go through phases until something is under way.
  while (phase_ != phase::done) {
    if (!(failed_ && phase_ == phase::apply)) {
      if (phase_ == phase::apply)
        begin_ready(now, seed);
      else
        begin_removals(now);
    }
    if (!active_.empty()) return;
    end_phase(now);
  }
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

// Creates, updates or leaves alone; true if it is settled at once.
bool operation::begin_one(const std::string& id, base::time_point now, uint64_t seed) {
  const auto& declared = template_->resources.at(id);
  const auto* type = find_resource_type(declared.type);
  auto existing = items_.find(id);
  json::object begun;
  begun["k"] = "begin";
  begun["key"] = id;
  begun["at"] = base::to_ms(now);
  begun["type"] = declared.type;
  begun["depends_on"] = to_array(declared.depends_on);
  begun["deletion_policy"] = declared.deletion_policy;
  auto refuse = [&](const std::string& reason) {
    begun["action"] = existing == items_.end() ? "create" : "update";
    begun["steps"] = json::array{};
    record(std::move(begun));
    fail(id, reason, now);
    return false;
  };
  if (!type) return refuse(fmt::format("Unrecognized resource types: [{}]", declared.type));
  auto evaluated = expressions().evaluate(declared.properties);
  if (!evaluated) return refuse(evaluated.error().message);
  auto properties = *evaluated && (*evaluated)->is_object() ? (*evaluated)->get_object() : json::object{};
  for (auto name : type->required)
    if (!properties.contains(name))
      return refuse(fmt::format(
          "Properties validation failed for resource {} with message: required key [{}] not found", id, name));
  bool generated = !type->name_property.empty() && !properties.contains(type->name_property);
  bool exists = existing != items_.end() && existing->second.r.type == declared.type;
  bool keeps_name = generated && exists && existing->second.generated_name;
  if (keeps_name) {
    const auto& old_name = existing->second.r.properties.at(type->name_property);
    properties[type->name_property] = old_name;
  }
  bool replaces = existing != items_.end() && !exists;
  if (exists) {
    const auto& before = existing->second.r.properties;
    std::set<std::string> changed;
    for (const auto& [name, value] : properties)
      if (auto* old = before.if_contains(name); !old || *old != value) changed.emplace(name);
    for (const auto& [name, value] : before)
      if (!properties.contains(name)) changed.emplace(name);
    if (changed.empty()) {
      json::object same;
      same["k"] = "same";
      same["key"] = id;
      same["depends_on"] = to_array(declared.depends_on);
      same["deletion_policy"] = declared.deletion_policy;
      record(std::move(same));
      return true;
    }
    replaces = !type->update;
    for (const auto& name : changed) replaces = replaces || type->replaced_by.contains(name);
    if (replaces && !type->name_property.empty() && !generated && !changed.contains(std::string{type->name_property}))
      return refuse(
          fmt::format("CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                      "Rename {} and update the stack again.",
                      existing->second.r.physical_id));
    if (replaces && keeps_name) properties.erase(type->name_property);
  }
  bool creates = !exists || replaces;
  if (creates && generated) properties[type->name_property] = generated_name(*type, id, seed);
  resource target{id, declared.type, creates ? std::string{} : existing->second.r.physical_id, properties,
                  creates ? json::object{} : existing->second.r.attributes};
  auto steps =
      creates ? type->create(order_.stack, target) : type->update(order_.stack, target, existing->second.r.properties);
  begun["properties"] = std::move(properties);
  if (!steps) return refuse(steps.error().message);
  begun["action"] = creates ? "create" : "update";
  begun["replaces"] = creates && replaces;
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

void operation::begin_removals(base::time_point now) {
  bool all = order_.what == goal::remove || (rolling_back_ && order_.what == goal::create);
  std::vector<std::pair<std::string, const item*>> left;
  for (const auto& [physical, one] : leftovers_)
    if (!settled_.contains("#" + physical)) left.emplace_back("#" + physical, &one);
  for (const auto& [id, one] : items_)
    if (!settled_.contains(id) && (all || !wanted(id))) left.emplace_back(id, &one);
  for (const auto& [key, one] : left) {
    if (active_.contains(key)) continue;
    bool needed = false;  // by something that is still to be removed
    for (const auto& [other_key, other] : left)
      if (other != one && other->depends_on.contains(one->r.logical_id)) needed = true;
    if (needed) continue;
    json::object begun;
    begun["k"] = "begin";
    begun["key"] = key;
    begun["at"] = base::to_ms(now);
    begun["action"] = "remove";
    const auto* type = find_resource_type(one->r.type);
    bool keep = order_.retained.contains(one->r.logical_id) || one->deletion_policy == "Retain" ||
                (one->deletion_policy == "RetainExceptOnCreate" && !(rolling_back_ && order_.what == goal::create));
    if (keep || !type || one->r.physical_id.empty()) {
      begun["k"] = "skipped";
      begun["kept"] = keep;
      record(std::move(begun));
      begin_removals(now);  // what depended on it may go on; `left` is stale now
      return;
    }
    auto steps = type->remove(order_.stack, one->r);
    bool nothing = steps.empty();
    begun["steps"] = to_array(steps);
    record(std::move(begun));
    if (nothing) {
      after_step(key, now);
      begin_removals(now);
      return;
    }
    opened_.push_back(*command_of(key, active_.at(key)));
  }
}

std::optional<engine::command> operation::command_of(const std::string& key, const activity& a) const {
  auto id = [&](const std::string& step) { return fmt::format("{}/{}/{}", round_, key, step); };
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

api::answer<json::value> operation::evaluate_outputs() {
  json::array out;
  for (const auto& [name, declared] : template_->outputs) {
    MDLC_TRY(bool holds, expressions().condition(declared.condition));
    if (!holds) continue;
    json::object one;
    one["OutputKey"] = name;
    MDLC_TRY(auto value, expressions().text(declared.value));
    one["OutputValue"] = std::move(value);
    if (!declared.description.empty()) one["Description"] = declared.description;
    if (declared.export_name) {
      MDLC_TRY(auto exported, expressions().text(*declared.export_name));
      one["ExportName"] = std::move(exported);
    }
    out.push_back(std::move(one));
  }
  return out;
}

// Nothing is under way and nothing more can begin: what comes now?
void operation::end_phase(base::time_point now) {
  json::object next;
  next["k"] = "phase";
  next["at"] = base::to_ms(now);
  bool creating = order_.what == goal::create;
  if (phase_ == phase::apply) {
    std::string reason = first_failure_;
    if (!failed_) {
      auto outputs = evaluate_outputs();
      if (outputs)
        next["outputs"] = std::move(*outputs);
      else
        reason = outputs.error().message;
      if (outputs) {
        bool clean_up = !creating;
        next["phase"] = clean_up ? "clean" : "done";
        next["status"] = creating        ? "CREATE_COMPLETE"
                         : rolling_back_ ? "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
                                         : "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS";
        return record(std::move(next));
      }
    }
    if (rolling_back_) {
      next["phase"] = "done";
      next["status"] = "UPDATE_ROLLBACK_FAILED";
    } else if (order_.failing == on_failure::do_nothing) {
      next["phase"] = "done";
      next["status"] = creating ? "CREATE_FAILED" : "UPDATE_FAILED";
    } else {
      next["phase"] = creating ? "clean" : "apply";
      next["rolling_back"] = true;
      next["status"] = !creating                              ? "UPDATE_ROLLBACK_IN_PROGRESS"
                       : order_.failing == on_failure::remove ? "DELETE_IN_PROGRESS"
                                                              : "ROLLBACK_IN_PROGRESS";
    }
    next["reason"] = reason;
    return record(std::move(next));
  }
  next["phase"] = "done";
  bool deleting = order_.what == goal::remove || (creating && order_.failing == on_failure::remove);
  if (deleting)
    next["status"] = failed_ ? "DELETE_FAILED" : "DELETE_COMPLETE";
  else if (creating)
    next["status"] = failed_ ? "ROLLBACK_FAILED" : "ROLLBACK_COMPLETE";
  else
    next["status"] = rolling_back_ ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE";
  if (failed_ && (deleting || creating)) next["reason"] = first_failure_;
  record(std::move(next));
}

std::vector<engine::command> operation::open_commands() const {
  std::vector<engine::command> out;
  for (const auto& [key, a] : active_)
    if (auto command = command_of(key, a)) out.push_back(std::move(*command));
  return out;
}

}  // namespace mdlc::services::cloudformation
