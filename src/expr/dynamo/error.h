// What a customer did wrong in an expression or a value, in DynamoDB's words (always a ValidationException's message).
#pragma once

#include <string>

#include "base/result.h"

namespace mdlc::expr::dynamo {

struct error {
  std::string message;
};

template <class T>
using answer = base::result<T, error>;

inline tl::unexpected<error> refuse(std::string message) { return tl::unexpected(error{std::move(message)}); }

}  // namespace mdlc::expr::dynamo
