#include "services/states/definition.h"
#include "services/states/operations.h"
#include "services/states/service.h"

namespace mdlc::services::states {

api::answer<model::ValidateStateMachineDefinitionOutput> validate_state_machine_definition(
    service& s, api::call&, const model::ValidateStateMachineDefinitionInput& in) {
  constexpr int64_t results_max = 100;
  auto limit = in.maxResults.value_or(0) > 0 ? std::min(*in.maxResults, results_max) : results_max;
  bool errors_only = in.severity.value_or("ERROR") == "ERROR";
  model::ValidateStateMachineDefinitionOutput out;
  out.result = "OK";
  out.truncated = false;
  for (const auto& d : examine(s.integrations, in.definition, machine_type_of(in.type.value_or("STANDARD")))) {
    bool is_error = d.level == asl::diagnostic::severity::error;
    if (is_error) out.result = "FAIL";
    if (errors_only && !is_error) continue;
    if (std::ssize(out.diagnostics) == limit) {
      out.truncated = true;
      break;
    }
    model::ValidateStateMachineDefinitionDiagnostic shown;
    shown.severity = is_error ? "ERROR" : "WARNING";
    shown.code = d.code;
    shown.message = d.message;
    if (!d.location.empty()) shown.location = d.location;
    out.diagnostics.push_back(std::move(shown));
  }
  return out;
}

}  // namespace mdlc::services::states
