// Describe, list and update map runs.

#include "services/states/map_run.h"
#include "services/states/operations.h"
#include "services/states/page.h"
#include "services/states/service.h"

namespace mdlc::services::states {
namespace {

// Items and executions are counted alike; `total` and `pending` of executions are those begun.
template <class Counts>
Counts counts_of(const tally& t, int64_t tally::pair::*of, int64_t total, int64_t written, int64_t pending_redrive) {
  Counts out;
  out.running = t.running.*of;
  out.succeeded = t.succeeded.*of;
  out.failed = t.failed.*of;
  out.timedOut = t.timed_out.*of;
  out.aborted = t.aborted.*of;
  out.total = total;
  out.pending = total - t.begun().*of;
  out.resultsWritten = written;
  out.failuresNotRedrivable = 0;
  out.pendingRedrive = pending_redrive;
  return out;
}

}  // namespace

api::answer<model::DescribeMapRunOutput> describe_map_run(service&, api::call& c,
                                                          const model::DescribeMapRunInput& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeMapRunOutput> {
    MDLC_TRY(auto m, need_map_run(r, in.mapRunArn));
    auto children = count_children(r, m.arn);
    auto waiting = pending_redrive(r, m);
    model::DescribeMapRunOutput out;
    out.mapRunArn = m.arn;
    out.executionArn = m.execution;
    out.status = m.status;
    out.startDate = m.started;
    out.stopDate = m.stopped;
    out.maxConcurrency = m.max_concurrency;
    out.toleratedFailurePercentage = m.tolerated_percentage.value_or(0);
    out.toleratedFailureCount = m.tolerated_count.value_or(0);
    out.itemCounts =
        counts_of<model::MapRunItemCounts>(children, &tally::pair::items, m.total, m.results_written, waiting.items);
    auto written = m.results_written > 0 ? children.begun().children : 0;
    out.executionCounts = counts_of<model::MapRunExecutionCounts>(children, &tally::pair::children,
                                                                  children.begun().children, written, waiting.children);
    out.redriveCount = m.redrives;
    out.redriveDate = m.redriven;
    return out;
  });
}

api::answer<model::ListMapRunsOutput> list_map_runs(service&, api::call& c, const model::ListMapRunsInput& in) {
  MDLC_TRY(auto page, page_of(in.maxResults, in.nextToken));
  auto before = page.before();
  return c.db().read([&](store::reader& r) -> api::answer<model::ListMapRunsOutput> {
    MDLC_TRY(auto x, need_execution(r, in.executionArn));
    model::ListMapRunsOutput out;
    int64_t last = 0;
    for (const auto& m : map_runs_of(r, x.arn, before, page.rows + 1)) {
      if (std::ssize(out.mapRuns) == page.rows) {
        out.nextToken = token_after(std::to_string(last));
        break;
      }
      last = m.id;
      model::MapRunListItem item;
      item.executionArn = m.execution;
      item.mapRunArn = m.arn;
      item.stateMachineArn = m.machine_arn();
      item.startDate = m.started;
      item.stopDate = m.stopped;
      out.mapRuns.push_back(std::move(item));
    }
    return out;
  });
}

// Of one that has ended, what is said changes nothing any more.
api::answer<model::UpdateMapRunOutput> update_map_run(service& s, api::call& c, const model::UpdateMapRunInput& in) {
  if (!in.maxConcurrency && !in.toleratedFailureCount && !in.toleratedFailurePercentage)
    return api::refuse("ValidationException",
                       "At least one of maxConcurrency, toleratedFailureCount or toleratedFailurePercentage must be "
                       "specified");
  return c.commit([&](store::transaction& t) -> api::answer<model::UpdateMapRunOutput> {
    MDLC_TRY(auto m, need_map_run(t, in.mapRunArn));
    if (in.maxConcurrency) m.max_concurrency = *in.maxConcurrency;
    if (in.toleratedFailureCount) m.tolerated_count = *in.toleratedFailureCount;
    if (in.toleratedFailurePercentage) m.tolerated_percentage = *in.toleratedFailurePercentage;
    t.run(
        "UPDATE states_map_run SET max_concurrency = ?2, tolerated_count = ?3, tolerated_percentage = ?4 WHERE arn = "
        "?1 AND stopped_ms IS NULL",
        {m.arn, m.max_concurrency, m.tolerated_count, m.tolerated_percentage});
    t.after_commit([&s, arn = m.arn] { s.map_runs.poke(arn); });
    return model::UpdateMapRunOutput{};
  });
}

}  // namespace mdlc::services::states
