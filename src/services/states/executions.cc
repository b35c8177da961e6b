// Stop, describe and list executions, and their histories.

#include "services/states/map_run.h"
#include "services/states/operations.h"
#include "services/states/page.h"
#include "services/states/service.h"

namespace mdlc::services::states {
namespace {

json::object failure_of(const std::optional<std::string>& error, const std::optional<std::string>& cause) {
  json::object out;
  if (error) out["error"] = *error;
  if (cause) out["cause"] = *cause;
  return out;
}

void show_redrive(service& s, const execution_row& x, model::DescribeExecutionOutput& out) {
  out.redriveCount = x.redrives;
  out.redriveDate = x.redriven;
  out.redriveStatusReason = why_not_redriven(x, s.host.env.now());
  out.redriveStatus = out.redriveStatusReason ? "NOT_REDRIVABLE" : x.map_run ? "REDRIVABLE_BY_MAP_RUN" : "REDRIVABLE";
}

}  // namespace

api::answer<model::StopExecutionOutput> stop_execution(service& s, api::call& c, const model::StopExecutionInput& in) {
  using answer = api::answer<model::StopExecutionOutput>;
  return c.commit([&](store::transaction& t) -> answer {
    MDLC_TRY(auto x, need_execution(t, in.executionArn));
    if (x.stopped) return model::StopExecutionOutput{*x.stopped};
    auto reply = s.executions.tell(t, x.uid, "stop", failure_of(in.error, in.cause));
    if (!reply) return tl::unexpected(api::internal_error("a running execution is not in memory"));
    if (!*reply) return tl::unexpected(reply->error());
    return model::StopExecutionOutput{base::from_ms((*reply)->at("stopped_ms").as_int64())};
  });
}

api::answer<model::DescribeExecutionOutput> describe_execution(service& s, api::call& c,
                                                               const model::DescribeExecutionInput& in) {
  MDLC_TRY(auto x, c.db().read([&](store::reader& r) { return need_execution(r, in.executionArn); }));
  bool data = in.includedData != "METADATA_ONLY";
  model::DescribeExecutionOutput out;
  out.executionArn = x.arn;
  out.stateMachineArn = x.machine_arn();
  out.name = x.name;
  out.status = x.status;
  out.startDate = x.started;
  out.stopDate = x.stopped;
  if (data) out.input = x.input;
  out.inputDetails = model::CloudWatchEventsExecutionDataDetails{data};
  if (x.output) {
    if (data) out.output = x.output;
    out.outputDetails = model::CloudWatchEventsExecutionDataDetails{data};
  }
  out.error = x.error;
  out.cause = x.cause;
  out.traceHeader = x.trace;
  out.mapRunArn = x.map_run;
  out.stateMachineVersionArn = x.version_arn;
  out.stateMachineAliasArn = x.alias_arn;
  show_redrive(s, x, out);
  return out;
}

namespace {

model::ListExecutionsOutput listed(const std::vector<execution_row>& rows, int64_t most) {
  model::ListExecutionsOutput out;
  int64_t last = 0;
  for (const auto& x : rows) {
    if (std::ssize(out.executions) == most) {
      out.nextToken = token_after(std::to_string(last));
      break;
    }
    last = x.id;
    model::ExecutionListItem item;
    item.executionArn = x.arn;
    item.stateMachineArn = x.machine_arn();
    item.name = x.name;
    item.status = x.status;
    item.startDate = x.started;
    item.stopDate = x.stopped;
    item.mapRunArn = x.map_run;
    item.itemCount = x.items;
    item.stateMachineVersionArn = x.version_arn;
    item.stateMachineAliasArn = x.alias_arn;
    item.redriveCount = x.redrives;
    item.redriveDate = x.redriven;
    out.executions.push_back(std::move(item));
  }
  return out;
}

}  // namespace

api::answer<model::ListExecutionsOutput> list_executions(service&, api::call& c, const model::ListExecutionsInput& in) {
  using answer = api::answer<model::ListExecutionsOutput>;
  if (in.stateMachineArn.has_value() == in.mapRunArn.has_value())
    return api::refuse("ValidationException", "Must provide either a state machine ARN or a map run ARN");
  MDLC_TRY(auto page, page_of(in.maxResults, in.nextToken));
  auto before = page.before();
  auto status = in.statusFilter.value_or("");
  if (in.mapRunArn)
    return c.db().read([&](store::reader& r) -> answer {
      MDLC_TRY(auto m, need_map_run(r, *in.mapRunArn));
      return listed(query_children(r, m.arn, before, status, in.redriveFilter.value_or(""), page.rows + 1), page.rows);
    });
  if (in.redriveFilter) return api::refuse("ValidationException", "redriveFilter can only be used with a map run ARN");
  MDLC_TRY(auto arn, parse_machine_arn(*in.stateMachineArn));
  return c.db().read([&](store::reader& r) -> answer {
    MDLC_TRY(auto m, need_machine(r, arn));
    if (m.type == "EXPRESS")
      return api::refuse("StateMachineTypeNotSupported",
                         "This operation is not supported by this type of state machine");
    return listed(query_executions(r, m.uid, before, status, arn.is_version() ? arn.str() : "",
                                   arn.is_alias() ? arn.str() : "", page.rows + 1),
                  page.rows);
  });
}

// Goes on from the state that did not succeed. An inline Map or a Parallel is done again as a whole.
api::answer<model::RedriveExecutionOutput> redrive_execution(service& s, api::call& c,
                                                             const model::RedriveExecutionInput& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::RedriveExecutionOutput> {
    MDLC_TRY(auto x, need_execution(t, in.executionArn));
    if (in.clientToken && x.redrive_token == in.clientToken && x.redriven)
      return model::RedriveExecutionOutput{*x.redriven};
    auto why_not = why_not_redriven(x, s.host.env.now());
    if (!why_not && x.map_run) why_not = "Execution is a child of a Map Run and can only be redriven by it";
    // What it began may still be being stopped.
    bool lives_on = s.executions.look(x.uid, [](const auto&, auto) {}) || has_open_map_run(t, x.arn);
    if (!why_not && lives_on) why_not = "Execution is being stopped and cannot be redriven yet";
    if (why_not) return api::refuse("ExecutionNotRedrivable", *why_not);
    t.run("UPDATE states_execution SET redrive_token = ?2 WHERE uid = ?1", {x.uid, in.clientToken});
    MDLC_TRY(auto told, s.executions.reopen(t, x.uid, x.last, "redrive", json::object()));
    return model::RedriveExecutionOutput{base::from_ms(told.at("redriven_ms").as_int64())};
  });
}

// --- History

namespace {

// Its public events, in order, from the journal.
api::answer<std::vector<asl::record>> events_of(service& s, store::reader& r, const execution_row& x) {
  auto last = x.last;
  s.executions.look(x.uid, [&](const engine::procedure&, store::sequence durable) { last = durable; });
  std::vector<asl::record> out;
  for (const auto& row : s.executions.history(r, last)) {
    auto line = row.find('\n');
    if (line == std::string::npos || line + 1 == row.size()) continue;
    auto records = asl::decode(std::string_view{row}.substr(line + 1));
    if (!records) return tl::unexpected(api::internal_error(records.error().message));
    for (auto& record : *records)
      if (record.is_public()) out.push_back(std::move(record));
  }
  return out;
}

}  // namespace

api::answer<model::GetExecutionHistoryOutput> get_execution_history(service& s, api::call& c,
                                                                    const model::GetExecutionHistoryInput& in) {
  MDLC_TRY(auto page, page_of(in.maxResults, in.nextToken));
  MDLC_TRY(auto x, c.db().read([&](store::reader& r) { return need_execution(r, in.executionArn); }));
  MDLC_TRY(auto events, c.db().read([&](store::reader& r) { return events_of(s, r, x); }));
  if (in.reverseOrder.value_or(false)) std::reverse(events.begin(), events.end());
  model::GetExecutionHistoryOutput out;
  auto begin = static_cast<size_t>(std::max<int64_t>(0, number_of(page.after)));
  auto end = std::min(events.size(), begin + static_cast<size_t>(page.rows));
  for (size_t i = begin; i < end; ++i)
    from_json(asl::history_event(events[i], in.includeExecutionData.value_or(true)), out.events.emplace_back());
  if (end < events.size()) out.nextToken = token_after(std::to_string(end));
  return out;
}

}  // namespace mdlc::services::states
