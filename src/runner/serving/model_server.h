// The HTTP side of a built-in algorithm's model server: /ping, /execution-parameters and /invocations as SageMaker asks
// its containers. What is answered is the algorithm's.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mdlc::runner::serving {

struct inference_request {
  std::string_view content_type;  // as it came; may be empty
  std::string_view accept;
  std::string_view body;
  bool is_batch = false;  // SAGEMAKER_BATCH: a batch transform asks
};

struct inference_answer {
  int status = 200;
  std::string content_type;
  std::string body;
};

// Called on several threads at once.
using answer_function = std::function<inference_answer(const inference_request&)>;

// Before the first thread is made: the signals that end a server are kept for serve_until_ended.
void hold_ending_signals();

// Serves on the Unix socket that MDLC_SERVE_SOCKET names, otherwise on port SAGEMAKER_BIND_TO_PORT or 8080, until
// SIGTERM or SIGINT. An error: it could not listen.
base::result<void> serve_until_ended(answer_function);

// Of a header: "text/csv" of "text/csv; charset=utf8, …".
std::string_view media_type(std::string_view header);

}  // namespace mdlc::runner::serving
