// A model server of an endpoint: laid out, started, watched, started again when it dies, asked.
//
//   <data>/endpoints/<id>/ml, serve.py   what serving.h lays out
//                         laid_out      what that found; with it nothing is laid out again
//                         run-<n>/       the n-th program: a folder of runner/job.h, and `run`, where its socket is
//
// A thread of its own carries it. After kill -9 of the server the program lives on under its supervisor and is taken
// over by whoever is made for the same id; an orderly stop ends it, and it is started again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "http/client.h"
#include "runner/job.h"
#include "services/sagemaker/endpoint.h"
#include "services/sagemaker/serving.h"

namespace mdlc::services::sagemaker {

inline constexpr int64_t invocation_timeout_ms = 60'000;       // AWS's
inline constexpr size_t waiting_invocations_max = 1000;        // of a server that is being started again
inline constexpr size_t answer_bytes_max = size_t{6} << 20;    // of a model's answer, as of a request
inline constexpr int64_t start_limit_default_ms = 8 * 60'000;  // until the first answer to a ping

struct model_request {
  http::headers headers;  // Content-Type, Accept, …
  std::string body;
};

struct model_failure {
  enum class cause { unavailable, timeout, died, too_large };
  cause why;
};
using model_answer = base::result<http::response, model_failure>;

class model_server : public std::enable_shared_from_this<model_server> {
 public:
  struct plan {
    std::string id;
    endpoint_key endpoint;
    std::string variant;
    std::string container;  // its name in AWS's sentences: "primary", or the container's host name
    std::string log_stream;
    std::string role;
    json::object definition;  // ContainerDefinition
    bool is_isolated = false;
    int64_t start_limit_ms = start_limit_default_ms;
    bool was_ready = false;  // before a restart: it is not given up
  };

  // `changed` is called from its thread when `at` says something else.
  model_server(service&, plan, std::function<void()> changed);
  ~model_server();  // as end(false)
  void start();

  enum class state { starting, ready, failed };
  state at() const { return state_; }
  std::string failure() const;  // AWS's sentence, where it failed
  const plan& what() const { return plan_; }

  // `done` is called once, from a thread of the pool. While the server is being started again the request waits.
  void invoke(model_request, std::function<void(model_answer)> done);

  // Ends the program; with `for_good` the folder goes too. Blocks until that is done; what is in flight has `grace_ms`.
  void end(bool for_good, int64_t grace_ms = 0);

 private:
  using clock = std::chrono::steady_clock;
  struct waiting {
    uint64_t number;
    model_request request;
    std::function<void(model_answer)> done;
    clock::time_point deadline;
  };

  void carry();
  bool lay_out_once();
  bool begin_run();
  void keep_run();
  bool is_healthy(http::client&);
  void turn(state);
  void give_up(std::string why);
  void ship_log(bool all);
  void end_program();
  void drain();
  void queue(waiting);
  void send(waiting);
  void refuse_waiting(model_failure::cause);
  bool pause(int64_t ms);  // false if it is to end
  std::optional<laid_out> read_laid_out() const;
  api::context context() const;
  serving place() const;
  sys::path run_folder() const { return folder_ / fmt::format("run-{}", run_); }
  std::vector<int64_t> runs() const;

  service& s_;
  const plan plan_;
  const std::function<void()> changed_;
  const sys::path folder_;
  const int64_t timeout_ms_;
  std::thread thread_;
  std::atomic<state> state_{state::starting};
  std::atomic<bool> ending_{false}, for_good_{false};
  std::atomic<int64_t> in_flight_{0};
  std::atomic<int64_t> answered_ms_{0};  // monotonic: when a request was last answered

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  runner::watch* watch_ = nullptr;
  http::client* pinging_ = nullptr;
  std::string failure_;
  sys::path socket_;  // of the program that is ready
  std::list<waiting> waiting_;
  uint64_t next_ = 0;

  // Its thread's own.
  std::optional<laid_out> laid_out_;
  int64_t run_ = 0;
  int starts_ = 0;
  bool has_stream_ = false;
};

// Ends what may still run below a model server's folder that no row knows, and removes it.
void sweep_model_server(const sys::path& folder);

}  // namespace mdlc::services::sagemaker
