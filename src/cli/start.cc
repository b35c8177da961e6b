// mdlc start: starts an execution, and shows its states as they run.
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"

namespace mdlc::cli {
namespace {

constexpr std::chrono::milliseconds poll{100};

struct request {
  std::string folder, machine, input = "{}";
  bool follow = false;
};

base::result<json::value> states(client& c, std::string_view operation, const json::value& input) {
  return c.json_call("states", fmt::format("AWSStepFunctions.{}", operation), input);
}

// A name or an ARN as an ARN.
base::result<std::string> find_machine(client& c, const std::string& machine) {
  if (machine.starts_with("arn:")) return machine;
  json::object page;
  std::string known;
  while (true) {
    MDLC_TRY(auto answer, states(c, "ListStateMachines", page));
    if (auto* list = json::find(answer, "stateMachines"); list && list->is_array())
      for (const auto& one : list->get_array()) {
        if (json::text(one, "name") == machine) return std::string{json::text(one, "stateMachineArn")};
        known += fmt::format("\n  {}", json::text(one, "name"));
      }
    auto next = json::text(answer, "nextToken");
    if (next.empty()) break;
    page["nextToken"] = next;
  }
  return base::fail(known.empty() ? "There is no state machine; mdlc deploy makes some."
                                  : fmt::format("There is no state machine '{}'. There are:{}", machine, known));
}

// What a person wants of a cause: that of a function or a job is JSON, with its own words in one member.
std::string words_of(std::string_view cause) {
  if (auto told = json::parse(cause))
    for (auto member : {"errorMessage", "FailureReason"})
      if (auto words = json::text(*told, member); !words.empty()) return std::string{words};
  return std::string{cause};
}

void show(const json::value& event, double start_s) {
  auto type = json::text(event, "type");
  auto* at = json::find(event, "timestamp");
  double elapsed = at ? json::to_double(*at) - start_s : 0;
  if (type.ends_with("StateEntered")) {
    auto* details = json::find(event, "stateEnteredEventDetails");
    fmt::print("{:>8.2f} s  {}\n", elapsed, details ? json::text(*details, "name") : "");
  } else if (type == "TaskFailed" || type == "LambdaFunctionFailed") {
    auto* details =
        json::find(event, type == "TaskFailed" ? "taskFailedEventDetails" : "lambdaFunctionFailedEventDetails");
    if (details)
      fmt::print("{:>8.2f} s    {}: {}\n", elapsed, json::text(*details, "error"),
                 words_of(json::text(*details, "cause")));
  }
}

base::result<int> follow(client& c, const std::string& arn) {
  size_t shown = 0;
  double start_s = 0;
  while (true) {
    MDLC_TRY(auto now, states(c, "DescribeExecution", json::object{{"executionArn", arn}}));
    if (auto* started = json::find(now, "startDate")) start_s = json::to_double(*started);
    json::object page{{"executionArn", arn}, {"maxResults", 1000}};
    size_t count = 0;
    while (true) {
      MDLC_TRY(auto history, states(c, "GetExecutionHistory", page));
      if (auto* events = json::find(history, "events"); events && events->is_array())
        for (const auto& event : events->get_array())
          if (++count > shown) show(event, start_s);
      auto next = json::text(history, "nextToken");
      if (next.empty()) break;
      page["nextToken"] = next;
    }
    shown = count;
    auto status = json::text(now, "status");
    if (status == "RUNNING") {
      std::this_thread::sleep_for(poll);
      continue;
    }
    fmt::print("{}\n", status);
    if (status == "SUCCEEDED") {
      fmt::print("{}\n", json::text(now, "output"));
      return 0;
    }
    fmt::print(stderr, "{}: {}\n", json::text(now, "error"), words_of(json::text(now, "cause")));
    return 1;
  }
}

base::result<int> start(const request& r) {
  if (auto input = json::parse(r.input); !input) return base::fail(fmt::format("--input: {}", input.error().message));
  MDLC_TRY(auto c, client::of(r.folder));
  MDLC_TRY(auto machine, find_machine(c, r.machine));
  MDLC_TRY(auto begun, states(c, "StartExecution", json::object{{"stateMachineArn", machine}, {"input", r.input}}));
  std::string arn{json::text(begun, "executionArn")};
  fmt::print("{}\n", arn);
  return r.follow ? follow(c, arn) : base::result<int>{0};
}

}  // namespace

void add_start(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("start", "Start an execution of a state machine");
  auto r = std::make_shared<request>();
  r->folder = default_data_folder().string();
  command->add_option("machine", r->machine, "Its name or ARN")->required();
  command->add_option("--input", r->input, "JSON")->capture_default_str();
  command->add_flag("--follow", r->follow, "Show its states until it ends; the exit status tells how");
  command->add_option("--data-dir", r->folder, "The server's data folder")->capture_default_str();
  command->callback([r, &exit_code] {
    auto done = start(*r);
    if (!done) fmt::print(stderr, "{}\n", done.error().message);
    exit_code = done ? *done : 1;
  });
}

}  // namespace mdlc::cli
