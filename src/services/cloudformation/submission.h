// A template as a call brings it (its text, a URL, or "as before"), with parameters, tags and capabilities checked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/cloudformation/model.h"
#include "services/cloudformation/service.h"

namespace mdlc::services::cloudformation {

// AWS's quotas of a template's text.
inline constexpr size_t max_template_body_bytes = 51'200;
inline constexpr size_t max_template_url_bytes = 1'048'576;

struct submission_input {
  std::optional<std::string> body, url;
  bool previous_template = false;
  const std::optional<std::vector<model::Parameter>>& parameters;
  const std::optional<std::vector<std::string>>& capabilities;
  const std::optional<std::vector<model::Tag>>& tags;
};

struct submission {
  parsed_template parsed;
  revision wanted;
  json::object tags;
  json::array capabilities;
};

// `existing`: the stack that is to change, or null for a new one.
api::answer<submission> submit(service&, api::call&, const submission_input&, const stack* existing);

// The text alone.
api::answer<std::string> template_text(service&, api::call&, const std::optional<std::string>& body,
                                       const std::optional<std::string>& url);

// Refuses resource types that are not served.
api::answer<void> check_types(const parsed_template&);

// The order for a new or changed stack. The exports that it uses are noted as in use.
api::answer<order> make_order(api::call&, goal, const stack&, const submission&, std::string token,
                              store::transaction&);
// The order for what is done to the stack as it is: to delete it or to roll it back.
order make_order(api::call&, goal, const stack&, std::string token, store::reader&);

// Tells apart the states from which a stack may be updated; null, or AWS's refusal.
std::optional<api::error> not_updatable(const stack&);

// Whether the submission changes anything against what stands. Where the last operation failed it is worth another try.
bool changes_anything(const stack& existing, const submission&);

// A stack's parameters as they may be shown: without those that are not echoed.
std::vector<model::Parameter> shown_parameters(const stack&);

// A new stack that is not in the database yet.
stack new_stack(service&, const api::call&, const std::string& name, const submission&);

// The change sets of a stack were made for what it was: they cannot be executed any more.
void retire_change_sets(store::transaction&, const stack_identity&);

}  // namespace mdlc::services::cloudformation
