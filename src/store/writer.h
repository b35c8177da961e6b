// The one thread that writes: makes what waits one transaction with one sync, then tells everyone. Only store/ includes
// it.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "store/database.h"
#include "store/sqlite.h"

namespace mdlc::store {

// What one commit takes at most; the rest waits for the next. Bytes are counted as the units bind them, so that the
// last unit may go over.
inline constexpr size_t max_units_per_commit = 1024;
inline constexpr int64_t max_bytes_per_commit = 8 * 1024 * 1024;

// Runs a migration's statements in the unit; the transaction is one of this driver's.
void run_script(transaction&, std::string_view sql);

class group_writer {
 public:
  explicit group_writer(std::unique_ptr<connection>);
  ~group_writer();  // finishes what is queued
  group_writer(const group_writer&) = delete;

  void run(const std::function<void(transaction&)>& work);
  void post(std::function<void(transaction&)> work, std::function<void(std::exception_ptr)> done);
  database::counters count() const;

 private:
  struct unit {
    std::function<void(transaction&)> work;
    std::function<void(std::exception_ptr)> done;
    std::vector<std::function<void()>> after_commit{};
    std::exception_ptr failed{};
  };
  class unit_transaction;
  friend void run_script(transaction&, std::string_view);

  void loop();
  bool wait_for_work();
  std::deque<unit> run_units();
  bool next_unit(unit&);
  int64_t run_unit(unit&);
  void commit();
  static void tell(std::deque<unit>&);
  static void tell_one(const std::function<void()>&);

  std::unique_ptr<connection> connection_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<unit> queue_;
  bool stopping_ = false;
  database::counters counters_;
  std::thread thread_;
};

}  // namespace mdlc::store
