#include "services/sagemaker/writable.h"

#include <unistd.h>

#include "runner/environment_layer.h"

namespace mdlc::services::sagemaker {

base::result<void> own_files(run& r, const sys::path& folder) {
  const auto who = r.owner();
  std::error_code error;
  const auto give = [&](const sys::path& p) { return geteuid() != 0 || lchown(p.c_str(), who.uid, who.gid) == 0; };
  bool done = give(folder);
  std::vector<sys::path> files;
  for (std::filesystem::recursive_directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    if (at->is_regular_file(error))
      files.push_back(at->path());
    else
      done = give(at->path()) && done;
  // Beside the folder: there no file of it can be in the way.
  const auto copy = sys::path{folder}.concat(".copy");
  for (const auto& file : files) {
    if (error || !done) break;
    std::filesystem::copy_file(file, copy, error);
    if (!error) std::filesystem::permissions(copy, std::filesystem::perms{0644}, error);
    done = !error && give(copy);
    if (done) std::filesystem::rename(copy, file, error);
  }
  if (error || !done) return base::fail("ClientError: the code cannot be given to the job's user");
  return {};
}

base::result<void> add_layer(run& r, image& i) {
  const auto environment =
      std::find_if(i.binds.begin(), i.binds.end(), [](const auto& b) { return b.to == runner::environment_place; });
  if (environment == i.binds.end()) return {};  // an own image that is no Python
  const auto layer = r.folder() / "layer";
  if (auto made = runner::make_layer(environment->from, layer, r.owner()); !made)
    return base::fail("ClientError: " + made.error().message);
  runner::program settings;
  runner::add_pip_settings(settings);
  i.binds.push_back({layer, std::string{runner::layer_place}, true});
  i.binds.insert(i.binds.end(), settings.binds.begin(), settings.binds.end());
  i.environment.insert(i.environment.end(), settings.environment.begin(), settings.environment.end());
  i.environment.emplace_back("PATH", runner::layer_path);
  return {};
}

}  // namespace mdlc::services::sagemaker
