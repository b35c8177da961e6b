// `.sync`: executions that wait for a job's end. They hear of it on the event bus, and describe it when they begin to
// wait, so that an event that came too early, or before a restart, is not missed.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "api/host.h"
#include "engine/procedures.h"
#include "services/states/integrations/integration.h"

namespace mdlc::services::states {

class waits {
 public:
  using answer_to = std::function<void(const std::string& uid, const engine::command_id&, api::answer<json::value>)>;

  // A Describe that fails inside is made again after this.
  static constexpr std::chrono::milliseconds describe_again{1000};

  waits(api::host&, const integrations::catalogue&, answer_to);

  // `what`: execution_procedure.h's await command.
  void add(const std::string& uid, const engine::command_id&, const json::value& what);
  void remove(const std::string& uid, const engine::command_id&);
  void heard(const api::event&);

 private:
  using key = std::pair<std::string, engine::command_id>;
  struct waiting {
    std::string arn;
    json::value what;
  };

  void describe_soon(const key&);
  void describe(const key&);

  api::host& host_;
  const integrations::catalogue& catalogue_;
  const answer_to answer_;
  std::mutex mutex_;
  std::map<key, waiting> waiting_;
  std::multimap<std::string, key> by_arn_;
};

}  // namespace mdlc::services::states
