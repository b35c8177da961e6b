// The commands that the server starts itself, hidden from the help: a job's supervisor, and the built-in algorithms.
#include <CLI/CLI.hpp>

#include "main/commands.h"
#include "runner/supervisor.h"
#include "runner/xgboost/builtin.h"

namespace mdlc {

void add_programs(CLI::App& app, int& exit_code) {
  auto folder = std::make_shared<std::string>();
  auto* supervise = app.add_subcommand("supervise", "keeps a job")->group("");
  supervise->add_option("folder", *folder)->required();
  supervise->callback([folder, &exit_code] { exit_code = runner::supervise(*folder); });

  auto command = std::make_shared<std::string>();
  auto* builtin = app.add_subcommand("builtin", "runs a built-in algorithm")->group("");
  builtin->require_subcommand(1);
  auto* xgboost = builtin->add_subcommand("xgboost");
  xgboost->add_option("command", *command, "train or serve")->required();
  xgboost->callback([command, &exit_code] { exit_code = runner::xgboost::run(*command); });
}

}  // namespace mdlc
