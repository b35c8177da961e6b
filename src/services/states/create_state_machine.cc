#include "services/states/definition.h"
#include "services/states/operations.h"
#include "services/states/service.h"
#include "services/states/tag.h"

namespace mdlc::services::states {
namespace {

using answer = api::answer<model::CreateStateMachineOutput>;

// The same request again is answered as the first was. The role and tags do not count.
bool is_same(const model::CreateStateMachineInput& in, const settings& wanted, const revision& have) {
  auto have_shown = settings{shown_logging(have.settings), shown_tracing(have.settings), have.settings.encryption};
  auto want_shown = settings{shown_logging(wanted), shown_tracing(wanted), wanted.encryption};
  return in.definition == have.definition && in.type.value_or("STANDARD") == have.type &&
         have_shown.str() == want_shown.str();
}

answer already_there(store::transaction& t, const model::CreateStateMachineInput& in, const settings& wanted, machine m,
                     base::time_point now) {
  auto arn = machine_arn_of(m.scope, m.name);
  if (!is_same(in, wanted, get_revision(t, m.uid, m.revision)))
    return api::refuse("StateMachineAlreadyExists", fmt::format("State Machine Already Exists: '{}'", arn));
  model::CreateStateMachineOutput out{.stateMachineArn = arn, .creationDate = m.created, .stateMachineVersionArn = {}};
  if (in.publish.value_or(false))
    out.stateMachineVersionArn = fmt::format("{}:{}", arn, publish_version(t, m, in.versionDescription, now).number);
  return out;
}

}  // namespace

answer create_state_machine(service& s, api::call& c, const model::CreateStateMachineInput& in) {
  auto type = in.type.value_or("STANDARD");
  MDLC_CHECK(check_name(in.name));
  MDLC_CHECK(check_role_arn(in.roleArn));
  if (in.versionDescription && !in.publish.value_or(false))
    return api::refuse("ValidationException", "Version description can only be set when publish is true");
  MDLC_CHECK(check_definition(s.integrations, in.definition, machine_type_of(type)));

  auto now = s.host.env.now();
  settings wanted{in.loggingConfiguration, in.tracingConfiguration, in.encryptionConfiguration};
  machine m{.scope = c.context.scope,
            .name = in.name,
            .uid = s.host.env.uuid(),
            .type = type,
            .created = now,
            .revision = std::string{initial_revision}};
  auto arn = machine_arn_of(m.scope, m.name);
  return c.commit([&](store::transaction& t) -> answer {
    if (auto there = find_machine(t, m.scope, m.name)) return already_there(t, in, wanted, *there, now);
    insert_machine(t, m);
    insert_revision(t, {m.scope, m.name, m.uid, m.revision, in.definition, in.roleArn, type, wanted, now});
    if (in.tags) MDLC_CHECK(add_tags(t, arn, *in.tags));
    model::CreateStateMachineOutput out{.stateMachineArn = arn, .creationDate = now, .stateMachineVersionArn = {}};
    if (in.publish.value_or(false))
      out.stateMachineVersionArn = fmt::format("{}:{}", arn, publish_version(t, m, in.versionDescription, now).number);
    return out;
  });
}

}  // namespace mdlc::services::states
