#include "services/cloudformation/operation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cloudformation/rehearsal.h"

namespace mdlc::services::cloudformation {
namespace {

constexpr std::string_view timeout_id = "timeout";

json::object record_of(std::string_view kind, base::time_point now) {
  json::object out;
  out["k"] = kind;
  out["at"] = base::to_ms(now);
  return out;
}

bool has_exports(const json::value& outputs) {
  for (const auto& one : outputs.get_array())
    if (one.get_object().contains("ExportName")) return true;
  return false;
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
      auto begun = record_of("started", s.now);
      begun["order"] = s.body;
      record(std::move(begun));
      if (order_.give_up_at) opened_.push_back({std::string{timeout_id}, engine::set_timer{*order_.give_up_at}});
      out.wants_continue = true;
      break;
    }
    case kind::answered:
    case kind::lost:
    case kind::fired:
      answered(s, out);
      break;
    case kind::told:
      told(s, out);
      break;
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

void operation::answered(const engine::stimulus& s, engine::decision&) {
  using kind = engine::stimulus::kind;
  if (s.command == timeout_id) {
    if (!is_creating() || rolling_back_ || phase_ != phase::apply || failed_) return;
    stop_applying("Stack creation time exceeded the specified timeout", s.now);
    return advance(s.now, s.seed);
  }
  auto answer = s.what == kind::lost
                    ? tl::unexpected(api::error{"InternalFailure", "The server stopped during the call", 500})
                    : s.answer;
  if (phase_ == phase::claim && s.command == claim().id) {
    if (!answer) stop_applying(answer.error().message, s.now);
    end_phase(s.now);
    return advance(s.now, s.seed);
  }
  auto key = s.command.substr(0, s.command.rfind('/'));
  key = key.substr(key.find('/') + 1);  // "<round>/<key>/<step>"
  auto found = active_.find(key);
  if (found == active_.end()) return;
  auto expected = command_of(key, found->second);
  if (!expected || expected->id != s.command) return;
  if (s.what == kind::fired) {
    auto look = record_of("look", s.now);
    look["key"] = key;
    record(std::move(look));
    opened_.push_back(*command_of(key, active_.at(key)));
    return;
  }
  after_answer(key, answer, s.now);
  advance(s.now, s.seed);
}

void operation::told(const engine::stimulus& s, engine::decision& out) {
  if (s.name == cancel_message && order_.what == goal::update && phase_ == phase::apply && !rolling_back_ && !failed_) {
    stop_applying("User Initiated", s.now);
  } else if (s.name == remove_message && is_creating() && !removing_) {
    auto removal = record_of("removal", s.now);
    removal["token"] = json::text(s.body, "token");
    record(std::move(removal));
  } else {
    out.reply = api::refuse("ValidationError", "The stack's operation cannot be changed any more");
    return;
  }
  advance(s.now, s.seed);
}

surroundings operation::around() {
  surroundings out;
  out.account = order_.stack.scope.account;
  out.region = order_.stack.scope.region;
  out.stack_id = order_.stack.id;
  out.stack_name = order_.stack.name;
  out.parameters = standing_revision().parameters;
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
    return api::refuse("ValidationError", fmt::format("No export named {} found", name));
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

// A phase may have nothing to do: goes through phases until something is under way.
void operation::advance(base::time_point now, uint64_t seed) {
  while (phase_ != phase::done && phase_ != phase::claim) {
    if (phase_ == phase::clean)
      begin_removals(now);
    else if (!failed_ && !removing_)
      begin_ready(now, seed);
    if (!active_.empty()) return;
    end_phase(now);
  }
}

void operation::stop_applying(const std::string& reason, base::time_point now) {
  auto stop = record_of("stopped", now);
  stop["reason"] = reason;
  record(std::move(stop));
}

api::answer<json::value> operation::evaluate_outputs() {
  json::array out;
  for (const auto& [name, declared] : template_->outputs) {
    MDLC_TRY(bool holds, expressions().condition(declared.condition));
    if (!holds) continue;
    json::object one;
    one["OutputKey"] = name;
    MDLC_TRY(auto value, output_text(expressions(), declared.value));
    one["OutputValue"] = value;
    if (!declared.description.empty()) one["Description"] = declared.description;
    if (declared.export_name) {
      MDLC_TRY(auto exported, output_text(expressions(), *declared.export_name));
      one["ExportName"] = exported;
    }
    out.push_back(std::move(one));
  }
  return out;
}

engine::command operation::claim() const {
  json::object input;
  input["account"] = order_.stack.scope.account;
  input["region"] = order_.stack.scope.region;
  input["stack_id"] = order_.stack.id;
  input["outputs"] = outputs_;
  return {fmt::format("{}/{}", round_, claim_command), engine::own_command{std::string{claim_command}, input}};
}

// Nothing is under way and nothing more can begin: what comes now?
void operation::end_phase(base::time_point now) {
  auto next = record_of("phase", now);
  if (phase_ == phase::clean) return end_clean(std::move(next));
  if (failed_ || removing_) return give_up(std::move(next), {});
  if (phase_ == phase::claim) return end_apply(std::move(next));
  auto outputs = evaluate_outputs();
  if (!outputs) return give_up(std::move(next), outputs.error().message);
  bool claims = !rolling_back_ && (order_.has_exports || has_exports(*outputs));
  next["outputs"] = std::move(*outputs);
  if (!claims) return end_apply(std::move(next));
  next["phase"] = "claim";
  record(std::move(next));
  opened_.push_back(claim());
}

// Everything is as the template says.
void operation::end_apply(json::object next) {
  next["phase"] = is_creating() ? "done" : "clean";
  next["status"] = is_creating()   ? "CREATE_COMPLETE"
                   : rolling_back_ ? "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
                                   : "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS";
  record(std::move(next));
}

std::string operation::failure_reason() const {
  if (!stopped_.empty()) return stopped_;
  std::string out;
  for (const auto& [what, ids] : failures_)
    out += fmt::format("The following resource(s) failed to {}: [{}]. ",
                       what == action::create   ? "create"
                       : what == action::update ? "update"
                                                : "delete",
                       fmt::join(ids, ", "));
  return out;
}

void operation::give_up(json::object next, std::string outputs_problem) {
  std::string reason = outputs_problem.empty() ? failure_reason() : std::move(outputs_problem);
  auto on_behalf = [&](std::string_view what) {
    if (!reason.ends_with(' ')) reason += ". ";
    reason += what;
  };
  if (rolling_back_) {
    next["phase"] = "done";
    next["status"] = "UPDATE_ROLLBACK_FAILED";
  } else if (removing_) {
    next["phase"] = "clean";
    next["rolling_back"] = true;  // its status is DELETE_IN_PROGRESS already
  } else if (order_.failing == on_failure::do_nothing) {
    next["phase"] = "done";
    next["status"] = is_creating() ? "CREATE_FAILED" : "UPDATE_FAILED";
  } else if (is_creating()) {
    next["phase"] = "clean";
    next["rolling_back"] = true;
    bool removes = order_.failing == on_failure::remove;
    next["status"] = removes ? "DELETE_IN_PROGRESS" : "ROLLBACK_IN_PROGRESS";
    on_behalf(removes ? "Delete requested by user." : "Rollback requested by user.");
  } else {
    next["phase"] = "apply";
    next["rolling_back"] = true;
    next["status"] = "UPDATE_ROLLBACK_IN_PROGRESS";
  }
  next["reason"] = reason;
  record(std::move(next));
}

void operation::end_clean(json::object next) {
  next["phase"] = "done";
  bool deleting = order_.what == goal::remove || (is_creating() && order_.failing == on_failure::remove);
  if (deleting)
    next["status"] = failed_ ? "DELETE_FAILED" : "DELETE_COMPLETE";
  else if (is_creating())
    next["status"] = failed_ ? "ROLLBACK_FAILED" : "ROLLBACK_COMPLETE";
  else
    next["status"] = rolling_back_ ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE";
  if (failed_)
    next["reason"] = failure_reason();
  else if (let_go_ && !rolling_back_)
    next["reason"] = "Update successful. One or more resources could not be deleted.";
  record(std::move(next));
}

std::vector<engine::command> operation::open_commands() const {
  std::vector<engine::command> out;
  for (const auto& [key, a] : active_)
    if (auto command = command_of(key, a)) out.push_back(std::move(*command));
  if (phase_ == phase::claim) out.push_back(claim());
  if (order_.give_up_at && phase_ != phase::done)
    out.push_back({std::string{timeout_id}, engine::set_timer{*order_.give_up_at}});
  return out;
}

}  // namespace mdlc::services::cloudformation
