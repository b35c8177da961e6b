// What runs on the engine: a durable procedure (an execution, a stack's operation), whose state is a fold over its
// journal records and whose effects are commands.
//
// The round trip. Something happens (a stimulus); `decide` answers with records, the commands that they open and the
// ids of those that they close. The engine appends the records, and only when they are durable issues the commands,
// each under its id. Its answer is the next stimulus. After a restart `replay` folds the records again and the commands
// that are still open are issued again under their old ids (DESIGN: Every effect has one cause and happens once).
//
// What makes it happen once:
//   - a call whose effect lives in our database records its answer in the effect's own transaction, so an open call has
//     had no effect and may be issued again;
//   - a call that works outside of it (a deferred operation, or one marked `outside`) is marked begun, durably, before
//   it
//     is made; one that is begun and unanswered at a restart is never made again: the procedure is told `lost`;
//   - timers and the kind's own commands are issued again, so what they do must bear repetition.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/context.h"
#include "api/error.h"
#include "base/time.h"
#include "json/value.h"
#include "store/database.h"
#include "store/journal.h"

namespace mdlc::engine {

// Given by the procedure and unique within it for ever: "17.2", "create/Bucket". An attempt of a Retry is a new
// command. No '\n' in it. What the call carries (api::context::command_id) is "<kind>/<uid>/<id>".
using command_id = std::string;

// An operation of the registry, called in the procedure's name.
struct call_operation {
  std::string service{};  // as registry::find takes both: "dynamodb", "putItem"
  std::string operation{};
  json::value input{};  // normal form
  base::scope scope{};
  std::string principal{};  // ARN of the assumed role
  bool outside = false;     // a plain operation that nevertheless works outside of our database
};

// Fires once, at or after `due`.
struct set_timer {
  base::time_point due;
};

// What only the kind knows how to do: wait for a job, queue a task for an activity. Given to kind::issue.
struct own_command {
  std::string name;
  json::value input;
};

struct command {
  command_id id;
  std::variant<call_operation, set_timer, own_command> what;
};

// What a procedure decides upon. Time and chance come with it; decide itself asks for neither.
struct stimulus {
  enum class kind : uint8_t {
    started,   // the first; `body` is what begin() was given
    go_on,     // decide asked to be continued, or the server started again
    begun,     // `command`, which works outside, is about to be made; decide may add records (TaskStarted)
    answered,  // `command` ended with `answer`; it is no longer open
    lost,      // `command` was begun and the server stopped: nobody knows how it ended; it is no longer open
    fired,     // the timer `command`; it is no longer open
    told,      // somebody says `name` with `body` (stop, a task token's result, progress of an own command)
  };
  kind what = kind::go_on;
  command_id command{};
  api::answer<json::value> answer{};
  std::string request_id{};  // of the call that was answered
  std::string name{};
  json::value body{};
  base::time_point now{};
  uint64_t seed = 0;  // fresh and random; ids, tokens and jitter are made from it
};

struct decision {
  std::string records;  // the kind's own encoding; empty: nothing happened
  std::vector<command> opens;
  std::vector<command_id> closes;  // timers are cancelled, answers to the others ignored; unknown ids do no harm
  bool ends = false;               // the procedure is over; what is open is closed
  bool wants_continue = false;     // there is more to do at once: go_on follows, after others had their turn
  api::answer<json::value> reply = json::value{};  // to who told; a refusal comes with no records
};

// One procedure. The engine calls it from one thread at a time.
class procedure {
 public:
  virtual ~procedure() = default;

  // Decides, and changes this as replay(records) would. Bounded work; never blocks, never asks the clock.
  // A stimulus that no longer concerns it is answered with an empty decision.
  virtual decision decide(const stimulus&) = 0;

  // Folds one batch that an earlier decide returned. Never evaluates, so that newer code reads older records. An error
  // (records of a newer format) leaves the procedure as it is on disk and not running.
  virtual base::result<void> replay(std::string_view records) = 0;

  // All rows have been replayed.
  virtual void replayed() {}

  // What is open now, for recovery.
  virtual std::vector<command> open_commands() const = 0;

  // Writes the projections (a list's row) that go with the batch just decided and appended at `at`, in its transaction.
  // On the writer's thread; called in order, once a batch that has records.
  virtual void project(store::transaction&, const decision&, store::sequence at) { (void)at; }
};

// A kind of procedure; it outlives the engine that runs it. Thread-safe.
class kind {
 public:
  virtual ~kind() = default;

  virtual std::string_view name() const = 0;  // in the journal: "execution"
  virtual api::source source() const = 0;     // of its calls
  // One without state, to replay its journal into.
  virtual std::unique_ptr<procedure> make(const std::string& uid) = 0;

  // Issues an own command: arranges that procedures::answer (or tell) is called for it some day. Also after a restart.
  // On a pool thread; must not block.
  virtual void issue(const std::string& uid, const command_id&, const own_command&) { (void)uid; }
  // An own command that was issued and is closed without an answer.
  virtual void withdraw(const std::string& uid, const command_id&, const own_command&) { (void)uid; }
  // A batch is durable; `ended` with the last. On the writer's thread: publish events here, and be short.
  virtual void committed(const std::string& uid, procedure&, bool ended) { (void)uid, (void)ended; }
};

}  // namespace mdlc::engine
