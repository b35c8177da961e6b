#include "runner/launch.h"

#include <charconv>
#include <cstring>
#include <fstream>

#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"

namespace mdlc::runner {
namespace {

// What programs read under /etc, where the machine has it.
constexpr std::string_view etc_entries[] = {"/etc/ssl",         "/etc/ca-certificates", "/etc/alternatives",
                                            "/etc/ld.so.cache", "/etc/localtime",       "/etc/mime.types",
                                            "/etc/services",    "/etc/protocols"};

base::result<sys::descriptor> file_of(std::string_view content) {
  sys::descriptor file{memfd_create("mdlc", MFD_CLOEXEC)};
  if (!file) return base::fail(fmt::format("memfd_create: {}", std::strerror(errno)));
  while (!content.empty()) {
    ssize_t put = write(file.get(), content.data(), content.size());
    if (put < 0) return base::fail(fmt::format("writing to memory: {}", std::strerror(errno)));
    content.remove_prefix(static_cast<size_t>(put));
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

bool has_admin_capability() {
  constexpr int cap_sys_admin = 21;
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("CapEff:")) continue;
    return (std::strtoull(line.c_str() + 7, nullptr, 16) >> cap_sys_admin) & 1;
  }
  return false;
}

// The options, each NUL-terminated, as `bwrap --args` reads them: not on the command line, which all users can see.
class options {
 public:
  template <class... Words>
  void add(Words&&... words) {
    (append(words), ...);
  }
  const std::string& text() const { return text_; }

 private:
  void append(std::string_view word) {
    text_.append(word);
    text_.push_back('\0');
  }
  std::string text_;
};

base::result<void> add_file(options& o, launch& l, std::string_view content, std::string_view to) {
  MDLC_TRY(auto file, file_of(content));
  o.add("--perms", "0444", "--ro-bind-data", std::to_string(file.get()), to);
  l.kept.push_back(std::move(file));
  return {};
}

base::result<void> add_etc(options& o, launch& l, const program& p) {
  for (auto entry : etc_entries) o.add("--ro-bind-try", entry, entry);
  MDLC_CHECK(add_file(o, l, fmt::format("127.0.0.1 localhost {}\n", p.host_name), "/etc/hosts"));
  MDLC_CHECK(add_file(o, l,
                      fmt::format("root:x:0:0:root:/:/usr/sbin/nologin\nmdlc:x:{}:{}::/tmp:/bin/sh\n"
                                  "nobody:x:65534:65534::/:/usr/sbin/nologin\n",
                                  l.who.uid, l.who.gid),
                      "/etc/passwd"));
  MDLC_CHECK(add_file(o, l, fmt::format("root:x:0:\nmdlc:x:{}:\nnogroup:x:65534:\n", l.who.gid), "/etc/group"));
  MDLC_CHECK(add_file(o, l, "passwd: files\ngroup: files\nhosts: files dns\n", "/etc/nsswitch.conf"));
  if (auto resolv = sys::read_file("/etc/resolv.conf")) return add_file(o, l, *resolv, "/etc/resolv.conf");
  return {};
}

void add_view(options& o, const program& p) {
  o.add("--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup-try");
  if (p.network == network::none) o.add("--unshare-net");
  o.add("--hostname", p.host_name, "--die-with-parent", "--new-session");
  o.add("--ro-bind", "/usr", "/usr");
  for (auto link : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
    std::error_code error;
    if (std::filesystem::is_symlink(sys::path{"/"} / link, error))
      o.add("--symlink", fmt::format("usr/{}", link), fmt::format("/{}", link));
    else
      o.add("--ro-bind-try", fmt::format("/{}", link), fmt::format("/{}", link));
  }
  const auto memory = std::to_string(p.limits.tmp_bytes);
  o.add("--proc", "/proc", "--dev", "/dev");
  o.add("--perms", "1777", "--size", memory, "--tmpfs", "/dev/shm");
  o.add("--perms", "1777", "--size", memory, "--tmpfs", "/tmp");
  o.add("--dir", "/var/tmp", "--dir", "/run");
}

void add_binds(options& o, launch& l, const program& p) {
  for (size_t i = 0; i < p.binds.size(); ++i) {
    const auto& b = p.binds[i];
    std::string from = b.from.string();
    if (l.stage_mounts) {
      l.sources.push_back(from);
      from = fmt::format("{}/{}", staging_folder, i);
      l.staged.push_back(from);
    }
    o.add(b.writable ? "--bind" : "--ro-bind", from, b.to);
  }
}

// Set inside the namespaces, so that they count this program's processes alone, not all of the same user's.
void add_limits(std::vector<std::string>& argv, const limits& l) {
  argv.insert(argv.end(), {prlimit_program, "--core=0"});
  const auto add = [&](std::string_view name, int64_t value) {
    if (value > 0) argv.push_back(fmt::format("--{}={}", name, value));
  };
  add("data", l.data_bytes);
  add("as", l.address_space_bytes);
  add("cpu", l.cpu_s);
  add("nproc", l.processes);
  add("fsize", l.file_bytes);
  add("nofile", l.open_files);
  argv.push_back("--");
}

}  // namespace

identity identity_for(std::string_view key) {
  if (geteuid() != 0) return {geteuid(), getegid()};
  uid_t first = default_first_uid, count = default_uid_count;
  if (const char* setting = std::getenv("MDLC_JOB_UIDS")) {
    const std::string_view text{setting};
    const auto colon = std::min(text.find(':'), text.size());
    std::from_chars(text.data(), text.data() + colon, first);
    if (colon < text.size()) std::from_chars(text.data() + colon + 1, text.data() + text.size(), count);
    if (first == 0 || count == 0) first = default_first_uid, count = default_uid_count;
  }
  const auto digest = base::sha256(key);
  uint32_t number;
  std::memcpy(&number, digest.data(), sizeof number);
  const uid_t uid = first + number % count;
  return {uid, uid};
}

base::result<launch> prepare(const program& p, int status_fd) {
  if (p.argv.empty()) return base::fail("a program without a name");
  if (access(bubblewrap, X_OK) != 0)
    return base::fail("programs run confined by bubblewrap, which is not installed (apt install bubblewrap)");
  launch l;
  l.who = identity_for(p.identity_key);
  l.stage_mounts = geteuid() == 0 && has_admin_capability();
  options o;
  o.add("--clearenv");
  for (const auto& [name, value] : p.environment) {
    const bool broken = name.empty() || name.find_first_of(std::string_view{"=\0", 2}) != std::string::npos ||
                        value.find('\0') != std::string::npos;
    if (broken) return base::fail("an environment variable that cannot be set");
    o.add("--setenv", name, value);
  }
  add_view(o, p);
  MDLC_CHECK(add_etc(o, l, p));
  add_binds(o, l, p);
  o.add("--remount-ro", "/", "--chdir", p.working_folder);
  o.add("--json-status-fd", std::to_string(status_fd));
  MDLC_TRY(auto arguments, file_of(o.text()));
  l.argv = {bubblewrap, "--args", std::to_string(arguments.get()), "--"};
  l.kept.push_back(std::move(arguments));
  add_limits(l.argv, p.limits);
  l.argv.insert(l.argv.end(), p.argv.begin(), p.argv.end());
  return l;
}

}  // namespace mdlc::runner
