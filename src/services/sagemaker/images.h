// The image table: what runs for an image's URI.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/environments.h"
#include "runner/image_table.h"
#include "runner/program.h"

namespace mdlc::services::sagemaker {

// What scripts of the user's run in; see scripts.h.
struct framework {
  std::string module;                              // SM_FRAMEWORK_MODULE
  std::vector<std::string> packages;               // pinned
  std::vector<runner::requirements> requirements;  // installed over them
  std::string note;                                // the log's first line: what runs for the tag that was asked for
};

struct image {
  std::vector<std::string> train;  // argv of the image's entry point with `train`
  std::vector<std::string> serve;
  std::vector<runner::bind> binds;  // beside /opt/ml
  std::vector<std::pair<std::string, std::string>> environment;
  // A built-in algorithm brings its own metrics, and its exit code tells whose fault a failure is.
  bool is_builtin = false;
  // Where the image runs scripts; `train` is empty where it does nothing else.
  std::optional<framework> scripts = {};
  // A program of the user's own, which is called with `train` and `serve` as a container's is; see own_program.h.
  std::optional<framework> own = {};
  std::string working_folder = "/opt/ml";
};

// Where a confined program finds this very binary, as built-in algorithms do and what needs the relay (runner/relay.h).
inline constexpr std::string_view own_binary_place = "/opt/mdlc/mdlc";
base::result<runner::bind> own_binary();

inline constexpr std::string_view program_place = "/opt/program";  // where an own image's program is

// The own program as an image.
image image_of(const runner::own_image&);

// The table's own come first. An error is the customer's: which image it is and what to do.
base::result<image> find_image(const runner::image_table&, std::string_view uri);

}  // namespace mdlc::services::sagemaker
