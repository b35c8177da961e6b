// A template's text, YAML or JSON, as a value: YAML's short forms (!Sub, !GetAtt A.B) become the long ones.
#pragma once

#include <string_view>

#include "api/error.h"
#include "json/value.h"

namespace mdlc::services::cloudformation {

// Nodes that a template may have, aliases expanded: a small text must not become a large tree.
inline constexpr size_t max_template_nodes = 200'000;
inline constexpr size_t max_template_depth = 100;

// ValidationError "Template format error: …" where it is not well-formed. Plain scalars become booleans and numbers as
// YAML 1.1 means them, but not dates, and not numbers with a leading zero (account numbers).
api::answer<json::value> parse_template_text(std::string_view text);

}  // namespace mdlc::services::cloudformation
