// The engine: runs all procedures of one kind over the host's journal, pool, timers and registry.
//
// Each procedure has an inbox and is decided by one thread at a time; none has a thread of its own. State in memory
// runs ahead of the disk by what is queued to the writer; a failed commit therefore stops the process.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/host.h"
#include "engine/procedure.h"

namespace mdlc::engine {

// Calls that answer with an internal error are made again so often, each time after twice the pause; then the error
// is the answer.
inline constexpr int internal_retries_max = 6;
inline constexpr int internal_retry_first_ms = 50;

class procedures {
 public:
  procedures(api::host&, kind&);
  ~procedures();  // as stop(); pool and timers have been stopped before, or are idle
  procedures(const procedures&) = delete;

  // Begins a procedure in the caller's unit of work: `started` with `body` is decided and its records appended there.
  // If the unit is rolled back it never was. Its commands are issued after the commit. `uid` never recurs.
  // Let the decision upon `started` be short (ask to be continued): it runs on the writer's thread.
  void begin(store::transaction&, const std::string& uid, std::unique_ptr<procedure>, json::value body);

  // Opens a procedure that has ended again, in the caller's unit of work: what its journal says (`last` is its last
  // row) is replayed, and it is told `name` with `body`. A refusal leaves it ended. Otherwise as tell below.
  api::answer<json::value> reopen(store::transaction&, const std::string& uid, store::sequence last, std::string name,
                                  json::value body);

  // Tells an open procedure something in the caller's unit of work and returns its reply; nullopt where none of that
  // uid is open. Once it has replied with success the unit must not be rolled back any more: make it the last thing.
  std::optional<api::answer<json::value>> tell(store::transaction&, const std::string& uid, std::string name,
                                               json::value body);

  // The same from outside a unit, without waiting: queued, decided on the pool. `done` (may be empty) is called on the
  // writer's thread once the reply is durable. False, and `done` is not called, where none of that uid is open.
  bool tell(const std::string& uid, std::string name, json::value body,
            std::function<void(const api::answer<json::value>&)> done = {});

  // The answer of an own command. An answer to a command that is not open is dropped.
  void answer(const std::string& uid, const command_id&, api::answer<json::value>, std::string request_id = {});

  // Looks at an open procedure while nobody changes it; false where none of that uid is open. Keep it short. It may be
  // ahead of the disk; `last` is its last row that is durable.
  bool look(const std::string& uid, const std::function<void(const procedure&, store::sequence last)>&) const;

  // All batches of a procedure's history, oldest first, as `decide` made them. `last`: its last row.
  std::vector<std::string> history(store::reader&, store::sequence last) const;

  // Takes up again what the journal says is open. Once, when every service is made.
  void resume();
  // Issues nothing any more. Answers that still come are recorded.
  void stop();

  size_t count() const;  // open ones

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace mdlc::engine
