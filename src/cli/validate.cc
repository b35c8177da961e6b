// mdlc validate: AWS's diagnostics of a Step Functions definition, or of each one in a CloudFormation template, with
// line and column. No server is asked.
//
//   flow.json:4:15: ERROR SCHEMA_VALIDATION_FAILED: … at /States/X/Type
//   template.yaml:12:21: Machine: ERROR SCHEMA_VALIDATION_FAILED: … at /States/X/Type
//
// Line and column are the file's, from 1, a column counting bytes. Where a template has a definition in a string that
// is no literal block, they are those of the string, and the place within the definition follows in brackets. What is
// assumed of a template's placeholders stands in template_machines.h.
#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "asl/program.h"
#include "asl/source.h"
#include "cli/commands.h"
#include "cli/template_machines.h"
#include "services/cloudformation/template_places.h"
#include "services/cloudformation/template_text.h"

namespace mdlc::cli {
namespace {

namespace cloudformation = services::cloudformation;
using asl::diagnostic;
using asl::place_in_text;

struct place {
  place_in_text in_file;        // line 0: unknown
  place_in_text in_definition;  // line 0: nothing to add
};

place_in_text place_at(std::string_view text, size_t offset) {
  auto before = text.substr(0, offset);
  auto line_begin = before.rfind('\n');
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(line_begin == std::string_view::npos ? before.size() : before.size() - line_begin - 1) + 1};
}

size_t offset_of(std::string_view text, place_in_text p) {
  size_t at = 0;
  for (int line = 1; line < p.line; ++line) at = text.find('\n', at) + 1;
  return at + static_cast<size_t>(p.column - 1);
}

// Tells the findings of one definition.
class teller {
 public:
  teller(std::string file, std::string machine) : file_(std::move(file)), machine_(std::move(machine)) {}

  void tell(const diagnostic& d, const place& p) const {
    fmt::print("{}", file_);
    if (p.in_file.line > 0) fmt::print(":{}:{}", p.in_file.line, p.in_file.column);
    if (!machine_.empty()) fmt::print(": {}", machine_);
    fmt::print(": {} {}: {}", d.level == diagnostic::severity::error ? "ERROR" : "WARNING", d.code, d.message);
    if (d.location.starts_with('/')) fmt::print(" at {}", d.location);
    if (p.in_definition.line > 0)
      fmt::print(" (line {}, column {} of the definition)", p.in_definition.line, p.in_definition.column);
    fmt::print("\n");
  }

  void remark(std::string_view text) const {
    fmt::print("{}{}{}: {}\n", file_, machine_.empty() ? "" : ": ", machine_, text);
  }

 private:
  std::string file_, machine_;
};

// Whether there are no errors; `where` gives a finding's place.
template <class Where>
bool tell_all(const teller& t, const std::vector<diagnostic>& found, const Where& where) {
  bool sound = true;
  size_t told = 0;
  for (const auto& d : found) {
    if (d.level == diagnostic::severity::error) sound = false;
    if (told++ < asl::max_diagnostics) t.tell(d, where(d));
  }
  if (told > asl::max_diagnostics) t.remark("there is more to say than is told here");
  if (sound) t.remark("no errors");
  return sound;
}

bool validate_definition(const std::string& file, std::string_view text, bool express) {
  auto type = express ? asl::machine_type::express : asl::machine_type::standard;
  return tell_all(teller{file, ""}, asl::validate(text, {.type = type}), [](const diagnostic& d) {
    return place{{d.line, d.column}, {}};
  });
}

// A template's text and what finds places in it: its JSON, or its YAML.
class template_file {
 public:
  template_file(std::string_view text, bool is_json) : text_(text) {
    if (!is_json) yaml_ = std::make_unique<cloudformation::template_places>(text);
  }

  place where(const template_machine& m, const diagnostic& d) const {
    if (m.is_object) return {of(d.location == "/" ? m.path : m.path + d.location), {}};
    auto block = yaml_ && !m.stretches.empty() ? yaml_->literal_block(m.path) : std::nullopt;
    if (!block || d.line == 0) return {of(m.path), {d.line, d.column}};
    auto in_source = place_at(m.source, origin(m, offset_of(*m.definition, {d.line, d.column})));
    return {{block->line + in_source.line - 1, block->indent + in_source.column}, {}};
  }

 private:
  place_in_text of(const std::string& path) const {
    if (!yaml_) return asl::locate(text_, {path}).front();
    auto found = yaml_->of(path);
    return {found.line, found.column};
  }

  // The offset in the template's text of what stands at `offset` in the definition.
  static size_t origin(const template_machine& m, size_t offset) {
    auto after = std::upper_bound(m.stretches.begin(), m.stretches.end(), offset,
                                  [](size_t o, const stretch& s) { return o < s.at; });
    const auto& s = *std::prev(after);  // the first stands at 0
    return s.copied ? s.from + offset - s.at : s.from;
  }

  std::string_view text_;
  std::unique_ptr<const cloudformation::template_places> yaml_;
};

bool validate_template(const std::string& file, const json::value& document, const template_file& places) {
  auto machines = machines_of(document);
  if (machines.empty()) {
    fmt::print(stderr, "{}: the template has no AWS::StepFunctions::StateMachine\n", file);
    return false;
  }
  bool sound = true;
  for (const auto& m : machines) {
    teller t{file, m.id};
    if (!m.definition) {
      t.remark("not validated: the template does not hold its definition");
      continue;
    }
    auto type = m.express ? asl::machine_type::express : asl::machine_type::standard;
    sound &= tell_all(t, asl::validate(*m.definition, {.type = type}),
                      [&](const diagnostic& d) { return places.where(m, d); });
  }
  return sound;
}

bool looks_like_a_yaml_template(std::string_view text) {
  return text.starts_with("Resources:") || text.find("\nResources:") != std::string_view::npos;
}

// The exit code.
int validate_file(const std::string& file, bool express) {
  auto text = sys::read_file(file);
  if (!text) {
    fmt::print(stderr, "{}\n", text.error().message);
    return 1;
  }
  if (auto document = json::parse(*text)) {
    bool sound = is_template(*document) ? validate_template(file, *document, {*text, true})
                                        : validate_definition(file, *text, express);
    return sound ? 0 : 1;
  }
  if (!looks_like_a_yaml_template(*text)) return validate_definition(file, *text, express) ? 0 : 1;
  auto document = cloudformation::parse_template_text(*text);
  if (!document || !is_template(*document)) {
    fmt::print(stderr, "{}: {}\n", file,
               document ? "the template's Resources are no mapping" : document.error().message);
    return 1;
  }
  return validate_template(file, *document, {*text, false}) ? 0 : 1;
}

}  // namespace

void add_validate(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("validate", "What is wrong with a state machine's definition, by line and column");
  auto file = std::make_shared<std::string>();
  auto type = std::make_shared<std::string>("STANDARD");
  command->add_option("file", *file, "A definition (JSON), or a CloudFormation template (YAML or JSON)")->required();
  command->add_option("--type", *type, "The type that a definition is for; a template says it itself")
      ->check(CLI::IsMember({"STANDARD", "EXPRESS"}))
      ->capture_default_str();
  command->callback([=, &exit_code] { exit_code = validate_file(*file, *type == "EXPRESS"); });
}

}  // namespace mdlc::cli
