// A model laid out so that its server can run: archive, script, environment, program. For endpoints and batch
// transforms alike; who runs it, and for how long, is theirs.
#pragma once

#include <functional>

#include "runner/program.h"
#include "services/sagemaker/images.h"
#include "services/sagemaker/service.h"

namespace mdlc::services::sagemaker {

struct serving {
  service& s;
  api::context context;  // of the calls that read the model: its role's
  std::string role;      // ARN; may be empty
  sys::path folder;      // gets `ml`, which the program sees as /opt/ml
  std::string identity_key;
  json::object container;  // a ContainerDefinition
  bool is_isolated = false;
  std::function<void(std::string_view)> say;  // text for the log
  std::function<bool()> cancelled;            // asked while packages are installed
};

// What laying out found; kept by who laid it out, so that the program can be started again.
struct laid_out {
  std::string script;       // what serves the model, in `code`; empty where the image does
  std::string code;         // a folder that the program sees
  std::string environment;  // the script's packages: a folder of the machine
  std::string own;          // the file that serves, where the image is the user's own: its program is in the folder
};

// Reads the archives and makes the environment, which takes as long as pip does. An error is the customer's.
base::result<laid_out> lay_out(const serving&);

// The server, listening on `meeting`/socket; `meeting` is to be a folder of the program's user. `more` comes after the
// container's own environment.
base::result<runner::program> serving_program(const serving&, const laid_out&, const sys::path& meeting,
                                              const std::vector<std::pair<std::string, std::string>>& more);
inline constexpr const char* serving_socket = "socket";

// What every program finds in its environment, then `image`, then what the request says.
std::vector<std::pair<std::string, std::string>> program_environment(service&, const base::scope&,
                                                                     std::string_view role, const image&,
                                                                     const json::value* of_request,
                                                                     bool with_credentials);

// The server of scripts, a Python program: the toolkit's contract (model_fn, input_fn, predict_fn, output_fn,
// transform_fn) over a Unix socket. Arguments: the socket, the script's folder and name, "sklearn" or "xgboost".
std::string_view script_server();

}  // namespace mdlc::services::sagemaker
