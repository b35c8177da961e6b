#include "services/states/alias.h"
#include "services/states/operations.h"
#include "services/states/page.h"
#include "services/states/service.h"

namespace mdlc::services::states {
api::answer<model::PublishStateMachineVersionOutput> publish_state_machine_version(
    service& s, api::call& c, const model::PublishStateMachineVersionInput& in) {
  using answer = api::answer<model::PublishStateMachineVersionOutput>;
  MDLC_TRY(auto arn, parse_machine_arn(in.stateMachineArn));
  auto now = s.host.env.now();
  return c.commit([&](store::transaction& t) -> answer {
    MDLC_TRY(auto m, need_machine(t, arn));
    if (in.revisionId && *in.revisionId != m.revision)
      return api::refuse("ConflictException",
                         fmt::format("Failed to publish the State Machine version for revision {}. The current State "
                                     "Machine revision is {}.",
                                     *in.revisionId, m.revision));
    auto v = publish_version(t, m, in.description, now);
    return model::PublishStateMachineVersionOutput{
        .creationDate = v.created, .stateMachineVersionArn = fmt::format("{}:{}", arn.unqualified(), v.number)};
  });
}

api::answer<model::ListStateMachineVersionsOutput> list_state_machine_versions(
    service&, api::call& c, const model::ListStateMachineVersionsInput& in) {
  MDLC_TRY(auto arn, parse_machine_arn(in.stateMachineArn));
  MDLC_TRY(auto page, page_of(in.maxResults, in.nextToken));
  auto before = page.before();
  return c.db().read([&](store::reader& r) -> api::answer<model::ListStateMachineVersionsOutput> {
    MDLC_TRY(auto m, need_machine(r, arn));
    model::ListStateMachineVersionsOutput out;
    int64_t last = 0;
    for (const auto& row : r.query("SELECT version, created_ms FROM states_version WHERE machine = ?1 AND version < ?2 "
                                   "ORDER BY version DESC LIMIT ?3",
                                   {m.uid, before, page.rows + 1})) {
      if (std::ssize(out.stateMachineVersions) == page.rows) {
        out.nextToken = token_after(std::to_string(last));
        break;
      }
      last = row.integer(0);
      out.stateMachineVersions.push_back({.stateMachineVersionArn = fmt::format("{}:{}", arn.unqualified(), last),
                                          .creationDate = base::from_ms(row.integer(1))});
    }
    return out;
  });
}

// One that is not there is as good as deleted. One that an alias points to stays.
api::answer<model::DeleteStateMachineVersionOutput> delete_state_machine_version(
    service&, api::call& c, const model::DeleteStateMachineVersionInput& in) {
  using answer = api::answer<model::DeleteStateMachineVersionOutput>;
  MDLC_TRY(auto arn, parse_machine_arn(in.stateMachineVersionArn));
  if (!arn.is_version())
    return api::refuse("ValidationException",
                       fmt::format("{} is not a state machine version ARN", in.stateMachineVersionArn));
  return c.commit([&](store::transaction& t) -> answer {
    auto m = find_machine(t, arn.scope, arn.name);
    if (!m) return model::DeleteStateMachineVersionOutput{};
    std::string users;
    for (const auto& row : t.query("SELECT name, routing FROM states_alias WHERE machine = ?1 ORDER BY name", {m->uid}))
      if (row.text(1).find("\"" + arn.str() + "\"") != std::string::npos)
        users += (users.empty() ? "" : ", ") + row.text(0);
    if (!users.empty())
      return api::refuse("ConflictException",
                         fmt::format("Version to be deleted must not be referenced by an alias. Current list of "
                                     "aliases referencing this version: [{}]",
                                     users));
    t.run("DELETE FROM states_version WHERE machine = ?1 AND version = ?2", {m->uid, number_of(arn.qualifier)});
    return model::DeleteStateMachineVersionOutput{};
  });
}

}  // namespace mdlc::services::states
