#include "services/dynamodb/service.h"

#include "base/log.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/schema.h"

namespace mdlc::services::dynamodb {

service::service(api::host& host) : host(host), sweeper(host, tables) {
  if (const auto ok = host.db.migrate("dynamodb", migrations); !ok) base::log::stop_process(ok.error().message);
  service& self = *this;
  host.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_DYNAMODB_OPERATIONS));
}

std::unique_ptr<api::service> make(api::host& host) { return std::make_unique<service>(host); }

}  // namespace mdlc::services::dynamodb
