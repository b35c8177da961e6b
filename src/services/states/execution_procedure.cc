#include "services/states/execution_procedure.h"

#include <fmt/format.h>

#include "services/states/map_run.h"
#include "sys/crash_point.h"

namespace mdlc::services::states {
namespace {

using asl_stimulus = decltype(asl::stimulus::what);

constexpr std::string_view timer_prefix = "timer/";
constexpr std::string_view end_suffix = "/end";
constexpr std::string_view stop_suffix = "/stop";

asl::failure failure_in(const json::value& v) {
  asl::failure out;
  if (auto* e = json::find(v, "error"); e && e->is_string()) out.error = std::string{json::view(e->get_string())};
  if (auto* c = json::find(v, "cause"); c && c->is_string()) out.cause = std::string{json::view(c->get_string())};
  return out;
}

asl::document document_of(json::value v) { return asl::document::from_tree(std::move(v)); }

}  // namespace

std::string principal_of(const std::string& role, std::string_view session) {
  auto arn = base::parse_arn(role);
  if (!arn) return role;
  auto name = arn->resource.substr(arn->resource.rfind('/') + 1);
  return fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", arn->account, name, session);
}

execution_procedure::execution_procedure(const integrations::catalogue& c, programme_ptr p, asl::execution_info info,
                                         std::string input, child_of child, json::object mocks)
    : catalogue_(c),
      uid_(info.uid),
      programme_(std::move(p)),
      info_(std::move(info)),
      input_(std::move(input)),
      child_(std::move(child)),
      mocks_(std::move(mocks)) {}

execution_procedure::execution_procedure(const integrations::catalogue& c, std::string uid, loader load)
    : catalogue_(c), uid_(std::move(uid)), load_(std::move(load)) {}

std::string execution_procedure::name_of(const asl::command_id& id) {
  return fmt::format("{}.{}", id.sequence, id.attempt);
}

// --- Decide

engine::decision execution_procedure::decide(const engine::stimulus& s) {
  engine::decision out;
  notes_ = {};
  now_ = s.now;
  if (auto what = translate(out, s)) step(out, s, std::move(*what));
  if (out.records.empty() && (!notes_.stop.empty() || !notes_.stopped.empty())) interpret(out, {});
  finish(out);
  return out;
}

void execution_procedure::step(engine::decision& out, const engine::stimulus& s, asl_stimulus what) {
  interpret(out,
            asl::decide(*programme_->program, execution_, {.time = s.now, .seed = s.seed, .what = std::move(what)}));
}

// The interpreter's decision as the engine's; what it opens and closes adds to the row's notes.
void execution_procedure::interpret(engine::decision& out, const asl::decision& d) {
  for (const auto& r : d.records) {
    mocks_.fold(r);
    if (r.kind == asl::record_kind::entered) sys::crash_scene(r.name);
  }
  for (const auto& id : d.closed_tasks) close(out, id);
  for (auto sequence : d.closed_timers) out.closes.push_back(fmt::format("{}{}", timer_prefix, sequence));
  for (const auto& c : d.opened) {
    if (auto* t = std::get_if<asl::task_command>(&c)) {
      open(out, *t);
    } else {
      const auto& timer = std::get<asl::timer_command>(c);
      out.opens.push_back({fmt::format("{}{}", timer_prefix, timer.sequence), engine::set_timer{timer.due}});
    }
  }
  out.wants_continue = d.wants_continue;
  json::object ours;
  if (first_row_ && !d.records.empty()) {
    ours = {{"machine", programme_->machine}, {"revision", programme_->revision}};
    if (!child_.map_run.empty()) {
      ours["map_run"] = child_.map_run;
      ours["items"] = child_.items;
    }
    if (!mocks_.states().empty()) ours["mocks"] = mocks_.states();
    first_row_ = false;
  }
  if (!notes_.stop.empty()) ours["stop"] = std::move(notes_.stop);
  if (!notes_.stopped.empty()) ours["stopped"] = std::move(notes_.stopped);
  if (d.records.empty() && ours.empty()) return;
  out.records = json::print(ours) + "\n" + (d.records.empty() ? "" : asl::encode(d.records));
}

// An execution that has ended stays open while what it began is being stopped.
void execution_procedure::finish(engine::decision& out) {
  out.ends = execution_.ended() && stops_.empty() && orphans_.empty();
}

// --- What happens, in the interpreter's words

std::optional<asl_stimulus> execution_procedure::translate(engine::decision& out, const engine::stimulus& s) {
  using enum engine::stimulus::kind;
  switch (s.what) {
    case started: {
      auto info = info_;
      info.start = s.now;
      return asl::started{std::move(info), asl::document::from_text(input_), child_.start};
    }
    case go_on:
      if (asl::wants_continue(execution_)) return asl::continue_{};
      return {};
    case begun:
      if (auto found = tasks_.find(s.command); found != tasks_.end()) return asl::task_started{found->second.id, {}};
      return {};
    case fired: {
      auto sequence = std::string_view{s.command}.substr(timer_prefix.size());
      return asl::timer_fired{std::stoull(std::string{sequence})};
    }
    case answered:
      return this->answered(out, s);
    case lost: {
      auto found = tasks_.extract(s.command);
      if (!found) return {};
      const auto& t = found.mapped();
      return asl::task_failed{t.id, catalogue_.find(t.what)->lost(t.what)};
    }
    case told:
      return this->told(out, s);
  }
  return {};
}

std::optional<asl_stimulus> execution_procedure::answered(engine::decision& out, const engine::stimulus& s) {
  if (stops_.erase(s.command) > 0) {
    notes_.stopped.emplace_back(s.command);
    return {};
  }
  std::string id =
      s.command.ends_with(end_suffix) ? s.command.substr(0, s.command.size() - end_suffix.size()) : s.command;
  auto found = tasks_.find(id);
  if (found == tasks_.end()) return {};
  auto& t = found->second;
  if (orphans_.erase(id) > 0) {
    if (s.answer) add_stop(out, id, t, *s.answer);
    tasks_.erase(found);
    return {};
  }
  auto ended = [&](asl_stimulus what) {
    tasks_.erase(id);
    answers_.erase(id);
    return what;
  };
  if (t.at == phase::mocked || t.at == phase::mocked_end) {
    auto what = mocked(out, id, t, *s.answer);
    return std::holds_alternative<asl::task_submitted>(*what) ? what : ended(std::move(*what));
  }
  if (t.at == phase::refused) return ended(asl::task_failed{t.id, failure_in(*s.answer)});
  if (t.at == phase::map_run) {
    if (s.answer) return ended(asl::task_succeeded{t.id, document_of(*s.answer)});
    return ended(asl::task_failed{t.id, {.error = s.answer.error().code, .cause = s.answer.error().message}});
  }
  auto* integration = catalogue_.find(t.what);
  if (t.at == phase::awaiting) {
    if (!s.answer)
      return ended(asl::task_failed{t.id,
                                    {.error = "States.TaskFailed",
                                     .cause = fmt::format("{}: {}", s.answer.error().code, s.answer.error().message)}});
    auto ending = integration->ending(t.what, *s.answer);
    if (!ending) return ended(asl::task_failed{t.id, ending.error()});
    return ended(asl::task_succeeded{t.id, document_of(*std::move(ending))});
  }
  auto result = integration->result(t.what, {s.answer, s.request_id});
  if (!result) return ended(asl::task_failed{t.id, result.error()});
  if (t.what.pattern == asl::task_pattern::request_response)
    return ended(asl::task_succeeded{t.id, document_of(*std::move(result))});
  t.at = t.what.pattern == asl::task_pattern::wait_for_task_token ? phase::token : phase::awaiting;
  if (auto next = command_for(id, t, *s.answer)) out.opens.push_back(std::move(*next));
  if (t.at == phase::awaiting) answers_[id] = *s.answer;
  return asl::task_submitted{t.id, document_of(*std::move(result))};
}

// A job that is mocked is submitted before it has succeeded, both with the same output.
std::optional<asl_stimulus> execution_procedure::mocked(engine::decision& out, const std::string& id, open_task& t,
                                                        const json::value& answer) {
  if (const auto* thrown = json::find(answer, "Throw")) {
    asl::failure why{.error = std::string{json::text(*thrown, "Error")}, .cause = {}};
    if (json::find(*thrown, "Cause")) why.cause = std::string{json::text(*thrown, "Cause")};
    return asl::task_failed{t.id, std::move(why)};
  }
  auto output = document_of(answer.at("Return"));
  if (t.at == phase::mocked_end || t.what.pattern == asl::task_pattern::request_response)
    return asl::task_succeeded{t.id, std::move(output)};
  t.at = phase::mocked_end;
  out.opens.push_back(*command_for(id, t, nullptr));
  return asl::task_submitted{t.id, std::move(output)};
}

std::optional<asl_stimulus> execution_procedure::told(engine::decision& out, const engine::stimulus& s) {
  if (s.name == "redrive") {
    out.reply = json::object{{"redriven_ms", base::to_ms(s.now)}};
    return asl::redriven{};
  }
  if (s.name != "stop") return told_by_token(out, s);
  if (execution_.ended()) {
    out.reply = json::object{{"stopped_ms", base::to_ms(execution_.stop_time())}};
    return {};
  }
  out.reply = json::object{{"stopped_ms", base::to_ms(s.now)}};
  return asl::stopped{failure_in(s.body)};
}

std::optional<asl_stimulus> execution_procedure::told_by_token(engine::decision& out, const engine::stimulus& s) {
  auto token = json::text(s.body, "token");
  auto parts = asl::parse_token(token);
  if (!parts || !asl::knows_token(execution_, token)) {
    out.reply = api::refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
    return {};
  }
  auto id = parts->command;
  if (s.name == "task_heartbeat") return asl::task_heartbeat{id};
  if (s.name == "activity_started") return asl::task_started{id, std::string{json::text(s.body, "worker")}};
  // Its call may still be under way; its answer means nothing any more.
  tasks_.erase(name_of(id));
  out.closes.push_back(name_of(id));
  if (s.name == "task_failure") return asl::task_failed{id, failure_in(s.body)};
  return asl::task_succeeded{id, asl::document::from_text(std::string{json::text(s.body, "output")})};
}

// --- Commands

engine::call_operation execution_procedure::call_of(const integrations::call& c, const asl::task& t) const {
  const auto& role = t.credentials_role.empty() ? programme_->role : t.credentials_role;
  return {.service = c.service,
          .operation = c.operation,
          .input = c.input,
          .scope = programme_->scope,
          .principal = principal_of(role, execution_.info().name)};
}

std::optional<engine::command> execution_procedure::command_for(const std::string& id, const open_task& t,
                                                                const json::value& answer) const {
  auto own = [](std::string_view name, json::value input) { return engine::own_command{std::string{name}, input}; };
  switch (t.at) {
    case phase::token:
      return {};
    case phase::map_run: {
      auto plan = t.what.parameters.tree();
      if (!mocks_.states().empty()) plan.as_object()["mocks"] = mocks_.states();
      return engine::command{id, own(map_run_command, {{"arn", t.what.resource}, {"plan", std::move(plan)}})};
    }
    case phase::mocked:
      return engine::command{id, own(mock_command, *mocks_.answer_to(t.id))};
    case phase::mocked_end:
      return engine::command{id + std::string{end_suffix}, own(mock_command, *mocks_.answer_to(t.id))};
    case phase::activity:
      return engine::command{id,
                             own(activity_command, {{"arn", t.what.resource},
                                                    {"token", t.what.token},
                                                    {"input", t.what.parameters ? t.what.parameters.text() : "{}"}})};
    case phase::awaiting: {
      auto wait = catalogue_.find(t.what)->awaits(t.what, answer);
      auto call = call_of(wait->describe, t.what);
      return engine::command{id + std::string{end_suffix}, own(await_command, {{"resource", t.what.resource},
                                                                               {"arn", wait->arn},
                                                                               {"service", call.service},
                                                                               {"operation", call.operation},
                                                                               {"input", call.input},
                                                                               {"account", call.scope.account},
                                                                               {"region", call.scope.region},
                                                                               {"principal", call.principal}})};
    }
    case phase::calling:
    case phase::refused:
      break;
  }
  auto* integration = catalogue_.find(t.what);
  auto begin = integration ? integration->begin(t.what)
                           : tl::unexpected(asl::failure{
                                 .error = "States.Runtime",
                                 .cause = fmt::format("The resource '{}' is not served here.", t.what.resource)});
  if (begin) return engine::command{id, call_of(*begin, t.what)};
  return engine::command{id, own(refuse_command, {{"error", begin.error().error.value_or("States.TaskFailed")},
                                                  {"cause", begin.error().cause.value_or("")}})};
}

execution_procedure::phase execution_procedure::phase_of(const asl::command_id& id, const asl::task& t) const {
  if (mocks_.answer_to(id)) return phase::mocked;
  if (t.kind == asl::task_kind::activity) return phase::activity;
  return t.kind == asl::task_kind::map_run ? phase::map_run : phase::calling;
}

void execution_procedure::open(engine::decision& out, const asl::task_command& c) {
  auto id = name_of(c.id);
  open_task t{c.id, c.what, phase_of(c.id, c.what)};
  auto command = command_for(id, t, nullptr);
  if (auto* own = std::get_if<engine::own_command>(&command->what); own && own->name == refuse_command)
    t.at = phase::refused;
  tasks_.emplace(id, std::move(t));
  out.opens.push_back(std::move(*command));
}

// A task that nobody waits for any more: the job that it began is stopped, or will be, should its call still begin one.
void execution_procedure::close(engine::decision& out, const asl::command_id& which) {
  auto id = name_of(which);
  auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  auto& t = found->second;
  bool sync = t.what.pattern == asl::task_pattern::sync || t.what.pattern == asl::task_pattern::sync2;
  if (sync && t.at == phase::calling) {
    orphans_.insert(id);
    return;
  }
  if (t.at == phase::awaiting) {
    out.closes.push_back(id + std::string{end_suffix});
    add_stop(out, id, t, answers_[id]);
    answers_.erase(id);
  } else {
    out.closes.push_back(t.at == phase::mocked_end ? id + std::string{end_suffix} : id);
  }
  tasks_.erase(found);
}

void execution_procedure::add_stop(engine::decision& out, const std::string& id, const open_task& t,
                                   const json::value& answer) {
  auto stop = catalogue_.find(t.what)->stop(t.what, answer);
  if (!stop) return;
  auto call = call_of(*stop, t.what);
  auto stop_id = id + std::string{stop_suffix};
  notes_.stop.push_back({{"id", stop_id},
                         {"service", call.service},
                         {"operation", call.operation},
                         {"input", call.input},
                         {"principal", call.principal}});
  stops_.emplace(stop_id, call);
  out.opens.push_back({stop_id, std::move(call)});
}

// --- Recovery

base::result<void> execution_procedure::replay(std::string_view records) {
  auto line = records.find('\n');
  if (line == std::string_view::npos) return base::fail("an execution's row that is cut off");
  MDLC_TRY(auto ours, json::parse(records.substr(0, line)));
  if (auto machine = json::text(ours, "machine"); !machine.empty()) {
    MDLC_TRY(programme_, load_(std::string{machine}, std::string{json::text(ours, "revision")}));
    child_.map_run = json::text(ours, "map_run");
    if (const auto* items = json::find(ours, "items")) child_.items = items->as_int64();
    if (const auto* mocks = json::find(ours, "mocks")) mocks_ = mocked_tasks{mocks->as_object()};
    first_row_ = false;
  }
  if (auto* stops = json::find(ours, "stop"))
    for (const auto& s : stops->as_array())
      stops_[std::string{json::text(s, "id")}] = {.service = std::string{json::text(s, "service")},
                                                  .operation = std::string{json::text(s, "operation")},
                                                  .input = *json::find(s, "input"),
                                                  .scope = programme_->scope,
                                                  .principal = std::string{json::text(s, "principal")}};
  if (auto* stopped = json::find(ours, "stopped"))
    for (const auto& id : stopped->as_array()) stops_.erase(std::string{json::view(id.as_string())});
  if (records.size() > line + 1) {
    MDLC_TRY(auto rows, asl::decode(records.substr(line + 1)));
    for (const auto& r : rows) {
      asl::evolve(execution_, r);
      mocks_.fold(r);
    }
  }
  return {};
}

void execution_procedure::replayed() {
  projected_ = execution_.status();
  redrives_projected_ = execution_.redrives();
  for (const auto& c : asl::open_commands(execution_)) {
    auto* t = std::get_if<asl::task_command>(&c);
    if (!t) continue;
    auto at = phase_of(t->id, t->what);
    if (t->submitted && at == phase::mocked)
      at = phase::mocked_end;
    else if (t->submitted)
      at = t->what.pattern == asl::task_pattern::wait_for_task_token ? phase::token : phase::awaiting;
    auto id = name_of(t->id);
    if (at == phase::awaiting) answers_[id] = t->answer.tree();
    open_task made{t->id, t->what, at};
    auto command = command_for(id, made, answers_[id]);
    if (command)
      if (auto* own = std::get_if<engine::own_command>(&command->what); own && own->name == refuse_command)
        made.at = phase::refused;
    if (at != phase::awaiting) answers_.erase(id);
    tasks_.emplace(id, std::move(made));
  }
}

std::vector<engine::command> execution_procedure::open_commands() const {
  std::vector<engine::command> out;
  for (const auto& [id, call] : stops_) out.push_back({id, call});
  for (const auto& [id, t] : tasks_) {
    auto answer = answers_.find(id);
    if (auto c = command_for(id, t, answer == answers_.end() ? json::value{} : answer->second))
      out.push_back(std::move(*c));
  }
  for (const auto& c : asl::open_commands(execution_))
    if (auto* timer = std::get_if<asl::timer_command>(&c))
      out.push_back({fmt::format("{}{}", timer_prefix, timer->sequence), engine::set_timer{timer->due}});
  return out;
}

// --- Projection

void execution_procedure::project(store::transaction& t, const engine::decision& d, store::sequence at) {
  using enum asl::execution_status;
  for (const auto& c : d.opens)
    if (auto* own = std::get_if<engine::own_command>(&c.what); own && own->name == map_run_command) {
      auto arn = std::string{json::text(own->input, "arn")};
      const auto& plan = own->input.at("plan");
      if (json::find(plan, "redrive"))
        redrive_map_run(t, arn, c.id, now_);
      else
        insert_map_run(t, uid_, c.id, arn, plan, now_);
      map_runs_.begun.push_back(arn);
    }
  for (const auto& id : d.closes) {
    if (id.starts_with(timer_prefix)) continue;
    if (auto arn = abort_map_run(t, uid_, id)) map_runs_.aborted.push_back(*arn);
  }
  // All that was decided so far is appended with this batch, its end maybe, too.
  if (projected_ == not_started) to_tell_.push_back(projected_ = running);
  if (redrives_projected_ != execution_.redrives()) {
    redrives_projected_ = execution_.redrives();
    to_tell_.push_back(projected_ = running);
    t.run(
        "UPDATE states_execution SET status = 'RUNNING', stopped_ms = NULL, error = NULL, cause = NULL, last = 0, "
        "redrives = ?2, redriven_ms = ?3 WHERE uid = ?1",
        {uid_, redrives_projected_, base::to_ms(now_)});
  }
  if (!execution_.ended()) return;
  if (projected_ != execution_.status()) to_tell_.push_back(projected_ = execution_.status());
  std::optional<std::string> output;
  if (projected_ == succeeded) output = execution_.output().text();
  const auto& why = execution_.why();
  t.run(
      "UPDATE states_execution SET status = ?2, stopped_ms = ?3, output = ?4, error = ?5, cause = ?6, last = ?7 "
      "WHERE uid = ?1",
      {uid_, asl::status_name(execution_.status()), base::to_ms(execution_.stop_time()), output, why.error, why.cause,
       at});
}

}  // namespace mdlc::services::states
