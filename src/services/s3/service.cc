#include "services/s3/service.h"

#include "base/log.h"
#include "services/s3/operations.h"
#include "services/s3/schema.h"

namespace mdlc::services::s3 {

void service::resume() {
  // Beside the answering: a store of many blobs takes its time.
  host.pool.post([this] {
    auto removed = host.blobs.sweep([this](const std::string& name) {
      return stopping_ || host.db.read([&](store::reader& r) {
        return r.first("SELECT 1 FROM s3_object WHERE blob = ?1 LIMIT 1", {name}) ||
               r.first("SELECT 1 FROM s3_part WHERE blob = ?1 LIMIT 1", {name});
      });
    });
    if (removed > 0) base::log::info("s3: removed {} files that no object points to", removed);
  });
}

std::unique_ptr<api::service> make(api::host& host) {
  if (auto migrated = host.db.migrate("s3", tables()); !migrated) throw store::failure(migrated.error().message);
  auto made = std::make_unique<service>(host);
  auto& self = *made;
  host.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_S3_OPERATIONS));
  return made;
}

}  // namespace mdlc::services::s3
