// How commands reach the world.
#include "base/log.h"
#include "engine/live.h"
#include "engine/streams.h"
#include "sys/crash_point.h"

namespace mdlc::engine {

void procedures::state::schedule(const live_ptr& p, const command_id& id) {
  host.pool.post([self = shared_from_this(), p, id] { self->issue(p, id); });
}

void procedures::state::issue(const live_ptr& p, const command_id& id) {
  if (stopping) return;
  command c;
  {
    std::lock_guard lock{p->mutex};
    auto found = p->open.find(id);
    if (found == p->open.end()) return;
    found->second.issued = true;
    c = found->second.what;
  }
  sys::crash_point("engine.before_issue");
  if (auto* call_it = std::get_if<call_operation>(&c.what)) {
    call(p, id, *call_it);
  } else if (auto* own = std::get_if<own_command>(&c.what)) {
    what.issue(p->uid, id, *own);
  } else {
    auto fire = [weak = weak_from_this(), p, id] {
      if (auto self = weak.lock()) self->post(p, {.what = stimulus::kind::fired, .command = id});
    };
    auto timer = host.timers.at(std::get<set_timer>(c.what).due, fire);
    std::lock_guard lock{p->mutex};
    auto found = p->open.find(id);
    if (found != p->open.end())
      found->second.timer = timer;
    else
      host.timers.cancel(timer);
  }
}

void procedures::state::withdraw(const live_ptr& p, const open_command& c) {
  if (c.timer) host.timers.cancel(c.timer);
  if (auto* own = std::get_if<own_command>(&c.what.what); own && c.issued) what.withdraw(p->uid, c.what.id, *own);
}

api::context procedures::state::context_of(const live& p, const command_id& id, const call_operation& c) const {
  return {.scope = c.scope,
          .principal = c.principal,
          .source = what.source(),
          .request_id = host.env.uuid(),
          .command_id = fmt::format("{}/{}/{}", what.name(), p.uid, id),
          .trace_header = {},
          .deadline = {}};
}

void procedures::state::call(const live_ptr& p, const command_id& id, const call_operation& c) {
  auto* entry = host.operations.find(c.service, c.operation);
  if (!entry) {
    post(p, {.what = stimulus::kind::answered,
             .command = id,
             .answer = api::refuse("UnknownOperationException",
                                   fmt::format("{}:{} is not served here", c.service, c.operation))});
  } else if (c.outside || entry->op.defer) {
    call_outside(p, id, c, *entry);
  } else {
    call_inside(p, id, c, *entry);
  }
}

// The answer is recorded in the effect's own transaction; by whom, an operation without effect included, is the
// registry's business.
void procedures::state::call_inside(const live_ptr& p, const command_id& id, const call_operation& c,
                                    const api::registry::entry& entry) {
  auto context = context_of(*p, id, c);
  auto request_id = context.request_id;
  api::call* running = nullptr;
  auto record = [&](store::transaction& t, const api::answer<json::value>& answer) {
    decide_in(t, p,
              {.what = stimulus::kind::answered,
               .command = id,
               .answer = with_body(*entry.op.model, answer, *running),
               .request_id = request_id});
  };
  api::call made{host.db, std::move(context), record};
  running = &made;
  auto input = c.input;
  auto staged = stage_body(*entry.op.model, input, made, host.blobs);
  auto answer =
      staged ? host.operations.invoke(entry, made, input) : tl::unexpected(api::internal_error(staged.error().message));
  if (!answer && answer.error().is_internal) again_later(p, id, answer.error(), request_id);
}

void procedures::state::again_later(const live_ptr& p, const command_id& id, const api::error& error,
                                    const std::string& request_id) {
  int tries;
  {
    std::lock_guard lock{p->mutex};
    auto found = p->open.find(id);
    if (found == p->open.end()) return;  // it was answered before it failed
    tries = ++found->second.tries;
  }
  if (tries > internal_retries_max) {
    base::log::error("{} {}: command {} failed inside {} times; that is its answer", what.name(), p->uid, id, tries);
    post(p,
         {.what = stimulus::kind::answered, .command = id, .answer = tl::unexpected(error), .request_id = request_id});
    return;
  }
  base::log::warning("{} {}: command {} failed inside (request {}), try {} of {}", what.name(), p->uid, id, request_id,
                     tries, internal_retries_max + 1);
  auto pause = std::chrono::milliseconds{internal_retry_first_ms << (tries - 1)};
  host.timers.at(host.env.now() + pause, [weak = weak_from_this(), p, id] {
    if (auto self = weak.lock()) self->schedule(p, id);
  });
}

// First the mark, durable; with the second issue, after it, the call.
void procedures::state::call_outside(const live_ptr& p, const command_id& id, const call_operation& c,
                                     const api::registry::entry& entry) {
  {
    std::lock_guard lock{p->mutex};
    auto found = p->open.find(id);
    if (found == p->open.end()) return;
    if (!std::exchange(found->second.begun, true)) {
      post(p, {.what = stimulus::kind::begun, .command = id});
      return;
    }
  }
  auto context = context_of(*p, id, c);
  auto done = [self = shared_from_this(), p, id, request_id = context.request_id](api::answer<json::value> answer) {
    sys::crash_point("engine.before_outcome");
    self->post(
        p, {.what = stimulus::kind::answered, .command = id, .answer = std::move(answer), .request_id = request_id});
  };
  host.operations.invoke(entry, std::make_shared<api::call>(host.db, std::move(context)), c.input, std::move(done));
}

}  // namespace mdlc::engine
