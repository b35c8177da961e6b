// The model servers of a batch transform: one for each of the model's containers, each a program under a supervisor of
// its own.
//
//   <job>/               the first one's folder (runner/job.h), with `ml`, and `run` where its socket is
//   <job>/container-<n>  the n-th one's, from 2
#pragma once

#include <vector>

#include "http/client.h"
#include "services/sagemaker/run.h"
#include "services/sagemaker/serving.h"

namespace mdlc::services::sagemaker {

class transform_servers {
 public:
  explicit transform_servers(run&);

  // All folders made anew, with what is to run in them. An error is the customer's.
  base::result<void> lay_out();
  // Begins those that never began; false with the job failed if that cannot be done.
  bool begin();
  enum class readiness { ready, interrupted, ended, late };
  // Until each has answered a ping.
  readiness await_ready();
  // What the first one answers to /execution-parameters; null where it says nothing.
  json::value execution_parameters();
  bool all_run() const;
  // How the first of those that do not run came to its end, in words.
  std::string how_ended() const;
  // Asks all to end, and waits until they have; false if the server shuts down meanwhile.
  bool end();

  size_t count() const { return servers_.size(); }
  http::client connect(size_t at) const;

  void ship_logs(bool all);
  // A line of the platform's own, in the data log.
  void say(std::string_view line);

 private:
  struct server {
    json::object container;  // ContainerDefinition
    sys::path folder;
    log_shipper log;
  };
  serving place(const server&) const;
  base::result<void> write_spec(const server&, const laid_out&) const;
  readiness await_ready(const server&, std::chrono::steady_clock::time_point limit);
  bool await_end(const server&);

  run& r_;
  std::vector<server> servers_;
};

}  // namespace mdlc::services::sagemaker
