#include "services/states/definition.h"
#include "services/states/operations.h"
#include "services/states/service.h"

namespace mdlc::services::states {

using answer = api::answer<model::UpdateStateMachineOutput>;

answer update_state_machine(service& s, api::call& c, const model::UpdateStateMachineInput& in) {
  MDLC_TRY(auto arn, parse_machine_arn(in.stateMachineArn));
  if (!in.definition && !in.roleArn && !in.loggingConfiguration && !in.tracingConfiguration &&
      !in.encryptionConfiguration)
    return api::refuse("MissingRequiredParameter",
                       "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration "
                       "must be specified");
  if (in.versionDescription && !in.publish.value_or(false))
    return api::refuse("ValidationException", "Version description can only be set when publish is true");
  if (in.roleArn) MDLC_CHECK(check_role_arn(*in.roleArn));
  auto known = c.db().read([&](store::reader& r) { return need_machine(r, arn); });
  if (!known) return tl::unexpected(known.error());
  if (in.definition) MDLC_CHECK(check_definition(s.integrations, *in.definition, machine_type_of(known->type)));

  auto now = s.host.env.now();
  auto id = s.host.env.uuid();
  return c.commit([&](store::transaction& t) -> answer {
    MDLC_TRY(auto m, need_machine(t, arn));
    auto current = get_revision(t, m.uid, m.revision);
    auto next = current;
    if (in.definition) next.definition = *in.definition;
    if (in.roleArn) next.role = *in.roleArn;
    if (in.loggingConfiguration) next.settings.logging = in.loggingConfiguration;
    if (in.tracingConfiguration) next.settings.tracing = in.tracingConfiguration;
    if (in.encryptionConfiguration) next.settings.encryption = in.encryptionConfiguration;
    // What changes nothing makes no revision.
    if (next.definition != current.definition || next.role != current.role ||
        next.settings.str() != current.settings.str()) {
      next.id = id;
      next.created = now;
      insert_revision(t, next);
      m.revision = id;
      update_machine(t, m);
    }
    model::UpdateStateMachineOutput out;
    out.updateDate = now;
    out.revisionId = next.shown_id();
    if (in.publish.value_or(false)) {
      auto version = publish_version(t, m, in.versionDescription, now);
      out.stateMachineVersionArn = fmt::format("{}:{}", arn.unqualified(), version.number);
    }
    return out;
  });
}

}  // namespace mdlc::services::states
