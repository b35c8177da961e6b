// mdlc status: what is there and what runs, at a glance.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/client.h"
#include "cli/commands.h"

namespace mdlc::cli {
namespace {

const json::array& list_in(const json::value& answer, std::string_view member) {
  static const json::array none;
  auto* found = json::find(answer, member);
  return found && found->is_array() ? found->get_array() : none;
}

base::result<void> show_stacks(client& c) {
  MDLC_TRY(auto answer, c.cloudformation("DescribeStacks", {}));
  auto* stacks = answer.find("Stacks");
  fmt::print("Stacks\n");
  if (!stacks || stacks->children.empty()) fmt::print("  none; mdlc deploy TEMPLATE makes one\n");
  if (stacks)
    for (const auto& one : stacks->children) {
      auto *name = one.find("StackName"), *status = one.find("StackStatus");
      fmt::print("  {:<32} {}\n", name ? name->text : "", status ? status->text : "");
    }
  return {};
}

base::result<void> show_machines(client& c) {
  MDLC_TRY(auto answer, c.json_call("states", "AWSStepFunctions.ListStateMachines", json::object{}));
  fmt::print("State machines\n");
  if (list_in(answer, "stateMachines").empty()) fmt::print("  none\n");
  for (const auto& one : list_in(answer, "stateMachines")) {
    json::object ask{{"stateMachineArn", json::text(one, "stateMachineArn")}, {"statusFilter", "RUNNING"}};
    MDLC_TRY(auto running, c.json_call("states", "AWSStepFunctions.ListExecutions", ask));
    auto count = list_in(running, "executions").size();
    fmt::print("  {:<32} {}\n", json::text(one, "name"), count == 0 ? "idle" : fmt::format("{} running", count));
    for (const auto& execution : list_in(running, "executions")) fmt::print("    {}\n", json::text(execution, "name"));
  }
  return {};
}

// What of SageMaker's is under way, and the endpoints whatever their status.
base::result<void> show_jobs(client& c) {
  struct kind {
    std::string_view operation, list, name, status, title;
    bool only_open;
  };
  for (auto [operation, list, name, status, title, only_open] :
       {kind{"ListTrainingJobs", "TrainingJobSummaries", "TrainingJobName", "TrainingJobStatus",
             "Training jobs under way", true},
        kind{"ListHyperParameterTuningJobs", "HyperParameterTuningJobSummaries", "HyperParameterTuningJobName",
             "HyperParameterTuningJobStatus", "Tuning jobs under way", true},
        kind{"ListTransformJobs", "TransformJobSummaries", "TransformJobName", "TransformJobStatus",
             "Transform jobs under way", true},
        kind{"ListProcessingJobs", "ProcessingJobSummaries", "ProcessingJobName", "ProcessingJobStatus",
             "Processing jobs under way", true},
        kind{"ListEndpoints", "Endpoints", "EndpointName", "EndpointStatus", "Endpoints", false}}) {
    json::object ask;
    if (only_open) ask["StatusEquals"] = "InProgress";
    MDLC_TRY(auto answer, c.json_call("sagemaker", fmt::format("SageMaker.{}", operation), ask));
    fmt::print("{}\n", title);
    if (list_in(answer, list).empty()) fmt::print("  none\n");
    for (const auto& one : list_in(answer, list))
      fmt::print("  {:<32} {}\n", json::text(one, name), json::text(one, status));
  }
  return {};
}

base::result<void> show(const std::string& folder) {
  MDLC_TRY(auto c, client::of(folder));
  fmt::print("mdlc runs at {} on {}\n", c.endpoint(), folder);
  MDLC_CHECK(show_stacks(c));
  MDLC_CHECK(show_machines(c));
  return show_jobs(c);
}

}  // namespace

void add_status(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("status", "What is there and what runs");
  auto folder = std::make_shared<std::string>(default_data_folder().string());
  command->add_option("--data-dir", *folder, "The server's data folder")->capture_default_str();
  command->callback([folder, &exit_code] {
    auto done = show(*folder);
    if (!done) fmt::print(stderr, "{}\n", done.error().message);
    exit_code = done ? 0 : 1;
  });
}

}  // namespace mdlc::cli
