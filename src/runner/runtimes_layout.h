// Where the parts of a runtime lie. Internal to runner.
#pragma once

#include "runner/runtimes.h"

namespace mdlc::runner::runtime_layout {

inline constexpr const char* about_file = "runtime.json";
inline constexpr const char* packages_folder = "packages";

sys::path place(const sys::path& runtimes_folder, std::string_view interpreter);
std::string describe(const runtime&);

}  // namespace mdlc::runner::runtime_layout
