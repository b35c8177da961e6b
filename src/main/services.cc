#include "main/services.h"

namespace mdlc {

// One line a service. Declared here, so that no service's header is compiled for it.
// clang-format off
#define MDLC_SERVICES(row) \
  row(sts) \
  row(iam) \
  row(s3) \
  row(dynamodb) \
  row(logs) \
  row(lambda) \
  row(sagemaker) \
  row(states) \
  row(cloudformation)
// clang-format on

#define MDLC_DECLARE(name)                        \
  namespace services::name {                      \
  std::unique_ptr<api::service> make(api::host&); \
  }
MDLC_SERVICES(MDLC_DECLARE)

std::vector<std::unique_ptr<api::service>> make_services(api::host& h) {
  std::vector<std::unique_ptr<api::service>> out;
#define MDLC_MAKE(name) out.push_back(services::name::make(h));
  MDLC_SERVICES(MDLC_MAKE)
  return out;
}

}  // namespace mdlc
