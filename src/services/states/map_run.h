// Map runs as rows.
//
// A row has a phase; each transition is one commit, and each phase can be done again:
//   reading   the items are written to a spool of JSON lines; nothing has begun
//   running   children are begun, in the order of their items: a child's row, the begin of its journal and the spool's
//             position behind it are one commit, so that no item is begun twice
//   redriving children that did not succeed are opened again                → running
//   stopping  too much failed; what runs is stopped                         → writing
//   aborting  nobody waits for it any more; what runs is stopped            → ended
//   writing   results are put together, or written to S3, file by file      → ended
//   ended     `status` says how; the parent is answered until it has heard
#pragma once

#include <optional>
#include <set>
#include <string>

#include "asl/record.h"
#include "services/states/execution.h"

namespace mdlc::services::states {

struct map_run_row {
  int64_t id = 0;
  base::scope scope;
  std::string arn, label;
  std::string execution, execution_uid, command;  // the parent's ARN and uid, and its command that waits
  std::string machine, machine_name, revision;    // the parent's
  std::string phase, status;
  base::time_point started;
  std::optional<base::time_point> stopped;
  int64_t max_concurrency = 0;
  std::optional<int64_t> tolerated_count;
  std::optional<double> tolerated_percentage;
  std::string spool;
  int64_t spool_bytes = 0, total = 0;
  int64_t position = 0, next_item = 0;  // in the spool, behind what was begun
  std::optional<std::string> error, cause, output;
  std::string files;  // JSON: what of the results has been written
  int64_t results_written = 0;
  int64_t redrives = 0;
  std::optional<base::time_point> redriven;
  bool express = false;

  std::string machine_arn() const;  // the children's
};

std::optional<map_run_row> find_map_run(store::reader&, const std::string& arn);
// Refuse InvalidArn and ResourceNotFound.
api::answer<map_run_row> need_map_run(store::reader&, const std::string& arn);
std::vector<map_run_row> map_runs_of(store::reader&, const std::string& execution, int64_t before, int64_t limit);
std::vector<std::string> open_map_runs(store::reader&);
bool has_open_map_run(store::reader&, const std::string& execution);
std::set<std::string> spools_in_use(store::reader&);
json::value plan_of(store::reader&, const std::string& arn);

// In the unit that records that the parent began it; the parent's row is there.
void insert_map_run(store::transaction&, const std::string& execution_uid, const std::string& command,
                    const std::string& arn, const json::value& plan, base::time_point now);
// In the unit that records that the parent, redriven, waits for it again with `command`.
void redrive_map_run(store::transaction&, const std::string& arn, const std::string& command, base::time_point now);
// Children that did not succeed and have not been opened again since it was redriven.
struct unsuccessful_child {
  std::string uid;
  store::sequence last = 0;
  int64_t items = 0;
};
std::vector<unsuccessful_child> to_be_redriven(store::reader&, const map_run_row&, int64_t limit);
// Nobody waits for it any more. Returns its ARN if it was open.
std::optional<std::string> abort_map_run(store::transaction&, const std::string& execution_uid,
                                         const std::string& command);

// How many children, and items in them, are in each status.
struct tally {
  struct pair {
    int64_t children = 0, items = 0;
  };
  pair running, succeeded, failed, timed_out, aborted;
  pair begun() const;
  pair unsuccessful() const;  // failed, timed out or aborted
};
tally count_children(store::reader&, const std::string& map_run);

// Of the unsuccessful ones, those that a redrive has yet to open again.
tally::pair pending_redrive(store::reader&, const map_run_row&);

// Whether so many items that did not succeed are more than the run tolerates.
bool exceeds_tolerance(const map_run_row&, int64_t unsuccessful_items);

}  // namespace mdlc::services::states
