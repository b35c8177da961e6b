// THE list of what is served.
#pragma once

#include <memory>
#include <vector>

#include "api/host.h"

namespace mdlc {

// In order: sts first, as it knows whose key signs.
std::vector<std::unique_ptr<api::service>> make_services(api::host&);

}  // namespace mdlc
