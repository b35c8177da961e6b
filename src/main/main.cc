#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "main/commands.h"

int main(int argc, char** argv) {
  CLI::App app{"mdlc: train, register, evaluate and retrain models on AWS APIs, on your own machine", "mdlc"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "mdlc " MDLC_VERSION);
  int exit_code = 0;
  mdlc::add_up(app, exit_code);
  mdlc::add_programs(app, exit_code);
  mdlc::cli::add_env(app, exit_code);
  mdlc::cli::add_setup(app, exit_code);
  mdlc::cli::add_deploy(app, exit_code);
  mdlc::cli::add_start(app, exit_code);
  mdlc::cli::add_status(app, exit_code);
  mdlc::cli::add_image(app, exit_code);
  mdlc::cli::add_validate(app, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
