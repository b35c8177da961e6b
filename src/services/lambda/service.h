// Lambda: functions, their versions, and the workers that run them.
#pragma once

#include <memory>

#include "api/host.h"
#include "services/lambda/event_queue.h"
#include "services/lambda/fleet.h"

namespace mdlc::services::lambda {

class service : public api::service {
 public:
  explicit service(api::host&);
  void resume() override;
  void stop() override;

  api::host& host;
  catalog versions;
  code_store codes;
  log_writer logs;
  fleet functions;
  event_queue events;

 private:
  void sweep_code();
};

std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::lambda
