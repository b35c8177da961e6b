// Work that is too much for one commit and in nobody's way, such as removing the rows of what was deleted: done piece
// by piece on the pool's threads, each piece a unit of work of its own. What is to be done must stand in the database,
// so that it goes on after a restart.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/database.h"
#include "sys/thread_pool.h"

namespace mdlc::api {

class piecework {
 public:
  // `step` does one bounded piece and says whether there may be more; it looks for its work itself. Steps never run at
  // the same time. `what` is for the log.
  piecework(store::database&, sys::thread_pool&, std::string what, std::function<bool(store::transaction&)> step);
  ~piecework();  // as stop()
  piecework(const piecework&) = delete;

  // Runs steps until there is nothing more; call it when there is work, after its commit, and at the start. After a
  // step that failed nothing runs until the next call. Thread-safe.
  void start();
  // Begins no step any more and waits for the one that runs.
  void stop();

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace mdlc::api
