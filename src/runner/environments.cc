#include "runner/environments.h"

#include <chrono>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/bytes.h"
#include "json/value.h"
#include "runner/confine.h"

namespace mdlc::runner {
namespace {

constexpr const char* about_file = "environment.json";
constexpr const char* python_folder = "python";
constexpr std::string_view base_place = "/opt/mdlc/base";
constexpr int poll_ms = 100;
constexpr size_t kept_output_bytes = 16 << 10;
constexpr size_t shown_bytes = 600;

// $1 is the interpreter; the other arguments are pip's, if any. Packages are unpacked on the disk, not in /tmp, which
// is memory.
constexpr std::string_view install_script = R"(set -e
if [ -d /opt/mdlc/base ]; then cp -R --preserve=mode,timestamps,links /opt/mdlc/base/. /opt/mdlc/python
else "$1" -m venv /opt/mdlc/python; fi
shift
mkdir -p "$TMPDIR"
[ $# -eq 0 ] || /opt/mdlc/python/bin/python -m pip install "$@"
rm -rf "$TMPDIR"
)";

tl::unexpected<install_failure> machine_fails(std::string message) {
  return tl::unexpected(install_failure{install_failure::cause::machine, std::move(message)});
}

// A line that names a file: an option with one, a path, a wheel.
bool names_files(std::string_view requirements) {
  for (size_t begin = 0; begin < requirements.size();) {
    const auto end = std::min(requirements.find('\n', begin), requirements.size());
    auto line = requirements.substr(begin, end - begin);
    begin = end + 1;
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '-' || line[0] == '.' || line[0] == '/') return true;
    const auto slash = line.substr(0, line.find_first_of(" ;@")).find('/');
    if (slash != std::string_view::npos || line.find("file:") != std::string_view::npos ||
        line.find(".whl") != std::string_view::npos)
      return true;
  }
  return false;
}

std::string digest_of_folder(const sys::path& folder) {
  std::vector<std::string> lines;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at{folder, error}, end; !error && at != end; at.increment(error)) {
    const auto status = at->symlink_status(error);
    if (!std::filesystem::is_regular_file(status)) continue;
    const auto content = sys::read_file(at->path()).value_or("");
    lines.push_back(fmt::format("{} {}", base::to_hex(base::sha256(content)),
                                at->path().lexically_relative(folder).generic_string()));
  }
  std::sort(lines.begin(), lines.end());
  return base::sha256(fmt::format("{}", fmt::join(lines, "\n")));
}

json::object describe(const environment_contents& c) {
  json::array requirements;
  for (const auto& r : c.requirements) {
    json::object one{{"text", r.text}};
    if (names_files(r.text)) one["files"] = base::to_hex(digest_of_folder(r.folder));
    requirements.push_back(std::move(one));
  }
  return {{"interpreter", c.python},
          {"packages", json::array(c.packages.begin(), c.packages.end())},
          {"requirements", std::move(requirements)}};
}

program installer(const environment_contents& c, const sys::path& into, const sys::path& base,
                  std::string_view identity_key) {
  program p;
  p.identity_key = identity_key;
  p.argv = {"/bin/sh", "-c", std::string{install_script}, "sh", c.python};
  p.binds = {{into, std::string{environment_place}, true}};
  p.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                   {"HOME", "/tmp"},
                   {"LANG", "C.UTF-8"},
                   {"TMPDIR", std::string{environment_place} + "/.tmp"}};
  add_pip_settings(p);
  if (!base.empty()) p.binds.push_back({base, std::string{base_place}});
  if (!c.requirements.empty()) {
    p.binds.push_back({c.requirements.back().folder, std::string{code_place}});
    p.working_folder = code_place;
    p.argv.insert(p.argv.end(), {"-r", "requirements.txt"});
  } else if (!c.packages.empty()) {
    p.argv.insert(p.argv.end(), {"--quiet", "--no-deps", "--only-binary=:all:"});
    p.argv.insert(p.argv.end(), c.packages.begin(), c.packages.end());
  }
  return p;
}

std::string end_of(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  if (text.size() <= shown_bytes) return std::string{text};
  text.remove_prefix(text.size() - shown_bytes);
  return std::string{text.substr(std::min(text.find('\n'), text.size() - 1) + 1)};
}

base::result<void, install_failure> run_installer(const program& p, const installing& how) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return machine_fails(std::strerror(errno));
  const sys::descriptor reading{ends[0]};
  sys::descriptor writing{ends[1]};
  fcntl(writing.get(), F_SETFL, 0);
  auto running = start(p, writing.get(), writing.get());
  if (!running) return machine_fails(running.error().message);
  writing = {};
  std::string output;
  const auto pump = [&] {
    char buffer[16384];
    for (ssize_t got; (got = read(reading.get(), buffer, sizeof buffer)) > 0;) {
      how.say({buffer, static_cast<size_t>(got)});
      output.append(buffer, static_cast<size_t>(got));
      if (output.size() > kept_output_bytes) output.erase(0, output.size() - kept_output_bytes);
    }
  };
  while (!running->wait_if_ended()) {
    pollfd waiting[] = {{running->ended_fd(), POLLIN, 0}};
    poll(waiting, 1, poll_ms);
    pump();
    if (how.cancelled()) {
      running->kill();
      return tl::unexpected(install_failure{install_failure::cause::cancelled, "stopped"});
    }
  }
  const auto end = running->wait();
  pump();
  if (end.exit_code == 0) return {};
  return tl::unexpected(install_failure{install_failure::cause::pip, end_of(output)});
}

}  // namespace

void add_pip_settings(program& p) {
  for (char** at = environ; *at; ++at) {
    const std::string_view setting{*at};
    const auto equals = setting.find('=');
    const auto name = setting.substr(0, equals);
    const bool is_proxy = name == "http_proxy" || name == "https_proxy" || name == "no_proxy" || name == "HTTP_PROXY" ||
                          name == "HTTPS_PROXY" || name == "NO_PROXY";
    if (equals != std::string_view::npos && (is_proxy || name.starts_with("PIP_")))
      p.environment.emplace_back(name, setting.substr(equals + 1));
  }
  p.environment.insert(p.environment.end(), {{"PIP_DISABLE_PIP_VERSION_CHECK", "1"},
                                             {"PIP_NO_INPUT", "1"},
                                             {"PIP_NO_CACHE_DIR", "1"},
                                             {"PIP_PROGRESS_BAR", "off"}});
  std::error_code error;
  for (const sys::path file : {"/etc/pip.conf", "/etc/xdg/pip/pip.conf"})
    if (std::filesystem::exists(file, error)) p.binds.push_back({file, file.string()});
  for (const auto* name : {"PIP_CONFIG_FILE", "PIP_FIND_LINKS", "PIP_CERT"}) {
    const char* value = std::getenv(name);
    const sys::path named = value ? value : "";
    // /etc/ssl and /usr are there anyway.
    const bool is_seen = named.string().starts_with("/etc/ssl/") || named.string().starts_with("/usr/");
    if (named.is_absolute() && !is_seen && std::filesystem::exists(named, error))
      p.binds.push_back({named, named.string()});
  }
}

sys::path environments::place_of(const environment_contents& c) const {
  return folder_ / fmt::format("scripts-{}", base::to_hex(base::sha256(json::print(describe(c)))).substr(0, 24));
}

bool environments::has(const environment_contents& asked) const {
  auto c = asked;
  std::error_code error;
  c.python = std::filesystem::canonical(asked.python, error);
  return std::filesystem::exists(place_of(c) / about_file, error);
}

base::result<sys::path, install_failure> environments::make(const environment_contents& asked,
                                                            const installing& how) const {
  auto c = asked;
  std::error_code error;
  const auto interpreter = std::filesystem::canonical(asked.python, error);
  if (error || !interpreter.string().starts_with("/usr/"))
    return machine_fails(
        fmt::format("{} is no Python below /usr, which is all of this machine that a script sees; start "
                    "the server with mdlc up --python PATH",
                    asked.python));
  c.python = interpreter;
  const auto place = place_of(c);
  if (has(c)) return place / python_folder;
  sys::path base;
  if (!c.requirements.empty()) {
    auto below = c;
    below.requirements.pop_back();
    MDLC_TRY(base, make(below, how));
  }
  if (auto made = sys::make_folder(folder_, 0755); !made) return machine_fails(made.error().message);
  const auto lock_file = folder_ / fmt::format(".lock-{}", place.filename().string());
  while (true) {
    auto lock = sys::try_lock(lock_file);
    if (!lock) return machine_fails(lock.error().message);
    if (*lock) return make_locked(c, base, how);
    if (how.cancelled()) return tl::unexpected(install_failure{install_failure::cause::cancelled, "stopped"});
    std::this_thread::sleep_for(std::chrono::milliseconds{poll_ms});
  }
}

base::result<sys::path, install_failure> environments::make_locked(const environment_contents& c, const sys::path& base,
                                                                   const installing& how) const {
  const auto place = place_of(c);
  if (has(c)) return place / python_folder;  // the one who held the lock made it
  const auto work = folder_ / fmt::format(".new-{}", place.filename().string());
  std::error_code error;
  std::filesystem::remove_all(work, error);
  const auto machine = [&](const base::result<void>& r) -> base::result<void, install_failure> {
    if (r) return {};
    return machine_fails(r.error().message);
  };
  MDLC_CHECK(machine(sys::make_folder(work / python_folder, 0755)));
  std::filesystem::permissions(work, std::filesystem::perms{0755}, error);
  const auto key = how.identity_key.empty() ? place.filename().string() : how.identity_key;
  const auto who = identity_for(key);
  if (geteuid() == 0 && chown((work / python_folder).c_str(), who.uid, who.gid) != 0)
    return machine_fails("cannot give a folder to the user that installs");
  auto done = run_installer(installer(c, work / python_folder, base, key), how);
  if (done) {
    if (const sys::descriptor folder{open(work.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}; folder)
      syncfs(folder.get());
    done = machine(sys::write_file_durably(work / about_file, json::print(describe(c)) + "\n", 0644));
  }
  if (done && rename(work.c_str(), place.c_str()) != 0)
    done =
        machine_fails(fmt::format("cannot rename {} to {}: {}", work.string(), place.string(), std::strerror(errno)));
  if (done) done = machine(sys::sync_folder(folder_));
  std::filesystem::remove_all(work, error);
  if (!done) return tl::unexpected(std::move(done).error());
  return place / python_folder;
}

}  // namespace mdlc::runner
