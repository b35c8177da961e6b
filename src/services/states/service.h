// AWS Step Functions: machines, executions, activities.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "api/host.h"
#include "engine/procedures.h"
#include "services/states/activities.h"
#include "services/states/execution_procedure.h"
#include "services/states/integrations/integration.h"
#include "services/states/machine.h"
#include "services/states/map_runs.h"
#include "services/states/waits.h"

namespace mdlc::services::states {

class service : public api::service, public engine::kind {
 public:
  explicit service(api::host&);  // throws std::runtime_error where its tables cannot be made or the
                                 // mock configuration cannot be used
  ~service() override;

  void resume() override {
    map_runs.resume();
    executions.resume();
  }
  void stop() override;

  // A revision's program, compiled once and kept while anything runs it.
  base::result<programme_ptr> load(store::reader&, const std::string& machine, const std::string& revision);

  // Called when the execution of that uid has ended, once. For StartSyncExecution. Null forgets it.
  void when_ended(const std::string& uid, std::function<void()>);

  api::host& host;
  const integrations::catalogue integrations;
  states::activities activities;
  states::waits waits;
  engine::procedures executions;
  states::map_runs map_runs;

 private:
  // engine::kind
  std::string_view name() const override { return "execution"; }
  api::source source() const override { return api::source::workflow; }
  std::unique_ptr<engine::procedure> make(const std::string& uid) override;
  void issue(const std::string& uid, const engine::command_id&, const engine::own_command&) override;
  void withdraw(const std::string& uid, const engine::command_id&, const engine::own_command&) override;
  void committed(const std::string& uid, engine::procedure&, bool ended) override;

  void publish_status(const execution_procedure&, asl::execution_status) const;

  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const programme>> programmes_;
  std::unordered_map<std::string, std::function<void()>> when_ended_;
};

std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::states
