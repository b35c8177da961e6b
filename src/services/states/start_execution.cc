#include "services/states/execution.h"
#include "services/states/operations.h"
#include "services/states/service.h"

namespace mdlc::services::states {
namespace {

struct checked {
  machine_arn arn;
  std::string input;
  std::string name;
  std::string uid;
  json::object mocks;
};

template <class In>
api::answer<checked> check(service& s, const In& in) {
  auto asked = split_case(in.stateMachineArn);
  MDLC_TRY(auto arn, parse_machine_arn(asked.arn));
  checked out{arn, in.input.value_or("{}"), in.name.value_or(""), s.host.env.uuid(), {}};
  MDLC_CHECK(check_input(out.input));
  if (in.name) MDLC_CHECK(check_name(*in.name));
  if (!in.name) out.name = s.host.env.uuid();
  if (asked.test_case) {
    MDLC_TRY(out.mocks, read_case(arn.name, *asked.test_case));
  }
  return out;
}

}  // namespace

api::answer<model::StartExecutionOutput> start_execution(service& s, api::call& c,
                                                         const model::StartExecutionInput& in) {
  using answer = api::answer<model::StartExecutionOutput>;
  MDLC_TRY(auto q, check(s, in));
  // Compiled before the unit, if it has to be.
  auto ready = c.db().read([&](store::reader& r) -> api::answer<void> {
    MDLC_TRY(auto run, resolve(r, s, q.arn));
    s.load(r, run.machine.uid, run.revision);
    return {};
  });
  if (!ready) return tl::unexpected(ready.error());
  auto now = s.host.env.now();
  return c.commit([&](store::transaction& t) -> answer {
    MDLC_TRY(auto run, resolve(t, s, q.arn));
    const auto& m = run.machine;
    bool express = m.type == "EXPRESS";
    auto arn = express ? express_arn_of(m.scope, m.name, q.name, q.uid) : execution_arn_of(m.scope, m.name, q.name);
    if (auto there = find_execution(t, arn)) {
      if (there->status == "RUNNING" && there->input == q.input && there->machine == m.uid)
        return model::StartExecutionOutput{arn, there->started};
      return api::refuse("ExecutionAlreadyExists", fmt::format("Execution Already Exists: '{}'", arn));
    }
    MDLC_CHECK(start(s, t, {run, q.name, arn, q.uid, q.input, in.traceHeader, now, q.mocks}));
    return model::StartExecutionOutput{arn, now};
  });
}

namespace {

model::StartSyncExecutionOutput outcome_of(const execution_row& x) {
  constexpr int64_t billed_memory_mb = 64, billed_unit_ms = 100;
  model::StartSyncExecutionOutput out;
  out.executionArn = x.arn;
  out.stateMachineArn = x.machine_arn();
  out.name = x.name;
  out.startDate = x.started;
  out.stopDate = x.stopped.value_or(x.started);
  out.status = x.status;
  out.input = x.input;
  out.inputDetails = model::CloudWatchEventsExecutionDataDetails{true};
  out.output = x.output;
  out.outputDetails = model::CloudWatchEventsExecutionDataDetails{true};
  out.error = x.error;
  out.cause = x.cause;
  out.traceHeader = x.trace;
  auto took = (out.stopDate - out.startDate).count();
  out.billingDetails = model::BillingDetails{
      billed_memory_mb, std::max<int64_t>(1, (took + billed_unit_ms - 1) / billed_unit_ms) * billed_unit_ms};
  return out;
}

}  // namespace

// The answer comes when the execution has ended, from wherever that is.
void start_sync_execution(service& s, std::shared_ptr<api::call> c, model::StartSyncExecutionInput in,
                          api::completion<model::StartSyncExecutionOutput> done) {
  auto begun = [&]() -> api::answer<checked> {
    MDLC_TRY(auto q, check(s, in));
    auto now = s.host.env.now();
    auto uid = q.uid;
    s.when_ended(uid, [&s, uid, c, done] {
      done(c->db().read([&](store::reader& r) -> api::answer<model::StartSyncExecutionOutput> {
        auto arn = r.first("SELECT arn FROM states_execution WHERE uid = ?1", {uid});
        return outcome_of(*find_execution(r, arn->text(0)));
      }));
    });
    auto committed = s.host.db.write([&](store::transaction& t) -> api::answer<void> {
      MDLC_TRY(auto run, resolve(t, s, q.arn));
      if (run.machine.type != "EXPRESS")
        return api::refuse("StateMachineTypeNotSupported",
                           "This operation is not supported by this type of state machine");
      auto arn = express_arn_of(run.machine.scope, run.machine.name, q.name, q.uid);
      return start(s, t, {run, q.name, arn, uid, q.input, in.traceHeader, now, q.mocks});
    });
    if (committed) return q;
    s.when_ended(uid, nullptr);
    return tl::unexpected(committed.error());
  }();
  if (!begun) done(tl::unexpected(begun.error()));
}

}  // namespace mdlc::services::states
