// The commands that are not clients: the server, and the programs that it starts.
#pragma once

namespace CLI {
class App;
}

namespace mdlc {

void add_up(CLI::App&, int& exit_code);
void add_programs(CLI::App&, int& exit_code);

}  // namespace mdlc
