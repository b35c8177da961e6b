// Describe, list and delete machines.
#include "services/states/execution.h"
#include "services/states/operations.h"
#include "services/states/page.h"
#include "services/states/service.h"

namespace mdlc::services::states {
namespace {

std::optional<std::map<std::string, std::vector<std::string>>> references_of(const programme& p) {
  auto v = p.program->variable_references();
  if (!v.is_object() || v.get_object().empty()) return {};
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [state, names] : v.get_object())
    for (const auto& n : names.as_array()) out[state].emplace_back(n.as_string());
  return out;
}

}  // namespace

api::answer<model::DescribeStateMachineOutput> describe_state_machine(service& s, api::call& c,
                                                                      const model::DescribeStateMachineInput& in) {
  MDLC_TRY(auto arn, parse_machine_arn(in.stateMachineArn));
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeStateMachineOutput> {
    MDLC_TRY(auto run, resolve(r, s, arn));
    auto revision = get_revision(r, run.machine.uid, run.revision);
    model::DescribeStateMachineOutput out;
    out.stateMachineArn = run.version_arn ? *run.version_arn : arn.str();
    out.name = run.machine.name;
    out.status = "ACTIVE";
    out.definition = in.includedData == "METADATA_ONLY" ? "" : revision.definition;
    out.roleArn = revision.role;
    out.type = run.machine.type;
    out.creationDate = run.version ? run.version->created : run.machine.created;
    out.loggingConfiguration = shown_logging(revision.settings);
    out.tracingConfiguration = shown_tracing(revision.settings);
    out.encryptionConfiguration = revision.settings.encryption;
    out.revisionId = revision.shown_id();
    if (run.version) out.description = run.version->description;
    if (auto p = s.load(r, run.machine.uid, run.revision)) out.variableReferences = references_of(**p);
    return out;
  });
}

api::answer<model::DescribeStateMachineForExecutionOutput> describe_state_machine_for_execution(
    service& s, api::call& c, const model::DescribeStateMachineForExecutionInput& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeStateMachineForExecutionOutput> {
    MDLC_TRY(auto x, need_execution(r, in.executionArn));
    auto revision = get_revision(r, x.machine_uid(), x.revision);
    model::DescribeStateMachineForExecutionOutput out;
    out.stateMachineArn = machine_arn_of(x.scope, x.machine_name);
    out.name = x.machine_name;
    out.definition = revision.definition;
    out.roleArn = revision.role;
    out.updateDate = revision.created;
    out.loggingConfiguration = shown_logging(revision.settings);
    out.tracingConfiguration = shown_tracing(revision.settings);
    out.encryptionConfiguration = revision.settings.encryption;
    out.revisionId = revision.shown_id();
    if (auto p = s.load(r, x.machine_uid(), x.revision)) out.variableReferences = references_of(**p);
    return out;
  });
}

api::answer<model::ListStateMachinesOutput> list_state_machines(service&, api::call& c,
                                                                const model::ListStateMachinesInput& in) {
  MDLC_TRY(auto page, page_of(in.maxResults, in.nextToken));
  return c.db().read([&](store::reader& r) -> api::answer<model::ListStateMachinesOutput> {
    auto rows = r.query(
        "SELECT name, type, created_ms FROM states_machine WHERE account = ?1 AND region = ?2 AND name > ?3 "
        "ORDER BY name LIMIT ?4",
        {c.context.scope.account, c.context.scope.region, page.after, page.rows + 1});
    model::ListStateMachinesOutput out;
    for (const auto& row : rows) {
      if (std::ssize(out.stateMachines) == page.rows) {
        out.nextToken = token_after(out.stateMachines.back().name);
        break;
      }
      out.stateMachines.push_back({.stateMachineArn = machine_arn_of(c.context.scope, row.text(0)),
                                   .name = row.text(0),
                                   .type = row.text(1),
                                   .creationDate = base::from_ms(row.integer(2))});
    }
    return out;
  });
}

// Gone at once; what still runs of it is stopped, which AWS does at an execution's next transition.
api::answer<model::DeleteStateMachineOutput> delete_state_machine(service& s, api::call& c,
                                                                  const model::DeleteStateMachineInput& in) {
  MDLC_TRY(auto arn, parse_machine_arn(in.stateMachineArn));
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteStateMachineOutput> {
    auto m = find_machine(t, arn.scope, arn.name);
    if (!m) return model::DeleteStateMachineOutput{};
    delete_machine(t, *m);
    for (const auto& row :
         t.query("SELECT uid FROM states_execution WHERE machine = ?1 AND status = 'RUNNING'", {m->uid}))
      t.after_commit([&s, uid = row.text(0)] { s.executions.tell(uid, "stop", json::object()); });
    return model::DeleteStateMachineOutput{};
  });
}

}  // namespace mdlc::services::states
