// AWS CloudFormation: stacks of resources that are made, changed and removed through the registry, as durable
// procedures.
#pragma once

#include <memory>

#include "api/host.h"
#include "engine/procedures.h"
#include "services/cloudformation/operation.h"
#include "services/cloudformation/stacks.h"

namespace mdlc::services::cloudformation {

class service : public api::service, public engine::kind {
 public:
  explicit service(api::host&);

  void resume() override { procedures.resume(); }
  void stop() override { procedures.stop(); }

  // Begins an operation on a stack in the caller's unit of work.
  void begin(store::transaction&, const stack&, const std::string& status, const order&);

  api::host& host;
  engine::procedures procedures;

 private:
  // engine::kind
  std::string_view name() const override { return "stack"; }
  api::source source() const override { return api::source::stack; }
  std::unique_ptr<engine::procedure> make(const std::string& uid) override { return std::make_unique<operation>(uid); }
  void issue(const std::string& uid, const engine::command_id&, const engine::own_command&) override;
};

std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::cloudformation
