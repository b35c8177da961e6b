// One state, tested by itself: entered with an input, and followed until it is left, retried, or has failed.
//
//   lone_state t{program, definition, beginning, now, seed};
//   while (!t.ended()): carry out t.task() or give it a made-up end, and tell: succeed, fail; or at the due time of one
//   of t.timers(), fire.
//
// A Map or Parallel runs nothing: what it gives, or why it fails, is told. Pure, as the interpreter is; for one thread
// at a time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "asl/execution.h"
#include "asl/lone_machine.h"
#include "asl/trace.h"

namespace mdlc::asl {

class interpreter;

class lone_state {
 public:
  struct beginning {
    execution_info info;
    document input;
    json::object variables;
    json::value context;      // what $$ and $states.context are
    int retries = 0;          // already made, by each retrier
    std::string reader_data;  // what a Map's ItemReader read, as its source has it; empty: nobody knows
  };
  enum class status { open, succeeded, failed, retriable, caught };

  // REQUIRES: the program is of definition.machine(false).
  lone_state(std::shared_ptr<const program>, lone_definition, beginning, base::time_point now, uint64_t seed);
  ~lone_state();

  bool ended() const { return status_ != status::open; }
  status how() const { return status_; }
  const document& output() const { return output_; }     // if left
  const std::string& next() const { return next_; }      // if left for another state
  const failure& why() const { return why_; }            // unless succeeded
  json::object variables() const { return variables_; }  // as they are after it
  int handler() const { return handler_; }               // the Retry or Catch that took the failure; -1: none
  int64_t backoff_s() const { return backoff_s_; }       // retriable: how long it would wait
  const trace& seen() const { return trace_; }
  // A Map's, once begun; null: not known.
  std::optional<int64_t> item_count() const { return item_count_; }
  // Whether so many failed iterations are more than the Map puts up with.
  bool exceeds_tolerance(int64_t failed) const;

  const std::optional<task_command>& task() const { return task_; }
  const std::vector<timer_command>& timers() const { return timers_; }

  // Mean nothing once it has ended.
  void succeed(document result, base::time_point now, uint64_t seed);
  void fail(failure, base::time_point now, uint64_t seed);
  void fire(sequence_number, base::time_point now, uint64_t seed);

 private:
  // Lets `what` do its part in an interpreter, and takes in what came of it.
  template <class What>
  void step(stimulus, What);
  void take_in(const decision&);
  void leave(const record&);

  // -- lone_map.cc
  void prepare_map(interpreter&);

  const std::shared_ptr<const program> program_;
  const lone_definition definition_;
  const beginning beginning_;
  execution execution_;
  trace trace_;
  status status_ = status::open;
  document output_;
  std::string next_;
  failure why_;
  json::object variables_;
  int handler_ = -1;
  int64_t backoff_s_ = 0;
  std::optional<int64_t> item_count_;
  std::optional<task_command> task_;
  std::vector<timer_command> timers_;
};

}  // namespace mdlc::asl
