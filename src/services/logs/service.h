// CloudWatch Logs: groups, streams, events. Functions, jobs and workflows write theirs with logs:PutLogEvents through
// the registry.
#pragma once

#include <memory>

#include "api/host.h"
#include "api/piecework.h"

namespace mdlc::services::logs {

class service : public api::service {
 public:
  explicit service(api::host&);
  void resume() override { sweeper.start(); }
  void stop() override { sweeper.stop(); }

  api::host& host;
  api::piecework sweeper;  // removes what was deleted
};

std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::logs
