// Whether a definition can be a state machine's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/error.h"
#include "asl/program.h"
#include "services/states/integrations/integration.h"

namespace mdlc::services::states {

asl::machine_type machine_type_of(std::string_view type);  // "STANDARD", "EXPRESS"

// The language's findings and, where it has no errors, those about the parameters of tasks that we serve.
std::vector<asl::diagnostic> examine(const integrations::catalogue&, std::string_view definition, asl::machine_type);

// Refuses InvalidDefinition.
api::answer<void> check_definition(const integrations::catalogue&, std::string_view definition, asl::machine_type);

}  // namespace mdlc::services::states
