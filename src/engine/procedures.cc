#include "engine/procedures.h"

#include "base/log.h"
#include "engine/batch.h"
#include "engine/live.h"

namespace mdlc::engine {
namespace {

[[noreturn]] void stop_after(std::exception_ptr why) {
  // What is in memory is ahead of the disk and cannot be taken back; the journal is right, so begin again from it.
  try {
    std::rethrow_exception(why);
  } catch (const std::exception& e) {
    base::log::stop_process(fmt::format("the journal cannot be written: {}", e.what()));
  }
}

bool names_a_command(stimulus::kind k) {
  using enum stimulus::kind;
  return k == begun || k == answered || k == lost || k == fired;
}

}  // namespace

// --- Inbox

live_ptr procedures::state::find(const std::string& uid) const {
  std::lock_guard lock{mutex};
  auto found = running.find(uid);
  return found == running.end() ? nullptr : found->second;
}

bool procedures::state::post(const live_ptr& p, stimulus s, reply_to done) {
  {
    std::lock_guard lock{p->inbox_mutex};
    if (p->closed) return false;
    p->inbox.push_back({std::move(s), std::move(done)});
    if (p->draining) return true;
    p->draining = true;
  }
  host.pool.post([self = shared_from_this(), p] { self->drain(p); });
  return true;
}

// One stimulus, then to the back of the pool's queue: nobody starves.
void procedures::state::drain(const live_ptr& p) {
  live::message next;
  {
    std::lock_guard lock{p->inbox_mutex};
    next = std::move(p->inbox.front());
    p->inbox.pop_front();
  }
  bool to_append = false;
  {
    std::lock_guard lock{p->mutex};
    if (auto made = decide(*p, std::move(next.what), std::move(next.done))) {
      to_append = true;
      p->pending.push_back(std::move(*made));
    }
  }
  if (to_append)
    host.db.post(
        [self = shared_from_this(), p](store::transaction& t) {
          std::lock_guard lock{p->mutex};
          self->append(t, p);
        },
        [](std::exception_ptr failed) {
          if (failed) stop_after(failed);
        });
  {
    std::lock_guard lock{p->inbox_mutex};
    if (p->inbox.empty()) {
      p->draining = false;
      return;
    }
  }
  host.pool.post([self = shared_from_this(), p] { self->drain(p); });
}

// --- Decide, append, settle

std::optional<decided> procedures::state::decide(live& p, stimulus s, reply_to done) {
  if (p.over) {
    // Only somebody who tells can have come so late; there is nobody to hear it.
    if (done) done(api::refuse("ProcedureEnded", "It has ended"));
    return {};
  }
  decided out;
  out.done = std::move(done);
  if (names_a_command(s.what)) {
    auto found = p.open.find(s.command);
    if (found == p.open.end()) return {};
    if (s.what == stimulus::kind::begun)
      out.begun.push_back(s.command);
    else
      p.open.erase(found);
  }
  s.now = host.env.now();
  host.env.random_bytes(reinterpret_cast<char*>(&s.seed), sizeof s.seed);
  out.what = p.body->decide(s);

  for (const auto& id : out.what.closes)
    if (auto node = p.open.extract(id)) out.closed.push_back(std::move(node.mapped()));
  for (const auto& c : out.what.opens) p.open.emplace(c.id, open_command{.what = c});
  if (out.what.ends) {
    p.over = true;
    for (auto& [id, c] : p.open) out.closed.push_back(std::move(c));
    p.open.clear();
    std::lock_guard lock{p.inbox_mutex};
    p.closed = true;
  }
  if (out.is_empty() && out.what.opens.empty() && out.closed.empty() && !out.what.wants_continue && !out.done)
    return {};
  return out;
}

void procedures::state::append(store::transaction& t, const live_ptr& p) {
  if (p->pending.empty()) return;  // an earlier unit took them along
  try {
    for (auto& d : p->pending) {
      if (d.is_empty()) continue;
      p->last = host.journal.append(t, {std::string{what.name()}, p->uid}, p->last, seal(d.begun, d.what.records),
                                    d.what.ends, std::exchange(p->reopens, false));
      d.at = p->last;
      p->body->project(t, d.what, p->last);
    }
  } catch (...) {
    if (p->last == 0) throw;  // it never was: only its beginning is refused
    stop_after(std::current_exception());
  }
  auto taken = std::make_shared<std::vector<decided>>(std::exchange(p->pending, {}));
  t.after_commit([self = shared_from_this(), p, taken] { self->settle(p, *taken); });
}

void procedures::state::decide_in(store::transaction& t, const live_ptr& p, stimulus s) {
  std::lock_guard lock{p->mutex};
  if (auto made = decide(*p, std::move(s), {})) p->pending.push_back(std::move(*made));
  append(t, p);
}

void procedures::state::settle(const live_ptr& p, std::vector<decided>& all) {
  for (auto& d : all) {
    for (const auto& c : d.closed) withdraw(p, c);
    for (const auto& c : d.what.opens) schedule(p, c.id);
    for (const auto& id : d.begun) schedule(p, id);
    if (d.what.wants_continue) post(p, {.what = stimulus::kind::go_on});
    if (d.done) d.done(d.what.reply);
    if (!d.is_empty()) {
      std::lock_guard lock{p->mutex};
      p->durable = d.at;
      what.committed(p->uid, *p->body, d.what.ends);
    }
    if (d.what.ends) {
      std::lock_guard lock{mutex};
      running.erase(p->uid);
    }
  }
}

// --- The public face

procedures::procedures(api::host& host, kind& what) : state_(std::make_shared<state>(host, what)) {}

procedures::~procedures() {
  stop();
  // What is queued to the writer speaks to the kind, which is about to go.
  state_->host.db.write([](store::transaction&) {});
}

void procedures::stop() { state_->stopping = true; }

void procedures::begin(store::transaction& t, const std::string& uid, std::unique_ptr<procedure> body,
                       json::value with) {
  auto p = std::make_shared<live>(uid);
  p->body = std::move(body);
  t.after_commit([self = state_, p] {
    std::lock_guard lock{self->mutex};
    self->running.emplace(p->uid, p);
  });
  state_->decide_in(t, p, {.what = stimulus::kind::started, .body = std::move(with)});
}

std::optional<api::answer<json::value>> procedures::tell(store::transaction& t, const std::string& uid,
                                                         std::string name, json::value body) {
  auto p = state_->find(uid);
  if (!p) return {};
  std::lock_guard lock{p->mutex};
  if (p->over) return {};
  auto made = state_->decide(*p, {.what = stimulus::kind::told, .name = std::move(name), .body = std::move(body)},
                             [](const auto&) {});
  auto reply = made->what.reply;
  // After a refusal the caller rolls its unit back: nothing of ours may be in it.
  if (!reply && made->is_empty()) return reply;
  p->pending.push_back(std::move(*made));
  state_->append(t, p);
  return reply;
}

bool procedures::tell(const std::string& uid, std::string name, json::value body, reply_to done) {
  auto p = state_->find(uid);
  if (!p) return false;
  return state_->post(p, {.what = stimulus::kind::told, .name = std::move(name), .body = std::move(body)},
                      std::move(done));
}

void procedures::answer(const std::string& uid, const command_id& id, api::answer<json::value> answer,
                        std::string request_id) {
  if (auto p = state_->find(uid))
    state_->post(p, {.what = stimulus::kind::answered,
                     .command = id,
                     .answer = std::move(answer),
                     .request_id = std::move(request_id)});
}

bool procedures::look(const std::string& uid, const std::function<void(const procedure&, store::sequence)>& see) const {
  auto p = state_->find(uid);
  if (!p) return false;
  std::lock_guard lock{p->mutex};
  see(*p->body, p->durable);
  return true;
}

std::vector<std::string> procedures::history(store::reader& r, store::sequence last) const {
  std::vector<std::string> out;
  for (const auto& row : state_->host.journal.read(r, last)) {
    auto opened = unseal(row.records);
    if (opened && !opened->records.empty()) out.emplace_back(opened->records);
  }
  return out;
}

size_t procedures::count() const {
  std::lock_guard lock{state_->mutex};
  return state_->running.size();
}

// --- Recovery

namespace {

// Folds a procedure's journal; the commands that were begun come out of it.
base::result<std::set<command_id>> fold(procedure& body, const std::vector<store::batch>& rows) {
  std::set<command_id> begun;
  for (const auto& row : rows) {
    MDLC_TRY(auto opened, unseal(row.records));
    begun.insert(opened.begun.begin(), opened.begun.end());
    if (!opened.records.empty()) MDLC_CHECK(body.replay(opened.records));
  }
  body.replayed();
  return begun;
}

}  // namespace

api::answer<json::value> procedures::reopen(store::transaction& t, const std::string& uid, store::sequence last,
                                            std::string name, json::value body) {
  if (state_->find(uid)) return tl::unexpected(api::internal_error("a procedure that is open cannot be opened again"));
  auto p = std::make_shared<live>(uid);
  p->body = state_->what.make(uid);
  p->last = p->durable = last;
  p->reopens = true;
  auto begun = fold(*p->body, state_->host.journal.read(t, last));
  if (!begun) return tl::unexpected(api::internal_error(begun.error().message));
  std::lock_guard lock{p->mutex};
  auto made = state_->decide(*p, {.what = stimulus::kind::told, .name = std::move(name), .body = std::move(body)},
                             [](const auto&) {});
  auto reply = made->what.reply;
  if (!reply && made->is_empty()) return reply;
  p->pending.push_back(std::move(*made));
  t.after_commit([self = state_, p] {
    std::lock_guard running{self->mutex};
    self->running.emplace(p->uid, p);
  });
  state_->append(t, p);
  return reply;
}

void procedures::resume() {
  auto& s = *state_;
  for (const auto& open : s.host.journal.open()) {
    if (open.id.kind != s.what.name()) continue;
    auto p = std::make_shared<live>(open.id.uid);
    p->body = s.what.make(open.id.uid);
    p->last = p->durable = open.last;
    auto rows = s.host.db.read([&](store::reader& r) { return s.host.journal.read(r, open.last); });
    auto begun = fold(*p->body, rows);
    if (!begun) {
      base::log::error("{} {} is not taken up again: {}", open.id.kind, open.id.uid, begun.error().message);
      continue;
    }
    {
      std::lock_guard lock{s.mutex};
      s.running.emplace(p->uid, p);
    }
    std::vector<command_id> to_issue, to_lose;
    {
      std::lock_guard lock{p->mutex};
      for (auto& c : p->body->open_commands()) {
        auto id = c.id;
        (begun->contains(id) ? to_lose : to_issue).push_back(id);
        p->open.emplace(std::move(id), open_command{.what = std::move(c)});
      }
    }
    for (const auto& id : to_lose) s.post(p, {.what = stimulus::kind::lost, .command = id});
    for (const auto& id : to_issue) s.schedule(p, id);
    s.post(p, {.what = stimulus::kind::go_on});
  }
}

}  // namespace mdlc::engine
