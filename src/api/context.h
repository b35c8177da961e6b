// What every call carries.
#pragma once

#include <optional>
#include <string>

#include "base/arn.h"
#include "base/time.h"

namespace mdlc::api {

// Who is behind a call.
enum class source { client, workflow, stack, schedule, job, function, internal };

struct context {
  base::scope scope;      // account of the access key, region of the credential scope
  std::string principal;  // ARN: the user or the assumed role that signs
  api::source source = source::client;
  std::string request_id;    // a UUID; x-amzn-RequestId
  std::string command_id;    // of the workflow, stack or schedule that calls; empty for clients
  std::string trace_header;  // X-Amzn-Trace-Id, handed on to functions; may be empty
  std::optional<base::time_point> deadline;
  std::string principal_id{};  // the principal's unique id (an account's number, AROA…:session); may be empty
};

}  // namespace mdlc::api
