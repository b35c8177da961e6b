#include "runner/environment_layer.h"

#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

namespace mdlc::runner {
namespace {

// pip's own script in the environment would install there.
constexpr std::string_view pip_script = "#!/bin/sh\nexec /opt/mdlc/own/bin/python -m pip \"$@\"\n";
constexpr const char* pip_names[] = {"pip", "pip3"};
constexpr const char* python_names[] = {"python", "python3"};
constexpr std::filesystem::perms everybody_runs{0755}, everybody_reads{0644};
constexpr unsigned folder_mode = 0755;

// "python3.11", as the environment calls the folder of its packages.
base::result<std::string> name_of_library(const sys::path& environment) {
  std::error_code error;
  for (const auto& e : std::filesystem::directory_iterator{environment / "lib", error})
    if (const auto name = e.path().filename().string(); name.starts_with("python")) return name;
  return base::fail(fmt::format("{} is no Python environment", environment.string()));
}

base::result<void> write(const sys::path& file, std::string_view text, std::filesystem::perms mode) {
  std::ofstream out{file, std::ios::binary};
  out << text << std::flush;
  if (!out) return base::fail(fmt::format("cannot write {}", file.string()));
  std::error_code error;
  std::filesystem::permissions(file, mode, error);
  return {};
}

bool give_all(const sys::path& folder, const identity& owner) {
  if (geteuid() != 0) return true;
  std::error_code error;
  bool done = lchown(folder.c_str(), owner.uid, owner.gid) == 0;
  for (std::filesystem::recursive_directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
    done = lchown(at->path().c_str(), owner.uid, owner.gid) == 0 && done;
  return done && !error;
}

}  // namespace

base::result<void> make_layer(const sys::path& environment, const sys::path& folder, const identity& owner) {
  MDLC_TRY(const auto library, name_of_library(environment));
  MDLC_TRY(const auto settings, sys::read_file(environment / "pyvenv.cfg"));
  const auto packages = folder / "lib" / library / "site-packages", programs = folder / "bin";
  for (const auto& made : {folder, folder / "lib", folder / "lib" / library, packages, programs})
    MDLC_CHECK(sys::make_folder(made, folder_mode));
  MDLC_CHECK(write(folder / "pyvenv.cfg", settings, everybody_reads));
  MDLC_CHECK(write(packages / "image.pth",
                   fmt::format("import site; site.addsitedir('{}/lib/{}/site-packages')\n", environment_place, library),
                   everybody_reads));
  std::error_code error;
  const auto interpreter = std::filesystem::read_symlink(environment / "bin" / library, error);
  if (error) return base::fail(fmt::format("{} has no interpreter", environment.string()));
  for (const auto* name : python_names) std::filesystem::create_symlink(interpreter, programs / name, error);
  if (error) return base::fail(fmt::format("cannot make {}: {}", programs.string(), error.message()));
  for (const auto* name : pip_names) MDLC_CHECK(write(programs / name, pip_script, everybody_runs));
  if (!give_all(folder, owner)) return base::fail("cannot give a folder to the job's user");
  return {};
}

}  // namespace mdlc::runner
