// A definition is parsed, validated and, where it is sound, run to its end or to the bounds below: tasks are answered
// by chance of a fixed seed, timers fire at once. What was recorded must replay to the same execution.
#include <map>

#include "asl/execution.h"
#include "asl/scope.h"
#include "target.h"

using namespace mdlc;
using namespace mdlc::asl;

namespace {

constexpr int max_turns = 200;
constexpr limits bounds{.transitions = 50, .payload_bytes = 16 * 1024, .events = 500};

class lone_run {
 public:
  explicit lone_run(const program& p) : program_(p) {}

  void drive() {
    execution_info info{.uid = "u",
                        .id = "arn:aws:states:us-east-1:000000000000:execution:m:e",
                        .name = "e",
                        .role_arn = "arn:aws:iam::000000000000:role/r",
                        .region = "us-east-1",
                        .machine_id = "arn:aws:states:us-east-1:000000000000:stateMachine:m",
                        .machine_name = "m",
                        .start = now_};
    feed(started{info, document::from_text(R"({"a": [1, 2, 3], "s": "x", "n": 1, "t": "2023-11-14T22:13:21Z"})")});
    for (int turn = 0; turn < max_turns && !live_.ended(); ++turn) {
      if (wants_continue(live_))
        feed(continue_{});
      else
        answer();
    }
    if (!live_.ended()) feed(stopped{{"E", "c"}});
    fuzz::promise(live_.ended(), "what is stopped has ended");
    fuzz::promise(open_commands(live_).empty(), "what has ended awaits nothing");
    feed(redriven{});
    fuzz::promise(dump(replayed_) == dump(live_), "records replay to the same execution");
  }

 private:
  void answer() {
    auto open = open_commands(live_);
    fuzz::promise(!open.empty(), "an execution under way awaits something");
    const auto& one = open[luck_.next() % open.size()];
    if (auto* timer = std::get_if<timer_command>(&one)) {
      now_ = std::max(now_, timer->due);
      return feed(timer_fired{timer->sequence});
    }
    auto id = std::get<task_command>(one).id;
    if (luck_.next() % 4 == 0)
      feed(task_failed{id, {"E", "c"}});
    else
      feed(task_succeeded{id, document::from_text("[4, 5]")});
  }

  template <class What>
  void feed(What what) {
    auto d = decide(program_, live_, {now_, luck_.next(), std::move(what)}, bounds);
    auto row = encode(d.records);
    auto back = decode(row);
    fuzz::promise(back.has_value() && encode(*back) == row, "records are read as they were written");
    for (const auto& r : *back) evolve(replayed_, r);
  }

  const program& program_;
  execution live_, replayed_;
  chance luck_{1};
  base::time_point now_ = base::from_ms(1'700'000'000'000);
};

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Requests are JSON, so what arrives is UTF-8.
  auto text = base::to_utf8(fuzz::text_of(data, size));
  auto findings = validate(text);
  auto compiled = compile(text);
  bool refused = false;
  for (const auto& f : findings) {
    refused |= f.level == diagnostic::severity::error;
    fuzz::promise_text(f.message + f.location, "a finding is text");
  }
  fuzz::promise(refused == !compiled.has_value(), "what is valid compiles, and nothing else");
  if (!compiled) {
    (void)refusal(compiled.error());
    return 0;
  }
  (void)(*compiled)->variable_references();
  lone_run{**compiled}.drive();
  return 0;
}
