// Errors that many operations answer, in DynamoDB's words; and items as the expressions and the model hold them.
#pragma once

#include <map>
#include <string>

#include "api/error.h"
#include "expr/dynamo/error.h"
#include "json/value.h"

namespace mdlc::services::dynamodb {

namespace dynamo = expr::dynamo;

// Attribute values by name, canonical once they passed through dynamo::canonicalize.
using item = json::object;
using attribute_map = std::map<std::string, json::value>;

inline tl::unexpected<api::error> invalid(std::string message) {
  return api::refuse("ValidationException", std::move(message));
}
inline tl::unexpected<api::error> invalid_parameters(std::string_view message) {
  return invalid(fmt::format("One or more parameter values were invalid: {}", message));
}
inline tl::unexpected<api::error> no_such_table() {
  return api::refuse("ResourceNotFoundException", "Requested resource not found");
}
inline tl::unexpected<api::error> no_such_table(std::string_view name) {
  return api::refuse("ResourceNotFoundException",
                     fmt::format("Requested resource not found: Table: {} not found", name));
}

// What an expression refuses is a ValidationException.
template <class T>
api::answer<T> checked(dynamo::answer<T> a) {
  if (!a) return invalid(std::move(a).error().message);
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return *std::move(a);
}

// Canonical, or refused.
api::answer<item> to_item(const attribute_map&);
attribute_map to_map(const item&);

}  // namespace mdlc::services::dynamodb
