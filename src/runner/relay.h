// A model server that listens on TCP, put behind a Unix socket: in a network of its own it is the only one on port
// 8080, and no program can reach another's.
#pragma once

#include <string>
#include <vector>

#include "sys/files.h"

namespace mdlc::runner {

inline constexpr int served_port = 8080;             // where SageMaker's containers listen
inline constexpr int relayed_connections_max = 256;  // at once; more wait

// Runs `argv` and carries each connection to `socket` to served_port of this network, until the program ends. SIGTERM
// and SIGINT are passed on. A connection for which nobody listens is closed. The program's exit code; 128 and the
// signal's number when a signal ended it. To be called on the main thread of a process that has no other.
int relay(const sys::path& socket, const std::vector<std::string>& argv);

}  // namespace mdlc::runner
