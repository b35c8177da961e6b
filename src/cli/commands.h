// The commands of the program. Those here are clients of the public API, or look into the data folder or a file only.
#pragma once

#include <string>

#include "sys/files.h"

namespace CLI {
class App;
}

namespace mdlc::cli {

// Each adds one subcommand; when it was given, its exit code is in `exit_code` after the parse.
void add_env(CLI::App&, int& exit_code);
void add_setup(CLI::App&, int& exit_code);
void add_deploy(CLI::App&, int& exit_code);
void add_start(CLI::App&, int& exit_code);
void add_status(CLI::App&, int& exit_code);
void add_image(CLI::App&, int& exit_code);
void add_validate(CLI::App&, int& exit_code);

// /var/lib/mdlc for root; else $XDG_DATA_HOME/mdlc, or ~/.local/share/mdlc.
sys::path default_data_folder();

}  // namespace mdlc::cli
