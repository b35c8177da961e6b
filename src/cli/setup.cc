#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "runner/runtimes.h"

namespace mdlc::cli {

void add_setup(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("setup",
                                     "Install what functions need beside the interpreter; once, as the user "
                                     "that runs the server");
  auto python = std::make_shared<std::string>(runner::default_python);
  command->add_option("--python", *python, "The interpreter for functions")
      ->envname("MDLC_PYTHON")
      ->check(CLI::ExistingFile)
      ->capture_default_str();
  command->callback([python, &exit_code] {
    const auto made = runner::install_runtime(*python, [](std::string_view line) {
      fmt::print("{}\n", line);
      std::fflush(stdout);
    });
    if (!made) fmt::print(stderr, "{}\n", made.error().message);
    exit_code = made ? 0 : 1;
  });
}

}  // namespace mdlc::cli
