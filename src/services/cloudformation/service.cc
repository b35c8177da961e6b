#include "services/cloudformation/service.h"

#include "services/cloudformation/operations.h"

namespace mdlc::services::cloudformation {

service::service(api::host& h) : host(h), procedures(h, *this) {
  service& self = *this;
  h.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_CLOUDFORMATION_OPERATIONS));
}

void service::begin(store::transaction& t, const stack& s, const std::string& status, const order& o) {
  auto uid = host.env.uuid();
  begin_operation(t, s, status, uid, o.token, host.env.now());
  procedures.begin(t, uid, std::make_unique<operation>(uid), to_json(o));
}

// Claims exports. Done again after a restart it does no harm.
void service::issue(const std::string& uid, const engine::command_id& id, const engine::own_command& c) {
  auto claimed = std::make_shared<api::answer<json::value>>(json::value{});
  host.db.post(
      [input = c.input, claimed](store::transaction& t) {
        base::scope scope{std::string{json::text(input, "account")}, std::string{json::text(input, "region")}};
        auto done = claim_exports(t, scope, std::string{json::text(input, "stack_id")}, *json::find(input, "outputs"));
        if (!done) *claimed = tl::unexpected(done.error());
      },
      [this, uid, id, claimed](std::exception_ptr failed) {
        if (failed) *claimed = tl::unexpected(api::internal_error("the exports could not be written"));
        procedures.answer(uid, id, *claimed);
      });
}

std::unique_ptr<api::service> make(api::host& h) {
  if (auto migrated = h.db.migrate("cloudformation", schema()); !migrated)
    throw store::failure(migrated.error().message);
  return std::make_unique<service>(h);
}

}  // namespace mdlc::services::cloudformation
