// The environments in which functions run: packages beside an interpreter of the machine, made once by `mdlc setup`.
//
//   <runtimes folder>/functions-DIGEST/   DIGEST names the list of packages inside this binary, and the interpreter
//     runtime.json                        what it was made with
//     packages/                           bound read-only into each function, at /var/runtime
//
// Nothing in it says where it lies, or where this program was built.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/files.h"

namespace mdlc::runner {

inline constexpr std::string_view default_python = "/usr/bin/python3";

struct package {
  std::string_view name;
  std::string_view version;
};

// What is installed: AWS's runtime interface client and AWS's SDK, with all that they need.
std::span<const package> function_packages();

struct runtime {
  sys::path packages;
  std::string interpreter;  // below /usr, which is all of the machine that a function sees
  std::string version;      // the interpreter's: "3.11.2"
};

// $MDLC_RUNTIMES; else /var/lib/mdlc/runtimes for root, $XDG_DATA_HOME/mdlc/runtimes or ~/.local/share/mdlc/runtimes.
sys::path runtimes_folder();

// The one that was made for this binary and that interpreter, by whatever path it is named; the error says how to make
// it, to a person who may know that path.
base::result<runtime> find_runtime(const std::string& python, const sys::path& folder = runtimes_folder());

// Makes it, or finds that it is there, made with this version of it. It appears at once and whole; what was there
// before goes then. `progress` is told a line at a time, errors are for a person. Not thread-safe (it sets the umask).
base::result<runtime> install_runtime(const std::string& python, const std::function<void(std::string_view)>& progress,
                                      const sys::path& folder = runtimes_folder());

}  // namespace mdlc::runner
