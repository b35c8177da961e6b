// The records of a stack's operation, their fold, and the rows that follow them.
#include <fmt/format.h>

#include "services/cloudformation/fields.h"
#include "services/cloudformation/operation.h"
#include "services/cloudformation/rehearsal.h"
#include "services/cloudformation/stacks.h"

namespace mdlc::services::cloudformation {
namespace {

constexpr std::string_view stack_type = "AWS::CloudFormation::Stack";

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

std::vector<item> values(const std::map<std::string, item>& items) {
  std::vector<item> out;
  for (const auto& [key, one] : items) out.push_back(one);
  return out;
}

}  // namespace

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
  if (unreadable_) return base::fail("a stack's template is none that this mdlc takes");
  return {};
}

void operation::choose_revision(bool previous) {
  const auto& chosen = previous ? order_.previous : order_.wanted;
  order_.stack.tags = order_.what == goal::remove ? order_.stack.tags : chosen.tags;
  evaluator_.reset();
  auto parsed = chosen.text.empty() ? api::answer<parsed_template>{parsed_template{}} : parse_template(chosen.text);
  unreadable_ = !parsed;
  template_ = parsed ? std::move(*parsed) : parsed_template{};
  if (!unreadable_) return;
  // It was parsed before it was accepted, by an older mdlc. No resource is to go because of that.
  failed_ = true;
  stopped_ = parsed.error().message;
}

void operation::note_stack(const std::string& status, const std::string& reason) {
  status_ = status;
  notes_.push_back({order_.stack.name, order_.stack.id, std::string{stack_type}, status, reason, {}});
}

void operation::note_of(const activity& a, std::string_view ending, std::string reason) {
  std::string_view verb = a.what == action::remove ? "DELETE" : a.updates() ? "UPDATE" : "CREATE";
  notes_.push_back({a.target.r.logical_id, a.target.r.physical_id, a.target.r.type, fmt::format("{}_{}", verb, ending),
                    std::move(reason), a.target.r.properties, !a.from_leftovers});
}

// What was removed, or is let go.
void operation::forget(const activity& a, const std::string& key) {
  if (a.from_leftovers)
    leftovers_.erase(key.substr(1));
  else
    items_.erase(key);
}

void operation::apply(const json::object& r) {
  auto kind = string_of(r, "k");
  auto key = string_of(r, "key");
  if (auto at = integer_of(r, "at")) last_change_ = base::from_ms(at);
  if (kind == "started") return apply_start(r);
  if (kind == "phase") return apply_phase(r);
  if (kind == "begin") return apply_begin(key, r);
  if (kind == "skipped") return apply_skip(key, r);
  if (kind == "same") return apply_same(key, r);
  if (kind == "stopped") {
    failed_ = true;
    stopped_ = string_of(r, "reason");
    return;
  }
  if (kind == "removal") {
    removing_ = true;
    order_.failing = on_failure::remove;
    order_.token = string_of(r, "token");
    return note_stack("DELETE_IN_PROGRESS", "User Initiated");
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
    apply_done(key);
  } else if (kind == "failed") {
    apply_failure(key, string_of(r, "reason"));
  }
}

void operation::apply_start(const json::object& r) {
  order_ = order_from_json(r.at("order"));
  for (const auto& one : order_.items) items_[one.r.logical_id] = one;
  for (const auto& one : order_.leftovers) leftovers_[leftover_key(one)] = one;
  rolling_back_ = order_.rolling_back;
  bool cleans = order_.what == goal::remove || (is_creating() && rolling_back_);
  phase_ = cleans ? phase::clean : phase::apply;
  choose_revision(rolling_back_ && !is_creating());
  if (rolling_back_) take_back_replaced();
  if (cleans || rolling_back_ || order_.missing_import.empty()) return;
  failed_ = true;
  stopped_ = fmt::format("No export named {} found", order_.missing_import);
}

void operation::apply_phase(const json::object& r) {
  auto name = string_of(r, "phase");
  phase_ = name == "apply"   ? phase::apply
           : name == "claim" ? phase::claim
           : name == "clean" ? phase::clean
                             : phase::done;
  if (auto* outputs = r.if_contains("outputs")) outputs_ = *outputs;
  settled_.clear();
  failed_ = false;
  stopped_.clear();
  failures_.clear();
  ++round_;
  if (auto status = string_of(r, "status"); !status.empty()) note_stack(status, string_of(r, "reason"));
  if (!bool_of(r, "rolling_back")) return;
  rolling_back_ = true;
  if (is_creating()) return;
  choose_revision(true);
  take_back_replaced();
}

// What was replaced is still there: it takes its place again, and what replaced it is left over instead.
void operation::take_back_replaced() {
  std::map<std::string, item> left;
  for (auto& [key, one] : leftovers_) {
    if (one.is_new) {
      left.emplace(key, std::move(one));
      continue;
    }
    auto& place = items_[one.r.logical_id];
    if (!place.r.physical_id.empty()) left.emplace(leftover_key(place), std::move(place));
    place = std::move(one);
    notes_.push_back(
        {place.r.logical_id, place.r.physical_id, place.r.type, "UPDATE_COMPLETE", "", place.r.properties});
  }
  leftovers_ = std::move(left);
}

void operation::apply_begin(const std::string& key, const json::object& r) {
  activity a;
  auto what = string_of(r, "action");
  a.what = what == "create" ? action::create : what == "update" ? action::update : action::remove;
  a.steps = to_calls(r);
  if (a.what == action::remove) {
    a.makes_room = bool_of(r, "makes_room");
    a.from_leftovers = key.starts_with('#');
    a.target = a.from_leftovers ? leftovers_.at(key.substr(1)) : items_.at(key);
    note_of(a, "IN_PROGRESS");
    active_[key] = std::move(a);
    return;
  }
  a.replaces = bool_of(r, "replaces");
  if (a.what == action::update) a.target = items_.at(key);
  if (a.what == action::create) a.target.is_new = true;
  a.target.is = standing::whole;
  a.target.before = {};
  a.target.r.logical_id = key;
  a.target.r.type = string_of(r, "type");
  a.target.r.properties = object_of(r, "properties");
  a.target.depends_on = set_of(r, "depends_on");
  a.target.deletion_policy = string_of(r, "deletion_policy");
  a.target.replace_policy = string_of(r, "replace_policy");
  a.target.generated_name = bool_of(r, "generated");
  a.target.tags = order_.stack.tags;
  if (a.replaces) {  // until there is a new one, the event shows the old one
    auto shown = a;
    shown.target.r.physical_id = items_.at(key).r.physical_id;
    note_of(shown, "IN_PROGRESS",
            "Requested update requires the creation of a new physical resource; hence creating one.");
  } else {
    note_of(a, "IN_PROGRESS");
  }
  active_[key] = std::move(a);
}

void operation::apply_skip(const std::string& key, const json::object& r) {
  activity a;
  a.what = action::remove;
  a.from_leftovers = key.starts_with('#');
  a.target = a.from_leftovers ? leftovers_.at(key.substr(1)) : items_.at(key);
  if (bool_of(r, "kept")) note_of(a, "SKIPPED");
  forget(a, key);
  if (!bool_of(r, "makes_room")) settled_.insert(key);
}

void operation::apply_same(const std::string& key, const json::object& r) {
  auto& i = items_.at(key);
  i.depends_on = set_of(r, "depends_on");
  i.deletion_policy = string_of(r, "deletion_policy");
  i.replace_policy = string_of(r, "replace_policy");
  bool taken_as_it_is = bool_of(r, "skipped");
  if (taken_as_it_is) i.is = standing::whole;
  if (taken_as_it_is || ever_failed_.contains(key))
    notes_.push_back({key, i.r.physical_id, i.r.type, "UPDATE_COMPLETE", "", i.r.properties});
  settled_.insert(key);
}

void operation::apply_done(const std::string& key) {
  auto done = active_.extract(key);
  auto& a = done.mapped();
  note_of(a, "COMPLETE");
  if (a.what == action::remove) {
    forget(a, key);
  } else {
    if (a.replaces)
      if (auto old = items_.find(key); old != items_.end()) leftovers_[leftover_key(old->second)] = old->second;
    items_[key] = std::move(a.target);
  }
  if (!a.makes_room) settled_.insert(key);
}

void operation::apply_failure(const std::string& key, const std::string& reason) {
  auto node = active_.extract(key);
  auto& a = node.mapped();
  note_of(a, "FAILED", reason);
  settled_.insert(key);
  ever_failed_.insert(key);
  if (a.what == action::remove && order_.forced) {
    note_of(a, "SKIPPED");
    return forget(a, key);
  }
  if (a.what == action::remove && phase_ == phase::clean && order_.what == goal::update) {
    let_go_ = true;
    return forget(a, key);
  }
  failed_ = true;
  failures_[a.what == action::create && a.replaces ? action::update : a.what].push_back(a.target.r.logical_id);
  // What was begun must be undone: a half-made resource is removed, a half-changed one changed back.
  if (a.what == action::create && !a.target.r.physical_id.empty()) {
    a.target.is = standing::half_made;
    if (a.replaces)
      leftovers_[leftover_key(a.target)] = std::move(a.target);
    else
      items_[key] = std::move(a.target);
  } else if (a.what == action::update && a.step > 0) {
    a.target.is = standing::half_changed;
    a.target.before = items_.at(key).r.properties;
    items_[key] = std::move(a.target);
  }
}

std::string operation::aftermath_text() const {
  bool stable = status_ == "CREATE_COMPLETE" || status_ == "UPDATE_COMPLETE" || status_ == "UPDATE_ROLLBACK_COMPLETE" ||
                status_ == "ROLLBACK_COMPLETE" || status_ == "DELETE_COMPLETE";
  if (stable) return {};
  return json::print(to_json(aftermath{is_creating() ? revision{} : order_.previous, values(leftovers_)}));
}

std::set<std::string> operation::imports_in_use() const {
  if (items_.empty()) return {};
  const auto& current = standing_revision();
  auto tried = rehearse(*template_, current.parameters, order_.stack);
  return tried ? tried->imports : std::set<std::string>{};
}

void operation::project(store::transaction& t, const engine::decision& d, store::sequence at) {
  (void)at;
  stack_rows rows{t, order_.stack};
  auto now = last_change_;
  std::map<std::string, const note*> last;
  for (const auto& n : notes_) {
    rows.add_event(n.logical_id, n.physical_id, n.type, n.status, n.reason, n.properties, order_.token, now);
    if (n.type == stack_type)
      rows.set_status(n.status, n.reason, now);
    else if (n.changes_row)
      last[n.logical_id] = &n;
  }
  for (const auto& [id, n] : last) {
    auto kept = items_.find(id);
    const item* shown = kept != items_.end() ? &kept->second : nullptr;
    if (auto under_way = active_.find(id); under_way != active_.end() && !(shown && under_way->second.replaces))
      shown = &under_way->second.target;
    if (shown)
      rows.put_resource(*shown, n->status, n->reason, now);
    else
      rows.end_resource(id, n->status, n->reason, now);
  }
  if (!d.ends) return;
  if (status_ == "DELETE_COMPLETE") return rows.forget_stack();
  ending end;
  end.aftermath = aftermath_text();
  end.items = values(items_);
  if (end.aftermath.empty())
    for (auto& one : end.items) one.is_new = false;
  end.keeps_rows = order_.what != goal::update || status_ == "UPDATE_FAILED";
  end.outputs = outputs_;
  end.tags = order_.stack.tags;
  if (order_.what != goal::remove) {
    end.current = &standing_revision();
    if (is_creating()) end.current = &order_.wanted;
    end.description = template_->description;
    end.imports = imports_in_use();
  }
  rows.finish(end);
}

}  // namespace mdlc::services::cloudformation
