// The commands that the server starts itself, hidden from the help: a job's supervisor, and the built-in
// algorithms, and what stands before a model server of the user's.
#include <CLI/CLI.hpp>

#include "main/commands.h"
#include "runner/algorithms/builtin.h"
#include "runner/relay.h"
#include "runner/supervisor.h"
#include "runner/xgboost/builtin.h"

namespace mdlc {

void add_programs(CLI::App& app, int& exit_code) {
  auto folder = std::make_shared<std::string>();
  auto* supervise = app.add_subcommand("supervise", "keeps a job")->group("");
  supervise->add_option("folder", *folder)->required();
  supervise->callback([folder, &exit_code] { exit_code = runner::supervise(*folder); });

  auto socket = std::make_shared<std::string>();
  auto program = std::make_shared<std::vector<std::string>>();
  auto* relay = app.add_subcommand("relay", "puts a model server behind a Unix socket")->group("")->prefix_command();
  relay->add_option("socket", *socket)->required();
  relay->callback([relay, socket, program, &exit_code] {
    *program = relay->remaining();
    exit_code = program->empty() ? 1 : runner::relay(*socket, *program);
  });

  auto command = std::make_shared<std::string>();
  auto* builtin = app.add_subcommand("builtin", "runs a built-in algorithm")->group("");
  builtin->require_subcommand(1);
  auto* xgboost = builtin->add_subcommand("xgboost");
  xgboost->add_option("command", *command, "train or serve")->required();
  xgboost->callback([command, &exit_code] { exit_code = runner::xgboost::run(*command); });
  using runner::algorithms::algorithm;
  for (const auto& [name, which] :
       {std::pair{"linear-learner", algorithm::linear_learner}, std::pair{"kmeans", algorithm::kmeans}}) {
    auto* one = builtin->add_subcommand(name);
    one->add_option("command", *command, "train or serve")->required();
    one->callback([command, which, &exit_code] { exit_code = runner::algorithms::run(which, *command); });
  }
}

}  // namespace mdlc
