#include "runner/runtimes.h"

#include <unistd.h>

#include <array>

#include "base/bytes.h"
#include "json/value.h"
#include "runner/runtimes_layout.h"

namespace mdlc::runner {
namespace {

// The SDK is the one that the clients are tested with. Wheels only: nothing is compiled on the user's machine.
constexpr std::array packages{
    package{"awslambdaric", "4.2.0"},
    package{"boto3", "1.44.8"},
    package{"botocore", "1.44.8"},
    package{"jmespath", "1.1.0"},
    package{"python-dateutil", "2.9.0.post0"},
    package{"s3transfer", "0.19.3"},
    package{"simplejson", "4.3.0"},
    package{"six", "1.17.0"},
    package{"snapshot-restore-py", "1.0.0"},
    package{"urllib3", "2.8.0"},
};

}  // namespace

std::span<const package> function_packages() { return packages; }

sys::path runtimes_folder() {
  const auto set = [](const char* name) -> std::string_view {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const auto given = set("MDLC_RUNTIMES"); !given.empty()) return given;
  if (::geteuid() == 0) return "/var/lib/mdlc/runtimes";
  if (const auto base = set("XDG_DATA_HOME"); !base.empty()) return sys::path{base} / "mdlc/runtimes";
  const auto home = set("HOME");
  return sys::path{home.empty() ? "." : home} / ".local/share/mdlc/runtimes";
}

sys::path runtime_layout::place(const sys::path& folder, std::string_view interpreter) {
  std::string list = fmt::format("{}\n", interpreter);
  for (const auto& p : packages) list += fmt::format("{}=={}\n", p.name, p.version);
  return folder / fmt::format("functions-{}", base::to_hex(base::sha256(list)).substr(0, 16));
}

std::string runtime_layout::describe(const runtime& r) {
  return json::print(json::object{{"interpreter", r.interpreter}, {"version", r.version}});
}

base::result<runtime> find_runtime(const std::string& python, const sys::path& folder) {
  std::error_code error;
  const auto interpreter = std::filesystem::canonical(python, error);
  const auto place = runtime_layout::place(folder, interpreter.native());
  const auto text = sys::read_file(place / runtime_layout::about_file);
  const auto about = text ? json::parse(*text) : base::fail("");
  if (!about)
    return base::fail(fmt::format("The environment for functions is not installed for {0}. Run: mdlc setup{1}", python,
                                  python == default_python ? "" : fmt::format(" --python {}", python)));
  return runtime{place / runtime_layout::packages_folder, std::string{json::text(*about, "interpreter")},
                 std::string{json::text(*about, "version")}};
}

}  // namespace mdlc::runner
