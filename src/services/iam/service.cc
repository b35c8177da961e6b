#include "services/iam/service.h"

#include <stdexcept>

#include "services/iam/operations.h"
#include "services/iam/schema.h"

namespace mdlc::services::iam {

std::unique_ptr<api::service> make(api::host& h) {
  if (auto ready = h.db.migrate("iam", schema()); !ready) throw std::runtime_error(ready.error().message);
  auto made = std::make_unique<service>(h);
  auto& self = *made;
  h.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_IAM_OPERATIONS));
  return made;
}

}  // namespace mdlc::services::iam
