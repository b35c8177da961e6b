#include "api/piecework.h"

#include <condition_variable>
#include <mutex>

#include "base/log.h"

namespace mdlc::api {

// Shared with the tasks in the pool's queue, which may outlive the owner.
struct piecework::state : std::enable_shared_from_this<state> {
  state(store::database& db, sys::thread_pool& pool, std::string what, std::function<bool(store::transaction&)> step)
      : db(db), pool(pool), what(std::move(what)), step(std::move(step)) {}

  store::database& db;
  sys::thread_pool& pool;
  const std::string what;
  const std::function<bool(store::transaction&)> step;

  std::mutex mutex;
  std::condition_variable ended;
  bool is_posted = false;  // or runs
  bool is_running = false;
  bool is_asked = false;  // to look again
  bool is_stopped = false;

  void post() {
    is_posted = true;
    pool.post([self = shared_from_this()] { self->run(); });
  }

  void run() {
    {
      std::lock_guard lock(mutex);
      if (is_stopped) return;
      is_asked = false;
      is_running = true;
    }
    bool more = false;
    try {
      more = db.write([&](store::transaction& t) { return step(t); });
    } catch (const std::exception& e) {
      base::log::error("{} failed: {}", what, e.what());
    }
    std::lock_guard lock(mutex);
    is_running = is_posted = false;
    ended.notify_all();
    if ((more || is_asked) && !is_stopped) post();
  }
};

piecework::piecework(store::database& db, sys::thread_pool& pool, std::string what,
                     std::function<bool(store::transaction&)> step)
    : state_(std::make_shared<state>(db, pool, std::move(what), std::move(step))) {}

piecework::~piecework() { stop(); }

void piecework::start() {
  std::lock_guard lock(state_->mutex);
  state_->is_asked = true;
  if (!state_->is_posted && !state_->is_stopped) state_->post();
}

void piecework::stop() {
  std::unique_lock lock(state_->mutex);
  state_->is_stopped = true;
  // A task that is only queued may never run: the pool drops what it has not begun.
  state_->ended.wait(lock, [&] { return !state_->is_running; });
}

}  // namespace mdlc::api
