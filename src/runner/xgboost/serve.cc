#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include "http/server.h"
#include "runner/xgboost/builtin.h"
#include "runner/xgboost/inference.h"

namespace mdlc::runner::xgboost {
namespace {

constexpr size_t body_bytes_max = (100u << 20) + 4096;  // SageMaker's largest payload, and its last line's end
constexpr uint16_t default_port = 8080;
constexpr int64_t stop_grace_ms = 1'000;

void say(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

base::result<std::string> read_model(const sys::path& folder) {
  std::vector<sys::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    if (at->is_regular_file(error)) files.push_back(at->path());
  std::sort(files.begin(), files.end());
  const auto usual = std::find(files.begin(), files.end(), folder / "xgboost-model");
  if (usual != files.end()) return sys::read_file(*usual);
  if (files.empty()) return base::fail("the model's archive holds no file xgboost-model");
  return sys::read_file(files.front());
}

unsigned cores() { return std::max(1u, std::thread::hardware_concurrency()); }

http::reply reply_to(inference_answer answer) {
  return {answer.status, {{"Content-Type", std::move(answer.content_type)}}, std::move(answer.body)};
}

class model_server {
 public:
  model_server(booster model, bool is_batch)
      : model_(std::move(model)),
        is_batch_(is_batch),
        pool_(cores()),
        server_(loop_, pool_, [this](std::shared_ptr<http::exchange> e) { handle(std::move(e)); }) {}

  base::result<void> listen() {
    if (const char* socket = std::getenv("MDLC_SERVE_SOCKET")) {
      ::unlink(socket);
      return server_.listen_unix(socket);
    }
    uint16_t port = default_port;
    if (const char* setting = std::getenv("SAGEMAKER_BIND_TO_PORT"))
      std::from_chars(setting, setting + std::char_traits<char>::length(setting), port);
    MDLC_TRY([[maybe_unused]] auto taken, server_.listen_tcp("127.0.0.1", port));
    return {};
  }
  void stop() { server_.stop(stop_grace_ms); }

 private:
  void handle(std::shared_ptr<http::exchange> e) {
    const auto& head = e->head();
    const auto path = std::string_view{head.target}.substr(0, head.target.find('?'));
    if (path == "/ping" && head.method == "GET") return e->answer({});
    if (path == "/execution-parameters" && head.method == "GET") return e->answer(execution_parameters());
    if (path != "/invocations" || head.method != "POST") return e->answer({404, {}, std::string{"Not Found"}});
    e->read_body(body_bytes_max, [this, e](http::body_end end, std::string body) {
      if (end.end != http::body_end::how::complete)
        return e->answer({413, {}, std::string{"Request Entity Too Large"}});
      pool_.post([this, e, body = std::move(body)] {
        const auto& h = e->head().headers;
        e->answer(reply_to(infer(model_, {h.get("Content-Type"), h.get("Accept"), body, is_batch_})));
      });
    });
  }

  static http::reply execution_parameters() {
    return {200,
            {{"Content-Type", "application/json"}},
            fmt::format(R"({{"MaxConcurrentTransforms": {}, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}})",
                        cores())};
  }

  const booster model_;
  const bool is_batch_;
  sys::thread_pool pool_;
  http::loop loop_;
  http::server server_;
};

}  // namespace

int serve(const sys::path& root) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before the first thread: sigwait below takes them
  say(describe_library());
  auto bytes = read_model(root / "model");
  if (!bytes) return say(bytes.error().message), exit_customers_fault;
  auto model = load_model(*bytes);
  if (!model) return say(model.error().message), exit_customers_fault;
  // Requests come side by side; each predicts on its own thread.
  if (auto set = model->set("nthread", "1"); !set) return say(set.error().message), exit_algorithm_failed;
  model_server server{*std::move(model), std::getenv("SAGEMAKER_BATCH") != nullptr};
  if (auto listening = server.listen(); !listening) return say(listening.error().message), exit_algorithm_failed;
  int signal = 0;
  sigwait(&ends, &signal);
  server.stop();
  return exit_done;
}

}  // namespace mdlc::runner::xgboost
