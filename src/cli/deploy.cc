// mdlc deploy: a template becomes a stack, or brings one up to date; each resource is shown as it goes.
#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/client.h"
#include "cli/commands.h"

namespace mdlc::cli {
namespace {

constexpr std::chrono::milliseconds poll{100};

struct deployment {
  std::string folder, file, stack;
  std::vector<std::string> parameters;
};

std::string text_of(const wire::xml::element& e, std::string_view name) {
  auto* found = e.find(name);
  return found ? found->text : std::string{};
}

struct state {
  std::string status, reason;
  std::vector<std::pair<std::string, std::string>> outputs;
};

base::result<state> look(client& c, const std::string& stack) {
  MDLC_TRY(auto answer, c.cloudformation("DescribeStacks", {{"StackName", stack}}));
  auto* list = answer.find("Stacks");
  if (!list || list->children.empty()) return base::fail("the server's answer shows no stack");
  const auto& one = list->children.front();
  state out{text_of(one, "StackStatus"), text_of(one, "StackStatusReason"), {}};
  if (auto* outputs = one.find("Outputs"))
    for (const auto& output : outputs->children)
      out.outputs.emplace_back(text_of(output, "OutputKey"), text_of(output, "OutputValue"));
  return out;
}

// Prints the events that have not been seen, oldest first.
base::result<void> show_events(client& c, const std::string& stack, std::set<std::string>& seen, bool print) {
  MDLC_TRY(auto answer, c.cloudformation("DescribeStackEvents", {{"StackName", stack}}));
  auto* list = answer.find("StackEvents");
  if (!list) return {};
  for (auto e = list->children.rbegin(); e != list->children.rend(); ++e) {
    if (!seen.insert(text_of(*e, "EventId")).second || !print) continue;
    auto status = text_of(*e, "ResourceStatus");
    auto reason = text_of(*e, "ResourceStatusReason");
    if (status.ends_with("_IN_PROGRESS")) continue;
    fmt::print("  {:<20} {:<32} {}{}{}\n", status, text_of(*e, "ResourceType"), text_of(*e, "LogicalResourceId"),
               reason.empty() ? "" : ": ", reason);
  }
  return {};
}

base::result<int> deploy(const deployment& d) {
  MDLC_TRY(auto text, sys::read_file(d.file));
  MDLC_TRY(auto c, client::of(d.folder));
  // Who has the folder may make roles: to ask again would be ceremony.
  client::fields fields{{"StackName", d.stack},
                        {"TemplateBody", text},
                        {"Capabilities.member.1", "CAPABILITY_IAM"},
                        {"Capabilities.member.2", "CAPABILITY_NAMED_IAM"}};
  for (size_t i = 0; i < d.parameters.size(); ++i) {
    auto equals = d.parameters[i].find('=');
    if (equals == std::string::npos) return base::fail(fmt::format("--parameter {} is not KEY=VALUE", d.parameters[i]));
    fields.emplace_back(fmt::format("Parameters.member.{}.ParameterKey", i + 1), d.parameters[i].substr(0, equals));
    fields.emplace_back(fmt::format("Parameters.member.{}.ParameterValue", i + 1), d.parameters[i].substr(equals + 1));
  }
  std::set<std::string> seen;
  bool exists = look(c, d.stack).has_value();
  if (exists) MDLC_CHECK(show_events(c, d.stack, seen, false));
  auto begun = c.cloudformation(exists ? "UpdateStack" : "CreateStack", fields);
  bool nothing = !begun && begun.error().message.find("No updates are to be performed") != std::string::npos;
  if (!begun && !nothing) return tl::unexpected(begun.error());
  while (true) {
    MDLC_TRY(auto now, look(c, d.stack));
    MDLC_CHECK(show_events(c, d.stack, seen, true));
    if (now.status.ends_with("_IN_PROGRESS")) {
      std::this_thread::sleep_for(poll);
      continue;
    }
    bool good = now.status == "CREATE_COMPLETE" || now.status == "UPDATE_COMPLETE";
    fmt::print("{} {}{}\n", d.stack, nothing ? "is as the template says: " : "", now.status);
    for (const auto& [key, value] : now.outputs) fmt::print("  {} = {}\n", key, value);
    if (!good && !now.reason.empty()) fmt::print(stderr, "{}\n", now.reason);
    return good ? 0 : 1;
  }
}

}  // namespace

void add_deploy(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("deploy", "Make a stack of a template, or bring it up to date");
  auto d = std::make_shared<deployment>();
  d->folder = default_data_folder().string();
  d->stack = "mdlc";
  command->add_option("template", d->file, "A CloudFormation template, YAML or JSON")->required();
  command->add_option("--stack-name", d->stack, "The stack's name")->capture_default_str();
  command->add_option("--parameter", d->parameters, "KEY=VALUE, any number of times");
  command->add_option("--data-dir", d->folder, "The server's data folder")->capture_default_str();
  command->callback([d, &exit_code] {
    auto done = deploy(*d);
    if (!done) fmt::print(stderr, "{}\n", done.error().message);
    exit_code = done ? *done : 1;
  });
}

}  // namespace mdlc::cli
