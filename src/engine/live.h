// The inside of the engine: a procedure in memory and what surrounds it.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

#include "engine/procedures.h"

namespace mdlc::engine {

using reply_to = std::function<void(const api::answer<json::value>&)>;

struct open_command {
  command what;
  bool issued = false;
  bool begun = false;  // marked, if it works outside
  int tries = 0;
  sys::timers::id timer = 0;
};

// A stimulus that was decided and is not yet in the journal.
struct decided {
  decision what;
  std::vector<command_id> begun;
  std::vector<open_command> closed;
  reply_to done;
  store::sequence at = 0;  // its row

  bool is_empty() const { return what.records.empty() && begun.empty() && !what.ends; }
};

struct live {
  explicit live(std::string u) : uid(std::move(u)) {}
  const std::string uid;

  struct message {
    stimulus what;
    reply_to done;
  };
  // The inbox has a mutex of its own, held for moments only, so that anybody may put something in from anywhere.
  std::mutex inbox_mutex;
  std::deque<message> inbox;
  bool draining = false;
  bool closed = false;  // over, as the inbox sees it

  // All below: one thread at a time decides, or appends what was decided.
  std::mutex mutex;
  std::unique_ptr<procedure> body;
  store::sequence last = 0;     // appended, perhaps not yet committed
  store::sequence durable = 0;  // committed: what readers can see
  std::map<command_id, open_command> open;
  std::vector<decided> pending;  // memory is ahead of the disk by these
  bool over = false;
  bool reopens = false;  // its next row follows the one that closed it
};
using live_ptr = std::shared_ptr<live>;

struct procedures::state : std::enable_shared_from_this<procedures::state> {
  state(api::host& h, kind& k) : host(h), what(k) {}

  api::host& host;
  kind& what;
  std::atomic<bool> stopping{false};
  mutable std::mutex mutex;
  std::unordered_map<std::string, live_ptr> running;

  live_ptr find(const std::string& uid) const;
  bool post(const live_ptr&, stimulus, reply_to done = {});
  void drain(const live_ptr&);

  // REQUIRES: live.mutex is held.
  std::optional<decided> decide(live&, stimulus, reply_to done);
  void append(store::transaction&, const live_ptr&);
  void decide_in(store::transaction&, const live_ptr&, stimulus);

  // After the commit, on the writer's thread.
  void settle(const live_ptr&, std::vector<decided>&);

  // issue.cc; on a pool thread.
  void schedule(const live_ptr&, const command_id&);
  void issue(const live_ptr&, const command_id&);
  void call(const live_ptr&, const command_id&, const call_operation&);
  void call_inside(const live_ptr&, const command_id&, const call_operation&, const api::registry::entry&);
  void call_outside(const live_ptr&, const command_id&, const call_operation&, const api::registry::entry&);
  void again_later(const live_ptr&, const command_id&, const api::error&, const std::string& request_id);
  void withdraw(const live_ptr&, const open_command&);
  api::context context_of(const live&, const command_id&, const call_operation&) const;
};

}  // namespace mdlc::engine
