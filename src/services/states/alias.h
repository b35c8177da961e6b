// Aliases: names for one version, or for two with weights.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/states/machine.h"

namespace mdlc::services::states {

struct alias {
  std::string name;
  std::optional<std::string> description;
  std::vector<model::RoutingConfigurationListItem> routing;
  base::time_point created, updated;

  // The version's number for a chance of 0 to 99.
  int64_t pick(int percent) const;
};

std::optional<alias> find_alias(store::reader&, std::string_view machine_uid, std::string_view name);

}  // namespace mdlc::services::states
