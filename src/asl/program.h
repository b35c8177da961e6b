// A definition in the States Language, read once: what `compile` gives is immutable and shared by all its executions.
//
// Pure: no I/O, no clock, no random number.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace mdlc::asl {

// Bytes of a definition that AWS takes at most.
inline constexpr size_t max_definition_bytes = 1024 * 1024;

// Findings that are told at most. One more is looked for, so that whoever shows them knows whether there are more.
inline constexpr size_t max_diagnostics = 100;

// One finding about a definition, as ValidateStateMachineDefinition answers it.
struct diagnostic {
  enum class severity { error, warning };
  severity level = severity::error;
  std::string code;  // "SCHEMA_VALIDATION_FAILED", "INVALID_JSON_DESCRIPTION", …
  std::string message;
  std::string location;  // "/States/X/Next", or Jackson's "[Source: (String)…; line: 1, column: 4]"; may be empty
  // Where in the text it is, from 1; 0 where no place is known. For `mdlc validate`.
  int line = 0;
  int column = 0;
};

enum class machine_type { standard, express };

struct compile_options {
  machine_type type = machine_type::standard;
};

// A state by its index among all states of the definition, nested ones included, in the order of the text.
using state_index = uint32_t;
inline constexpr state_index no_state = UINT32_MAX;

class program {
 public:
  struct body;  // program_body.h; for the interpreter alone
  explicit program(std::unique_ptr<const body>);
  ~program();
  program(const program&) = delete;

  const body& get() const { return *body_; }

  size_t states() const;
  std::string_view state_name(state_index) const;
  // The `Resource` of every Task, in order, for checks that need to know what is served.
  std::vector<std::string> task_resources() const;
  // What DescribeStateMachine shows as variableReferences: state name → variables it refers to. Null where there are
  // none.
  json::value variable_references() const;

 private:
  std::unique_ptr<const body> body_;
};

// The program, or the errors that forbid it (warnings are dropped then only if there are no errors; see `validate`).
base::result<std::shared_ptr<const program>, std::vector<diagnostic>> compile(std::string_view definition,
                                                                              const compile_options& = {});

// All findings, errors first; empty for a sound definition.
std::vector<diagnostic> validate(std::string_view definition, const compile_options& = {});

// The message of CreateStateMachine's InvalidDefinition:
//   Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: … at /States/X, …'
std::string refusal(const std::vector<diagnostic>&);

}  // namespace mdlc::asl
