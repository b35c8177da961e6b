#include "runner/serving/model_server.h"

#include <charconv>
#include <cstdlib>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>

#include "http/server.h"

namespace mdlc::runner::serving {
namespace {

constexpr size_t body_bytes_max = (100u << 20) + 4096;  // SageMaker's largest payload, and its last line's end
constexpr uint16_t default_port = 8080;
constexpr int64_t stop_grace_ms = 1'000;

unsigned cores() { return std::max(1u, std::thread::hardware_concurrency()); }

sigset_t ending_signals() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  return ends;
}

http::reply reply_to(inference_answer answer) {
  return {answer.status, {{"Content-Type", std::move(answer.content_type)}}, std::move(answer.body)};
}

class model_server {
 public:
  model_server(answer_function answer, bool is_batch)
      : answer_(std::move(answer)),
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
        e->answer(reply_to(answer_({h.get("Content-Type"), h.get("Accept"), body, is_batch_})));
      });
    });
  }

  static http::reply execution_parameters() {
    return {200,
            {{"Content-Type", "application/json"}},
            fmt::format(R"({{"MaxConcurrentTransforms": {}, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}})",
                        cores())};
  }

  const answer_function answer_;
  const bool is_batch_;
  sys::thread_pool pool_;
  http::loop loop_;
  http::server server_;
};

}  // namespace

void hold_ending_signals() {
  const auto ends = ending_signals();
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
}

base::result<void> serve_until_ended(answer_function answer) {
  model_server server{std::move(answer), std::getenv("SAGEMAKER_BATCH") != nullptr};
  MDLC_CHECK(server.listen());
  const auto ends = ending_signals();
  int signal = 0;
  sigwait(&ends, &signal);
  server.stop();
  return {};
}

std::string_view media_type(std::string_view header) {
  header = header.substr(0, header.find_first_of(";,"));
  while (!header.empty() && header.back() == ' ') header.remove_suffix(1);
  return header;
}

}  // namespace mdlc::runner::serving
