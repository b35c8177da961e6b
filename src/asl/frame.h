// The state of an execution: a tree of frames. For the interpreter alone; only `evolve` writes it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "asl/execution.h"
#include "asl/record.h"

namespace mdlc::asl {

enum class phase : uint8_t {
  entering,    // `state` is to be entered with `input`
  running,     // entered, nothing begun
  waiting,     // for a task
  sleeping,    // a Wait state
  pausing,     // before a retry
  forked,      // for children
  has_result,  // `result` is to be worked into the output
  failed,      // `why` is to be retried, caught or passed on
  ended,       // its machine has come to its end with `input`
};

// What a Parallel or Map knows of its children.
struct family {
  int64_t length = 0;
  int64_t next = 0;  // the next one to be opened
  int64_t done = 0;  // how many succeeded
  int64_t max_concurrency = 0;
  bool is_map = false;
  document items;  // a Map's; a Parallel's branches share `items` as their input
  std::map<int64_t, frame_id> open;
  std::vector<document> outputs;
  int64_t spawn_previous = 0;  // what the next child's first event follows
};

struct frame {
  frame_id id = 0;
  frame_id parent = 0;
  int64_t index = -1;  // branch or item
  document item;       // of a Map: as it stands in the items, not as it was selected
  phase now = phase::entering;
  state_index state = no_state;
  document input;  // of the state, raw; when ended, the output
  document result;
  failure why;
  int64_t previous = 0;  // what the next event follows
  int64_t tip = 0;       // the last event, also one that the chain passes by
  int64_t entered_event = 0;
  int64_t entered_previous = 0;  // that event's previousEventId
  base::time_point entered{};
  std::map<std::string, document, std::less<>> variables;

  std::vector<int> retried;  // by retrier
  int retries = 0;

  command_id command;                            // of the state's task; its sequence stays over retries
  std::shared_ptr<const record_details> opened;  // the open command; null: none
  bool started = false;
  bool submitted = false;
  document submission;
  sequence_number timer = 0;  // sleeping, pausing
  base::time_point due{};
  sequence_number timeout_timer = 0, heartbeat_timer = 0;
  base::time_point timeout_due{}, heartbeat_due{};

  std::unique_ptr<family> children;
  std::string map_run;            // of a distributed Map: its last map run's ARN, if a redrive goes on with it
  int map_run_redrives = 0;       // of that one
  bool redrives_map_run = false;  // the next is that one again
  bool failed_event_due = false;  // MapStateStarted or ParallelStateStarted was written, …Failed not yet
};

struct execution::state {
  execution_status status = execution_status::not_started;
  execution_info info;
  document input, output;
  failure why;
  base::time_point stopped{};
  int64_t events = 0;
  int redrives = 0;
  sequence_number next_sequence = 1;
  frame_id next_frame = 1;
  sequence_number deadline_timer = 0;
  base::time_point deadline{};
  std::unordered_map<frame_id, std::unique_ptr<frame>> frames;
  std::unordered_map<sequence_number, frame_id> tasks, timers;  // who waits for it
  std::deque<frame_id> ready;                                   // frames with something to do

  frame* find(frame_id id) {
    auto it = frames.find(id);
    return it == frames.end() ? nullptr : it->second.get();
  }
  const frame* find(frame_id id) const { return const_cast<execution::state*>(this)->find(id); }
};

}  // namespace mdlc::asl
