#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/arn.h"
#include "cli/commands.h"
#include "cli/running.h"
#include "wire/key_file.h"

namespace mdlc::cli {
namespace {

base::result<std::string> describe(const sys::path& data_folder) {
  MDLC_TRY(auto server, read_running(data_folder));
  MDLC_TRY(auto key, wire::read_key_file(data_folder));
  return fmt::format(
      "export AWS_ENDPOINT_URL={} AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} AWS_DEFAULT_REGION={} "
      "AWS_DISABLE_HOST_PREFIX_INJECTION=true\n",
      server.endpoint, key.access_key, key.secret_key, base::default_region);
}

}  // namespace

sys::path default_data_folder() {
  if (::geteuid() == 0) return "/var/lib/mdlc";
  if (const char* base = std::getenv("XDG_DATA_HOME"); base && *base) return sys::path{base} / "mdlc";
  const char* home = std::getenv("HOME");
  return sys::path{home ? home : "."} / ".local/share/mdlc";
}

void add_env(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("env", "What AWS clients need to reach the running server: eval $(mdlc env)");
  auto folder = std::make_shared<std::string>(default_data_folder().string());
  command->add_option("--data-dir", *folder, "The server's data folder")->capture_default_str();
  command->callback([folder, &exit_code] {
    auto text = describe(*folder);
    if (text)
      fmt::print("{}", *text);
    else
      fmt::print(stderr, "{}\n", text.error().message);
    exit_code = text ? 0 : 1;
  });
}

}  // namespace mdlc::cli
