// A template evaluated before anything is made: finds what is wrong however the resources turn out, and what it
// imports.
#pragma once

#include <map>
#include <set>
#include <string>

#include "services/cloudformation/resource_type.h"
#include "services/cloudformation/template.h"

namespace mdlc::services::cloudformation {

struct rehearsal {
  std::set<std::string> imports;  // names of exports, of all that its conditions let in
};

api::answer<rehearsal> rehearse(const parsed_template&, const std::map<std::string, std::string>& parameters,
                                const stack_identity&);

}  // namespace mdlc::services::cloudformation
