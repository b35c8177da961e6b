#include "services/states/tested_state.h"

#include "engine/streams.h"

namespace mdlc::services::states {

uint64_t fresh_seed(sys::env& env) {
  uint64_t seed = 0;
  env.random_bytes(reinterpret_cast<char*>(&seed), sizeof seed);
  return seed;
}

tested_state::tested_state(service& s, base::scope scope, std::string role, std::unique_ptr<asl::lone_state> state,
                           ended done)
    : service_(s),
      scope_(std::move(scope)),
      role_(std::move(role)),
      state_(std::move(state)),
      ended_(std::move(done)) {}

void tested_state::run() {
  set_timers();
  auto task = state_->task();
  change([](asl::lone_state&, base::time_point, uint64_t) {});  // it may have ended on its own
  if (task) call(*task);
}

void tested_state::set_timers() {
  if (state_->ended()) return;
  std::lock_guard lock{mutex_};
  auto& timers = service_.host.timers;
  auto at = [&](base::time_point due, auto work) {
    timers_.push_back(timers.at(due, [self = shared_from_this(), work] {
      self->service_.host.pool.post([self, work] { self->change(work); });
    }));
  };
  for (const auto& t : state_->timers())
    at(t.due, [sequence = t.sequence](asl::lone_state& s, base::time_point now, uint64_t seed) {
      s.fire(sequence, now, seed);
    });
  at(service_.host.env.now() + time_limit, [](asl::lone_state& s, base::time_point now, uint64_t seed) {
    s.fail({.error = "States.Timeout", .cause = {}}, now, seed);
  });
}

void tested_state::change(const std::function<void(asl::lone_state&, base::time_point, uint64_t)>& what) {
  ended tell;
  std::vector<sys::timers::id> no_longer;
  {
    std::lock_guard lock{mutex_};
    if (!ended_) return;
    what(*state_, service_.host.env.now(), fresh_seed(service_.host.env));
    if (!state_->ended()) return;
    tell = std::exchange(ended_, {});
    no_longer = std::exchange(timers_, {});
  }
  for (auto id : no_longer) service_.host.timers.cancel(id);
  tell(*state_);
}

void tested_state::call(const asl::task_command& c) {
  auto fail = [&](asl::failure why) {
    change([&](asl::lone_state& s, base::time_point now, uint64_t seed) { s.fail(why, now, seed); });
  };
  const auto* integration = service_.integrations.find(c.what);
  if (!integration)
    return fail(
        {.error = "States.Runtime", .cause = fmt::format("The resource '{}' is not served here.", c.what.resource)});
  auto begin = integration->begin(c.what);
  if (!begin) return fail(begin.error());
  const auto* entry = service_.host.operations.find(begin->service, begin->operation);
  if (!entry)
    return fail({.error = "States.Runtime",
                 .cause = fmt::format("{}:{} is not served here.", begin->service, begin->operation)});
  auto request_id = service_.host.env.uuid();
  api::context context{
      .scope = scope_,
      .principal = principal_of(c.what.credentials_role.empty() ? role_ : c.what.credentials_role, "TestState"),
      .source = api::source::workflow,
      .request_id = request_id,
      .command_id = {},
      .trace_header = {},
      .deadline = {}};
  auto made = std::make_shared<api::call>(service_.host.db, std::move(context));
  auto input = begin->input;
  if (auto staged = engine::stage_body(*entry->op.model, input, *made, service_.host.blobs); !staged)
    return fail({.error = "States.TaskFailed", .cause = staged.error().message});
  auto& host = service_.host;
  host.operations.invoke(
      *entry, made, input,
      [self = shared_from_this(), c, request_id, made, entry](const api::answer<json::value>& given) {
        auto answer = engine::with_body(*entry->op.model, given, *made);
        self->service_.host.pool.post([self, c, request_id, answer] { self->answered(c, answer, request_id); });
      });
}

void tested_state::answered(const asl::task_command& c, const api::answer<json::value>& answer,
                            const std::string& request_id) {
  auto result = service_.integrations.find(c.what)->result(c.what, {answer, request_id});
  change([&](asl::lone_state& s, base::time_point now, uint64_t seed) {
    if (result)
      s.succeed(asl::document::from_tree(std::move(*result)), now, seed);
    else
      s.fail(result.error(), now, seed);
  });
}

}  // namespace mdlc::services::states
