// Invocations of type Event: accepted, durable, and run when there is room. A row is one that is not over.
//
// `begun` is durable before a function gets it. One that is begun at a restart counts as an attempt that failed, as one
// does that ended in an error: another follows after a minute, and a last one after two more, as on AWS. One that the
// function never got (it is throttled, or cannot be started) is no attempt: it waits, longer each time, until it is too
// old. What is given up is told to the server's log; what a function prints is in its own.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "api/host.h"
#include "services/lambda/fleet.h"

namespace mdlc::services::lambda {

inline constexpr int64_t events_waiting_max = 100'000;  // of one account and region
inline constexpr size_t events_running_max = 32;
inline constexpr int64_t event_attempts_max = 3;
inline constexpr int64_t event_retry_ms = 60'000;  // times the attempts so far
inline constexpr int64_t event_age_max_ms = 6 * 3'600'000;
inline constexpr int64_t event_return_ms_min = 1'000;  // what was never run waits as long again as it has waited
inline constexpr int64_t event_return_ms_max = 5 * 60'000;

class event_queue {
 public:
  event_queue(api::host&, catalog&, fleet&);

  // The call's commit: durable when it returns.
  api::answer<void> accept(api::call&, const function_name&, std::string_view payload, std::string_view client_context);

  // What a restart interrupted, then what waits.
  void resume();
  void stop();

 private:
  struct entry {
    base::scope scope;
    std::string id;
    function_name name;
    int64_t attempts = 0;
    json::value details;
    int64_t accepted_ms = 0;
    std::string payload;
  };

  void look_soon();
  void look();
  std::vector<entry> take(store::transaction&, size_t most);
  void run(entry);
  void over(const entry&, const outcome&);
  void look_at(base::time_point);
  void remove(store::transaction&, const entry&);

  api::host& host_;
  catalog& versions_;
  fleet& functions_;
  std::mutex mutex_;
  size_t running_ = 0;
  bool looking_ = false, look_again_ = false, stopping_ = false;
  std::optional<base::time_point> next_look_;
};

}  // namespace mdlc::services::lambda
