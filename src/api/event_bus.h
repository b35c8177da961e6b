// How services hear of each other inside the process. Events have EventBridge's shape. Nothing is kept: who must not
// miss one describes again after a restart.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/arn.h"
#include "base/time.h"
#include "json/value.h"

namespace mdlc::api {

struct event {
  base::scope scope;
  std::string source;       // "aws.sagemaker"
  std::string detail_type;  // "SageMaker Training Job State Change"
  std::vector<std::string> resources;
  base::time_point time;
  json::object detail;
};

class event_bus {
 public:
  using listener = std::function<void(const event&)>;
  // For the life of the bus. Listeners run on the publishing thread, in order of subscription: keep them short.
  void subscribe(listener);
  // Call it after the commit (transaction::after_commit) of what it tells.
  void publish(const event&) const;

 private:
  mutable std::mutex mutex_;
  std::vector<listener> listeners_;
};

}  // namespace mdlc::api
