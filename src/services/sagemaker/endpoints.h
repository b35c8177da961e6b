// The endpoints that are in service, and what brings them there: a thread for each, which follows the endpoint's row.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "services/sagemaker/model_server.h"
#include "services/sagemaker_runtime/service.h"

namespace mdlc::services::sagemaker {

inline constexpr size_t model_servers_max = 64;  // of all endpoints, those being brought up included

// One endpoint. Its thread makes the row true: servers for what is to run, the switch once they answer, an end to what
// is over. Everything it does can be taken up again from the row.
class live_endpoint : public std::enable_shared_from_this<live_endpoint> {
 public:
  live_endpoint(service& s, endpoint_key key) : s_(s), key_(std::move(key)) {}
  ~live_endpoint() { stop(); }
  void start();
  void poke();  // the row has changed
  void stop();  // ends the programs, leaves the row
  bool is_over() const { return is_over_; }

  void invoke(const sagemaker_runtime::model::InvokeEndpointInput&,
              api::completion<sagemaker_runtime::model::InvokeEndpointOutput>);

 private:
  struct route {
    std::string variant;
    double weight = 1;
    bool is_direct = false;  // its containers are called one by one, not in turn
    std::vector<std::shared_ptr<model_server>> servers;
  };
  using routes = std::vector<route>;

  void carry();
  routes make_servers(const deployment&, bool was_ready);
  void deploy(const endpoint&);
  void switch_to(const endpoint&, routes);
  void roll_back(const endpoint&, routes, std::string why);
  void finish_deletion();
  void adopt(const deployment&);
  void set_weights(const deployment&);
  std::string await_ready(const routes&);  // why not; empty if they are, or if it is to stop
  static void end_servers(routes&, bool for_good, int64_t grace_ms = 0);
  endpoint edit(const std::function<void(endpoint&)>&);
  const route* choose(const routes&, const std::optional<std::string>& wanted) const;

  service& s_;
  const endpoint_key key_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t news_ = 0;
  std::atomic<bool> stopping_{false}, is_over_{false};
  std::shared_ptr<const routes> routes_;  // null while it is not in service
};

class endpoints : public sagemaker_runtime::service {
 public:
  explicit endpoints(sagemaker::service& s) : s_(s) {}
  // Takes up what the rows say, and sweeps what they do not.
  void resume();
  void stop();
  // To be called once the row's change is durable.
  void poke(const endpoint_key&);

  void invoke(const base::scope&, sagemaker_runtime::model::InvokeEndpointInput,
              api::completion<sagemaker_runtime::model::InvokeEndpointOutput>) override;

 private:
  sagemaker::service& s_;
  std::mutex mutex_;
  std::map<endpoint_key, std::shared_ptr<live_endpoint>> live_;
  std::thread sweeper_;
  bool stopping_ = false;
};

}  // namespace mdlc::services::sagemaker
