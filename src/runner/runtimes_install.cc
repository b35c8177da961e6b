#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json/value.h"
#include "runner/runtimes_layout.h"

namespace mdlc::runner {
namespace {

// awslambdaric's own bound.
constexpr std::pair oldest_python{3, 10};
constexpr size_t output_bytes_max = 1 << 20;
constexpr size_t shown_bytes = 1500;

struct finished {
  int status = -1;
  std::string output;  // both streams; what is over the bound is dropped
};

finished run(const std::vector<std::string>& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  sys::descriptor read_end{ends[0]}, write_end{ends[1]};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  write_end = {};
  finished out;
  if (failed != 0) {
    out.output = fmt::format("{}: {}", command[0], std::strerror(failed));
    return out;
  }
  char buffer[4096];
  for (ssize_t got; (got = ::read(read_end.get(), buffer, sizeof buffer)) != 0;) {
    if (got < 0 && errno != EINTR) break;
    if (got > 0 && out.output.size() < output_bytes_max) out.output.append(buffer, static_cast<size_t>(got));
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

std::string_view end_of(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.size() > shown_bytes ? text.substr(text.size() - shown_bytes) : text;
}

// Asks the interpreter which one it really is: a virtual environment's refers to another.
base::result<runtime> ask(const std::string& python) {
  const auto told = run({python, "-c",
                         "import json, os, sys\n"
                         "real = os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable)\n"
                         "print(json.dumps({'interpreter': real, 'version': '%d.%d.%d' % sys.version_info[:3]}))\n"});
  const auto about = told.status == 0 ? json::parse(told.output) : base::fail("");
  if (!about)
    return base::fail(
        fmt::format("{} is no Python that can be run ({}). Install one (apt install python3 "
                    "python3-venv), or name another: mdlc setup --python PATH",
                    python, end_of(told.output)));
  runtime r;
  r.interpreter = json::text(*about, "interpreter");
  r.version = json::text(*about, "version");
  int major = 0, minor = 0;
  if (std::sscanf(r.version.c_str(), "%d.%d", &major, &minor) != 2 || std::pair{major, minor} < oldest_python)
    return base::fail(fmt::format("{} is Python {}; functions need {}.{} or newer", python, r.version,
                                  oldest_python.first, oldest_python.second));
  // The server finds the environment by the interpreter's file, without running it.
  std::error_code error;
  if (std::filesystem::canonical(python, error) != r.interpreter)
    return base::fail(fmt::format("{0} runs {1}. Name that one: --python {1}", python, r.interpreter));
  if (!r.interpreter.starts_with("/usr/"))
    return base::fail(
        fmt::format("{} is {}, which functions cannot see: they are shown nothing of this machine but "
                    "/usr. Name a Python below it: mdlc setup --python /usr/bin/python3",
                    python, r.interpreter));
  return r;
}

base::result<void> fill(const runtime& r, const sys::path& work,
                        const std::function<void(std::string_view)>& progress) {
  progress(fmt::format("  a virtual environment of {} (Python {}) to install with", r.interpreter, r.version));
  const auto venv = (work / "venv").string();
  const auto made = run({r.interpreter, "-m", "venv", venv});
  if (made.status != 0)
    return base::fail(fmt::format("{} cannot make a virtual environment (apt install python3-venv):\n{}", r.interpreter,
                                  end_of(made.output)));
  std::vector<std::string> command{venv + "/bin/python",
                                   "-m",
                                   "pip",
                                   "install",
                                   "--disable-pip-version-check",
                                   "--no-input",
                                   "--quiet",
                                   "--retries=2",
                                   "--no-deps",
                                   "--only-binary=:all:",
                                   "--target",
                                   (work / runtime_layout::packages_folder).string()};
  for (const auto& p : function_packages()) {
    progress(fmt::format("  {} {}", p.name, p.version));
    command.push_back(fmt::format("{}=={}", p.name, p.version));
  }
  const auto installed = run(command);
  if (installed.status != 0)
    return base::fail(
        fmt::format("The packages cannot be installed. Is there a network, or a package index that pip "
                    "knows of? pip says:\n{}",
                    end_of(installed.output)));
  std::error_code error;
  std::filesystem::remove_all(work / "venv", error);
  return sys::write_file_durably(work / runtime_layout::about_file, runtime_layout::describe(r) + "\n", 0644);
}

// Puts the finished folder in its place, and what was there into `work`'s.
base::result<void> publish(const sys::path& work, const sys::path& place) {
  const sys::descriptor folder{::open(work.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ::syncfs(folder.get());
  if (::rename(work.c_str(), place.c_str()) != 0 &&
      ::renameat2(AT_FDCWD, work.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) != 0)
    return base::fail(fmt::format("cannot rename {} to {}: {}", work.string(), place.string(), std::strerror(errno)));
  return sys::sync_folder(place.parent_path());
}

struct readable_by_all {
  mode_t before = ::umask(022);
  ~readable_by_all() { ::umask(before); }
};

}  // namespace

base::result<runtime> install_runtime(const std::string& python, const std::function<void(std::string_view)>& progress,
                                      const sys::path& folder) {
  MDLC_TRY(auto wanted, ask(python));
  const auto place = runtime_layout::place(folder, wanted.interpreter);
  if (const auto there = find_runtime(wanted.interpreter, folder); there && there->version == wanted.version) {
    progress(fmt::format("The environment for functions is there already: {}", place.string()));
    return *there;
  }
  const readable_by_all mask;
  MDLC_CHECK(sys::make_folder(folder, 0755));
  std::string work = (folder / ".new-XXXXXX").string();
  if (!::mkdtemp(work.data())) return base::fail(fmt::format("{}: {}", work, std::strerror(errno)));
  ::chmod(work.c_str(), 0755);
  progress(fmt::format("Making the environment for functions in {}", place.string()));
  auto done = fill(wanted, work, progress);
  if (done) done = publish(work, place);
  std::error_code ignored;
  std::filesystem::remove_all(work, ignored);
  if (!done) return tl::unexpected(done.error());
  progress("  done");
  return find_runtime(wanted.interpreter, folder);
}

}  // namespace mdlc::runner
