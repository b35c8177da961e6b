#include "services/logs/service.h"

#include "base/log.h"
#include "services/logs/operations.h"
#include "services/logs/rows.h"

namespace mdlc::services::logs {

service::service(api::host& host) : host(host), sweeper(host.db, host.pool, "removing deleted logs", remove_dropped) {
  if (const auto ok = host.db.migrate("logs", migrations); !ok) base::log::stop_process(ok.error().message);
  service& self = *this;
  host.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_LOGS_OPERATIONS));
}

std::unique_ptr<api::service> make(api::host& host) { return std::make_unique<service>(host); }

}  // namespace mdlc::services::logs
