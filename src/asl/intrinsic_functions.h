// The functions themselves, on values.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "asl/scope.h"
#include "base/result.h"
#include "json/value.h"

namespace mdlc::asl {

struct intrinsic_function {
  std::string_view name;  // without "States."
  size_t least, most;     // arguments
  base::result<json::value> (*call)(std::span<const json::value>, chance&);
};

// Null if there is none of that name.
const intrinsic_function* find_intrinsic(std::string_view name);

}  // namespace mdlc::asl
