#include "store/writer.h"

#include <future>

#include "base/log.h"
#include "sys/crash_point.h"

namespace mdlc::store {

class group_writer::unit_transaction : public transaction {
 public:
  unit_transaction(connection& c, unit& u) : connection_(c), unit_(u) {}

  std::vector<row> query(std::string_view sql, parameters given) override {
    count(given);
    return connection_.query(sql, given);
  }
  void each(std::string_view sql, parameters given, const std::function<bool(const row&)>& visit) override {
    connection_.each(sql, given, visit);
  }
  int64_t run(std::string_view sql, parameters given) override {
    count(given);
    return connection_.run(sql, given);
  }
  void after_commit(std::function<void()> f) override { unit_.after_commit.push_back(std::move(f)); }

  bool nested(const std::function<bool()>& work) override {
    size_t calls = unit_.after_commit.size();
    connection_.run("SAVEPOINT inner_work", {});
    bool keep = false;
    try {
      keep = work();
    } catch (...) {
      undo(calls);
      throw;
    }
    if (keep)
      connection_.run("RELEASE inner_work", {});
    else
      undo(calls);
    return keep;
  }

  void script(std::string_view sql) { connection_.script(sql); }
  int64_t bytes() const { return bytes_; }

 private:
  void undo(size_t calls) {
    unit_.after_commit.resize(calls);
    // SQLite has rolled everything back by itself: run_unit sees it.
    if (!connection_.in_transaction()) return;
    connection_.run("ROLLBACK TO inner_work", {});
    connection_.run("RELEASE inner_work", {});
  }

  void count(parameters given) {
    for (const auto& p : given) {
      if (auto* text = std::get_if<std::string_view>(&p.value)) bytes_ += static_cast<int64_t>(text->size());
      if (auto* data = std::get_if<store::bytes>(&p.value)) bytes_ += static_cast<int64_t>(data->view.size());
    }
  }

  connection& connection_;
  unit& unit_;
  int64_t bytes_ = 0;
};

void run_script(transaction& t, std::string_view sql) {
  // Every transaction of this driver is one.
  static_cast<group_writer::unit_transaction&>(t).script(sql);
}

group_writer::group_writer(std::unique_ptr<connection> c) : connection_(std::move(c)), thread_([this] { loop(); }) {}

group_writer::~group_writer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void group_writer::run(const std::function<void(transaction&)>& work) {
  if (std::this_thread::get_id() == thread_.get_id()) base::log::stop_process("a write was called from inside a unit");
  std::promise<void> durable;
  auto future = durable.get_future();
  post([&work](transaction& t) { work(t); },
       [&durable](std::exception_ptr failed) {
         // Moved out first: the waiter may be gone with its promise as soon as it is told.
         auto mine = std::move(durable);
         if (failed)
           mine.set_exception(std::move(failed));
         else
           mine.set_value();
       });
  future.get();
}

void group_writer::post(std::function<void(transaction&)> work, std::function<void(std::exception_ptr)> done) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back({std::move(work), std::move(done)});
  }
  wake_.notify_one();
}

database::counters group_writer::count() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

void group_writer::loop() {
  while (wait_for_work()) {
    std::deque<unit> units;
    try {
      connection_->run("BEGIN IMMEDIATE", {});
      units = run_units();
      commit();
    } catch (const std::exception& e) {
      // Nobody can be told anything true any more: part of what was to be one transaction may be lost.
      base::log::stop_process(fmt::format("the database cannot commit: {}", e.what()));
    }
    tell(units);
  }
}

bool group_writer::wait_for_work() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  return !queue_.empty();
}

std::deque<group_writer::unit> group_writer::run_units() {
  std::deque<unit> ran;
  int64_t bytes = 0;
  while (ran.size() < max_units_per_commit && bytes < max_bytes_per_commit) {
    unit next;
    if (!next_unit(next)) break;
    ran.push_back(std::move(next));
    bytes += run_unit(ran.back());
  }
  return ran;
}

bool group_writer::next_unit(unit& next) {
  std::lock_guard lock(mutex_);
  if (queue_.empty()) return false;
  next = std::move(queue_.front());
  queue_.pop_front();
  counters_.units++;
  return true;
}

int64_t group_writer::run_unit(unit& u) {
  unit_transaction t(*connection_, u);
  connection_->run("SAVEPOINT unit_of_work", {});
  try {
    u.work(t);
  } catch (...) {
    u.failed = std::current_exception();
    u.after_commit.clear();
    if (connection_->in_transaction()) connection_->run("ROLLBACK TO unit_of_work", {});
  }
  u.work = nullptr;
  if (!connection_->in_transaction()) throw failure("SQLite gave the shared transaction up");
  connection_->run("RELEASE unit_of_work", {});
  return t.bytes();
}

void group_writer::commit() {
  sys::crash_point("store.before_commit");
  connection_->run("COMMIT", {});
  sys::crash_point("store.after_commit");
  std::lock_guard lock(mutex_);
  counters_.commits++;
}

void group_writer::tell(std::deque<unit>& units) {
  for (auto& u : units) {
    for (auto& call : u.after_commit) tell_one(call);
    if (u.done) tell_one([&] { u.done(std::move(u.failed)); });
  }
}

void group_writer::tell_one(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& e) {
    // What it tells of is durable all the same, and the others must be told too.
    base::log::error("what follows a commit failed: {}", e.what());
  }
}

}  // namespace mdlc::store
