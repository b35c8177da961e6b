// mdlc image: the programs that stand for images of the user's own.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "runner/image_table.h"

namespace mdlc::cli {
namespace {

int fail(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  return 1;
}

std::string abilities(const runner::own_image& i) {
  std::string out;
  if (!i.train.empty()) out += fmt::format("trains with {}", i.train);
  if (!i.serve.empty()) out += fmt::format("{}serves with {}", out.empty() ? "" : ", ", i.serve);
  return out;
}

int add(const std::string& folder, const runner::image_source& from) {
  const auto made = runner::image_table{folder}.add(from);
  if (!made) return fail(made.error().message);
  fmt::print("{}: {}\n", made->uri, abilities(*made));
  return 0;
}

int list(const std::string& folder) {
  const auto all = runner::image_table{folder}.list();
  if (all.empty()) fmt::print("none; mdlc image add URI --program SCRIPT_OR_FOLDER adds one\n");
  for (const auto& i : all) fmt::print("{:<40} {}\n", i.uri, abilities(i));
  return 0;
}

int remove(const std::string& folder, const std::string& uri) {
  const auto done = runner::image_table{folder}.remove(uri);
  if (!done) return fail(done.error().message);
  fmt::print("removed {}\n", uri);
  return 0;
}

}  // namespace

void add_image(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("image", "What runs for images of your own in SageMaker jobs and endpoints");
  command->require_subcommand(1);
  auto folder = std::make_shared<std::string>(default_data_folder().string());
  const auto with_folder = [&](CLI::App* sub) {
    sub->add_option("--data-dir", *folder, "The server's data folder")->capture_default_str();
    return sub;
  };
  auto source = std::make_shared<runner::image_source>();
  auto* adding = with_folder(command->add_subcommand("add", "Add one, or replace it: the program is copied"));
  adding->add_option("uri", source->uri, "As jobs and models name it; without a tag it is :latest")->required();
  adding
      ->add_option("--program", source->program,
                   "A script (.py, .sh, or executable) that is called with train; or a folder with train or train.py, "
                   "serve or serve.py")
      ->required();
  adding->add_option("--serve", source->serve, "A script that is called with serve and listens on port 8080");
  adding->add_option("--requirements", source->requirements, "Packages for Python scripts, as pip reads them")
      ->check(CLI::ExistingFile);
  adding->callback([=, &exit_code] { exit_code = add(*folder, *source); });
  with_folder(command->add_subcommand("list", "Show them"))->callback([=, &exit_code] { exit_code = list(*folder); });
  auto uri = std::make_shared<std::string>();
  auto* removing = with_folder(command->add_subcommand("remove", "Remove one; jobs that run go on"));
  removing->add_option("uri", *uri)->required();
  removing->callback([=, &exit_code] { exit_code = remove(*folder, *uri); });
}

}  // namespace mdlc::cli
