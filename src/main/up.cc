#include <charconv>
#include <csignal>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "cli/commands.h"
#include "main/commands.h"
#include "main/server.h"
#include "services/states/mock_config.h"

namespace mdlc {
namespace {

// HOST:PORT, [::1]:PORT
std::string parse_listen(const std::string& text, settings& out) {
  auto colon = text.rfind(':');
  if (colon == std::string::npos) return "--listen wants HOST:PORT";
  auto digits = std::string_view{text}.substr(colon + 1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty())
    return fmt::format("'{}' is no port", digits);
  out.host = text.substr(0, colon);
  if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
  return {};
}

int run(const settings& chosen) {
  // Blocked before there are threads, so that every thread has it so and one place waits for them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  try {
    auto running = server::start(chosen);
    if (!running) {
      fmt::print(stderr, "{}\n", running.error().message);
      return 1;
    }
    int signal = 0;
    sigwait(&ends, &signal);
    (*running)->stop();
    return 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}

}  // namespace

void add_up(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("up", "Run the server on a data folder, until SIGTERM or Ctrl-C");
  auto chosen = std::make_shared<settings>();
  auto folder = std::make_shared<std::string>(cli::default_data_folder().string());
  auto listen = std::make_shared<std::string>("127.0.0.1:4566");
  command->add_option("--data-dir", *folder, "Where everything is kept")->capture_default_str();
  command->add_option("--listen", *listen, "HOST:PORT; port 0 takes a free one")->capture_default_str();
  command->add_option("--python", chosen->python, "The interpreter for functions and scripts, as given to mdlc setup")
      ->envname("MDLC_PYTHON")
      ->check(CLI::ExistingFile)
      ->capture_default_str();
  auto mocks = std::make_shared<std::string>();
  command->add_option("--sfn-mock-config", *mocks, "Test cases with mocked service integrations of state machines")
      ->envname(services::states::mock_config_variable);
  command->callback([=, &exit_code] {
    chosen->data_folder = *folder;
    if (auto wrong = parse_listen(*listen, *chosen); !wrong.empty()) {
      fmt::print(stderr, "{}\n", wrong);
      exit_code = 2;
      return;
    }
    // The service reads the variable itself.
    if (!mocks->empty()) ::setenv(services::states::mock_config_variable, mocks->c_str(), 1);
    exit_code = run(*chosen);
  });
}

}  // namespace mdlc
