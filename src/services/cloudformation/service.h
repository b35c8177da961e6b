// AWS CloudFormation: stacks of resources that are made, changed and removed through the registry, as durable
// procedures.
#pragma once

#include <memory>

#include "api/host.h"
#include "engine/procedures.h"
#include "services/cloudformation/operation.h"
#include "services/cloudformation/stacks.h"

namespace mdlc::services::cloudformation {

class stack_kind : public engine::kind {
 public:
  std::string_view name() const override { return "stack"; }
  api::source source() const override { return api::source::stack; }
  std::unique_ptr<engine::procedure> make(const std::string& uid) override { return std::make_unique<operation>(uid); }
};

class service : public api::service {
 public:
  explicit service(api::host&);

  void resume() override { procedures.resume(); }
  void stop() override { procedures.stop(); }

  // Begins an operation on a stack in the caller's unit of work.
  void begin(store::transaction&, const stack&, const std::string& status, const order&);

  api::host& host;

 private:
  stack_kind kind_;

 public:
  engine::procedures procedures;
};

std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::cloudformation
