// A program of the user's, as jobs and functions run it: what it is, what it sees, how much it may take.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "json/value.h"
#include "sys/files.h"

namespace mdlc::runner {

// A file or folder of the machine that the program sees at `to`. Mounted in the order given, so a later one may lie
// inside an earlier one if its mount point exists there.
struct bind {
  sys::path from;
  std::string to;
  bool writable = false;
};

// `shared` is the machine's own network, so that the program reaches our endpoint; `none` is an empty one.
enum class network { shared, none };

inline constexpr int64_t default_processes = 2048;  // threads count too
inline constexpr int64_t default_file_bytes = int64_t{64} << 30;
inline constexpr int64_t default_open_files = 16384;
inline constexpr int64_t default_tmp_bytes = int64_t{1} << 30;  // /tmp and /dev/shm, each, in memory
inline constexpr int64_t default_disk_bytes = int64_t{256} << 30;

// Zero means: no limit of its own.
struct limits {
  int64_t data_bytes = 0;           // RLIMIT_DATA of each process: private memory that it can write
  int64_t address_space_bytes = 0;  // RLIMIT_AS of each process
  int64_t cpu_s = 0;                // of each process
  int64_t processes = default_processes;
  int64_t file_bytes = default_file_bytes;  // of each file
  int64_t open_files = default_open_files;
  int64_t tmp_bytes = default_tmp_bytes;
  // Of all writable binds together; a supervisor looks now and then and stops the program, `confine` does not.
  int64_t disk_bytes = default_disk_bytes;
};

// The defaults with each process's memory bound to the machine's.
limits default_limits();

struct program {
  std::vector<std::string> argv;                                 // argv[0] is looked for inside
  std::vector<std::pair<std::string, std::string>> environment;  // all of it: nothing is inherited
  std::vector<bind> binds;
  std::string working_folder = "/";
  std::string host_name = "algo-1";  // also in /etc/hosts, as 127.0.0.1
  runner::network network = runner::network::shared;
  runner::limits limits = default_limits();
  // What names the program's own user where the server is root: the same key, the same user. See identity_for.
  std::string identity_key;
};

json::object to_json(const program&);
base::result<program> program_from_json(const json::value&);

}  // namespace mdlc::runner
