// AWS IAM: roles and policies, kept and shown. Who may do what is asked in one place, api::authorize.
#pragma once

#include <memory>

#include "api/host.h"

namespace mdlc::services::iam {

class service : public api::service {
 public:
  explicit service(api::host& h) : host(h) {}
  api::host& host;
};

// Migrates the tables, registers the operations.
std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::iam
