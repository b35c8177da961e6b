#include "services/cloudformation/service.h"

#include "services/cloudformation/operations.h"

namespace mdlc::services::cloudformation {

service::service(api::host& h) : host(h), procedures(h, kind_) {
  service& self = *this;
  h.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_CLOUDFORMATION_OPERATIONS));
}

void service::begin(store::transaction& t, const stack& s, const std::string& status, const order& o) {
  auto uid = host.env.uuid();
  begin_operation(t, s, status, uid, o.token, host.env.now());
  procedures.begin(t, uid, std::make_unique<operation>(uid), to_json(o));
}

std::unique_ptr<api::service> make(api::host& h) {
  if (auto migrated = h.db.migrate("cloudformation", schema()); !migrated)
    throw store::failure(migrated.error().message);
  return std::make_unique<service>(h);
}

}  // namespace mdlc::services::cloudformation
