// For tests: runs a definition to its end, answering tasks and time as told, and checks on the way that what was
// recorded, written and read back, replays to the same execution.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "asl/execution.h"
#include "asl/program.h"
#include "asl/record.h"

namespace mdlc::asl::testing {

inline execution_info example_info() {
  return {.uid = "u-1",
          .id = "arn:aws:states:us-east-1:000000000000:execution:m:e",
          .name = "e",
          .role_arn = "arn:aws:iam::000000000000:role/sfn",
          .region = "us-east-1",
          .machine_id = "arn:aws:states:us-east-1:000000000000:stateMachine:m",
          .machine_name = "m",
          .start = base::from_ms(1'700'000'000'000)};
}

class run {
 public:
  explicit run(std::string_view definition, limits l = {}, compile_options o = {}) : limits_(l) {
    auto compiled = compile(definition, o);
    if (!compiled) {
      ADD_FAILURE() << refusal(compiled.error());
      return;
    }
    program_ = *compiled;
  }

  void start(std::string input) { feed(started{example_info(), document::from_text(std::move(input))}); }

  // Tells the execution, and goes on for as long as it wants to.
  template <class What>
  decision feed(What what) {
    decision all = decide_once(std::move(what));
    bool more = all.wants_continue;
    while (more) {
      auto next = decide_once(continue_{});
      more = next.wants_continue;
    }
    return all;
  }

  template <class What>
  decision decide_once(What what) {
    decision d = decide(*program_, live, {now, ++seed_, std::move(what)}, limits_);
    EXPECT_EQ(d.wants_continue, wants_continue(live));
    for (const auto& r : d.records) records.push_back(r);
    auto row = encode(d.records);
    auto back = decode(row);
    EXPECT_TRUE(back) << (back ? "" : back.error().message);
    if (back) {
      EXPECT_EQ(encode(*back), row);
      for (const auto& r : *back) evolve(replayed_, r);
    }
    if (check_replay) {
      EXPECT_EQ(dump(replayed_), dump(live));
    }
    for (const auto& c : d.opened) {
      if (auto* t = std::get_if<task_command>(&c)) tasks[t->id] = t->what;
      if (auto* t = std::get_if<timer_command>(&c)) timers[t->sequence] = t->due;
    }
    for (auto id : d.closed_tasks) tasks.erase(id);
    for (auto id : d.closed_timers) timers.erase(id);
    std::erase_if(tasks, [&](const auto& t) { return !is_open(live, t.first); });
    expect_commands_as_recovered();
    return d;
  }

  // The earliest timer, at its time.
  bool fire_next_timer() {
    if (timers.empty()) return false;
    auto first = std::min_element(timers.begin(), timers.end(), [](auto& a, auto& b) { return a.second < b.second; });
    now = std::max(now, first->second);
    auto sequence = first->first;
    timers.erase(first);
    feed(timer_fired{sequence});
    return true;
  }

  std::vector<json::object> history() const {
    std::vector<json::object> out;
    for (const auto& r : records)
      if (r.is_public()) out.push_back(history_event(r));
    return out;
  }
  std::string types() const {
    std::string out;
    for (const auto& r : records)
      if (r.is_public()) out += (out.empty() ? "" : " ") + std::string{event_name(r.type)};
    return out;
  }
  std::vector<int64_t> previous() const {
    std::vector<int64_t> out;
    for (const auto& r : records)
      if (r.is_public()) out.push_back(r.previous);
    return out;
  }
  // "output" or "error: cause".
  std::string end() const {
    if (live.status() == execution_status::succeeded) return live.output().text();
    if (!live.ended()) return "(open)";
    return live.why().error.value_or("-") + ": " + live.why().cause.value_or("-");
  }

  execution live;
  std::vector<record> records;
  std::map<command_id, task> tasks;
  std::map<sequence_number, base::time_point> timers;
  base::time_point now = base::from_ms(1'700'000'000'000);
  bool check_replay = true;

 private:
  void expect_commands_as_recovered() {
    if (live.ended()) {
      timers.clear();
      EXPECT_TRUE(open_commands(live).empty());
      return;
    }
    std::map<command_id, task> open_tasks;
    std::map<sequence_number, base::time_point> open_timers;
    for (const auto& c : open_commands(live)) {
      if (auto* t = std::get_if<task_command>(&c)) open_tasks[t->id] = t->what;
      if (auto* t = std::get_if<timer_command>(&c)) open_timers[t->sequence] = t->due;
    }
    EXPECT_EQ(open_tasks.size(), tasks.size());
    EXPECT_EQ(open_timers, timers);
  }

  limits limits_;
  uint64_t seed_ = 0;
  std::shared_ptr<const program> program_;
  execution replayed_;
};

}  // namespace mdlc::asl::testing
