#include "services/states/service.h"

#include <stdexcept>

#include "services/states/operations.h"
#include "services/states/schema.h"

namespace mdlc::services::states {
namespace {

// Of input and output as strings in an event. EventBridge's own bound is 256 KB for all of an event.
constexpr size_t event_payload_bytes_max = 248 * 1024;

json::value milliseconds(base::time_point t) { return base::to_ms(t); }

json::value included(bool is) { return {{"included", is}}; }

}  // namespace

service::service(api::host& h)
    : host(h),
      integrations(h.operations),
      activities(h.env, h.timers),
      waits(h, integrations,
            [this](const std::string& uid, const engine::command_id& id, api::answer<json::value> a) {
              executions.answer(uid, id, std::move(a));
            }),
      executions(h, *this),
      map_runs(*this) {
  if (auto usable = check_mock_config(); !usable) throw std::runtime_error(usable.error().message);
  if (auto made = host.db.migrate("states", schema()); !made) throw std::runtime_error(made.error().message);
  host.bus.subscribe([this](const api::event& e) { waits.heard(e); });
}

service::~service() { stop(); }

void service::stop() {
  map_runs.stop();
  executions.stop();
  activities.release_all();
}

base::result<programme_ptr> service::load(store::reader& r, const std::string& machine, const std::string& id) {
  auto key = machine + "/" + id;
  {
    std::lock_guard lock{mutex_};
    if (auto found = programmes_.find(key); found != programmes_.end())
      if (auto kept = found->second.lock()) return kept;
  }
  auto revision = get_revision(r, machine, id);
  auto type = revision.type == "EXPRESS" ? asl::machine_type::express : asl::machine_type::standard;
  auto compiled = asl::compile(revision.definition, {.type = type});
  if (!compiled) return base::fail("a stored definition does not compile: " + asl::refusal(compiled.error()));
  auto made = std::make_shared<const programme>(
      programme{machine, id, revision.scope, revision.role, type == asl::machine_type::express, *std::move(compiled)});
  std::lock_guard lock{mutex_};
  std::erase_if(programmes_, [](const auto& entry) { return entry.second.expired(); });
  programmes_[key] = made;
  return made;
}

void service::when_ended(const std::string& uid, std::function<void()> call) {
  std::lock_guard lock{mutex_};
  if (call)
    when_ended_[uid] = std::move(call);
  else
    when_ended_.erase(uid);
}

// --- engine::kind

std::unique_ptr<engine::procedure> service::make(const std::string& uid) {
  return std::make_unique<execution_procedure>(
      integrations, uid, [this](const std::string& machine, const std::string& revision) {
        return host.db.read([&](store::reader& r) { return load(r, machine, revision); });
      });
}

void service::issue(const std::string& uid, const engine::command_id& id, const engine::own_command& c) {
  if (c.name == await_command) {
    waits.add(uid, id, c.input);
  } else if (c.name == activity_command) {
    activities.add(std::string{json::text(c.input, "arn")},
                   {uid, id, std::string{json::text(c.input, "token")}, std::string{json::text(c.input, "input")}});
  } else if (c.name == map_run_command) {
    map_runs.ask(std::string{json::text(c.input, "arn")});
  } else {
    executions.answer(uid, id, c.input);
  }
}

void service::withdraw(const std::string& uid, const engine::command_id& id, const engine::own_command& c) {
  if (c.name == await_command) waits.remove(uid, id);
  if (c.name == activity_command) activities.remove(uid, id);
}

void service::committed(const std::string& uid, engine::procedure& p, bool) {
  auto& execution = static_cast<execution_procedure&>(p);
  auto news = execution.take_map_runs();
  for (const auto& arn : news.begun) map_runs.begun(arn);
  for (const auto& arn : news.aborted) map_runs.poke(arn);
  const auto& child = execution.child();
  for (auto status : execution.take_statuses()) {
    // Express executions tell nobody, as on AWS; nor do a map run's children.
    if (!execution.is_express() && child.map_run.empty()) publish_status(execution, status);
    if (status == asl::execution_status::running) continue;
    if (!child.map_run.empty())
      map_runs.child_ended(child.map_run, status == asl::execution_status::succeeded, child.items);
    std::function<void()> call;
    {
      std::lock_guard lock{mutex_};
      if (auto found = when_ended_.extract(uid)) call = std::move(found.mapped());
    }
    if (call) host.pool.post(std::move(call));
  }
}

// EventBridge's "Step Functions Execution Status Change".
void service::publish_status(const execution_procedure& p, asl::execution_status status) const {
  const auto& x = p.execution();
  const auto& info = x.info();
  const bool has_ended = status != asl::execution_status::running;
  const bool has_output = status == asl::execution_status::succeeded;
  const json::string input{x.input().text()}, output{has_output ? x.output().text() : ""};
  const auto output_bytes = has_output ? json::print(output).size() : 0;
  const bool shows_input = json::print(input).size() + output_bytes <= event_payload_bytes_max;
  const bool shows_output = output_bytes <= event_payload_bytes_max;
  json::object detail{{"executionArn", info.id},
                      {"stateMachineArn", info.machine_id},
                      {"name", info.name},
                      {"status", asl::status_name(status)},
                      {"startDate", milliseconds(info.start)},
                      {"stopDate", nullptr},
                      {"input", nullptr},
                      {"inputDetails", included(shows_input)},
                      {"output", nullptr},
                      {"outputDetails", nullptr},
                      {"error", nullptr},
                      {"cause", nullptr}};
  if (shows_input) detail["input"] = input;
  if (has_ended) {
    detail["stopDate"] = milliseconds(x.stop_time());
    if (x.why().error) detail["error"] = *x.why().error;
    if (x.why().cause) detail["cause"] = *x.why().cause;
  }
  if (has_output) {
    if (shows_output) detail["output"] = output;
    detail["outputDetails"] = included(shows_output);
  }
  host.bus.publish({.scope = p.scope(),
                    .source = "aws.states",
                    .detail_type = "Step Functions Execution Status Change",
                    .resources = {info.id},
                    .time = has_ended ? x.stop_time() : info.start,
                    .detail = std::move(detail)});
}

std::unique_ptr<api::service> make(api::host& h) {
  auto made = std::make_unique<service>(h);
  auto& self = *made;
  h.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_STATES_OPERATIONS));
  return made;
}

}  // namespace mdlc::services::states
