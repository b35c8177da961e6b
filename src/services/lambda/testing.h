// What the fleet's and the events' tests share: a service with sockets, and in place of AWS's runtime interface client
// a small one that does what the event says. It runs as a real process, confined.
#pragma once

#include <gtest/gtest.h>

#include <future>

#include "api/testing.h"
#include "base/bytes.h"
#include "runner/testing.h"
#include "services/lambda/service.h"

namespace mdlc::services::lambda::testing {

// An event's members, all of which may be missing: sleep_s, exit (the process ends so), failures (so many of the
// worker's first invocations fail), misuse (calls that the Runtime API refuses). The answer: worker, the count of its
// invocations, the event, and the statuses of the refused calls. The variables: INIT_ERROR, and PAUSE_S from an answer
// to the next `next`.
inline constexpr std::string_view client = R"(
import http.client, json, os, sys, time

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

def call(method, path, body=None):
    connection.request(method, "/2018-06-01/runtime/" + path, body)
    answer = connection.getresponse()
    return answer, answer.read()

if "INIT_ERROR" in os.environ:
    call("POST", "init/error", json.dumps({"errorType": "Init", "errorMessage": os.environ["INIT_ERROR"]}))
    sys.exit(1)

count = 0
while True:
    answer, body = call("GET", "invocation/next")
    request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(body)
    count += 1
    print("event", body.decode(), flush=True)
    if "exit" in event:
        os._exit(event["exit"])
    time.sleep(event.get("sleep_s", 0))
    out = {"worker": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"], "count": count, "event": event}
    if "misuse" in event:
        out["statuses"] = [call("POST", "invocation/another/response", "1")[0].status,
                           call("GET", "invocation/next")[0].status,
                           call("GET", "elsewhere")[0].status]
    kind = "error" if count <= event.get("failures", 0) else "response"
    call("POST", f"invocation/{request}/{kind}", json.dumps(out))
    time.sleep(float(os.environ.get("PAUSE_S", 0)))
)";

// Set before there are threads: MDLC_RUNTIMES is where the runner looks for the client.
struct installed_client {
  installed_client() {
    ::setenv("MDLC_RUNTIMES", folder.path().c_str(), 1);
    runner::install_client(folder.path(), std::string{runner::default_python}, client);
  }
  sys::temporary_folder folder;
};

class lambda_test : public ::testing::Test {
 protected:
  lambda_test() {
    host.host.sockets = &sockets;
    tested.emplace(host.host);
  }
  ~lambda_test() override { end(); }

  // In the server's order: all of it is still there when the last thread ends.
  void end() {
    tested->stop();
    sockets.stop();
    host.pool.stop();
    host.timers.stop();
  }

  json::value create(const std::string& name, json::object more = {}) {
    json::object in{{"FunctionName", name},
                    {"Runtime", "python3.11"},
                    {"Handler", "index.handler"},
                    {"Role", "arn:aws:iam::000000000000:role/r"},
                    {"Timeout", 60},
                    {"Code", json::object{{"ZipFile", base::to_base64(runner::zip_file("index.py", ""))}}}};
    for (const auto& [key, value] : more) in[key] = value;
    return host.call("lambda", "CreateFunction", json::print(in)).value();
  }
  static json::object variables(json::object all) {
    return {{"Environment", json::object{{"Variables", std::move(all)}}}};
  }
  target find(const std::string& name) {
    return host.db->read([&](store::reader& r) { return tested->versions.find(r, {host.scope, name, {}}, 1).value(); });
  }

  installed_client installed;
  api::testing::test_host host;
  http::loop sockets;
  std::optional<service> tested;
};

}  // namespace mdlc::services::lambda::testing
