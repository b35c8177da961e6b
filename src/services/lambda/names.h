// Names and ARNs of functions, and AWS's words when there is nothing behind them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/error.h"
#include "base/arn.h"

namespace mdlc::services::lambda {

inline constexpr size_t name_characters_max = 64;
inline constexpr std::string_view latest = "$LATEST";

// A function as a request names it.
struct function_name {
  base::scope scope;
  std::string name;
  std::string qualifier;  // $LATEST, a version's number or an alias; empty where nothing was said

  std::string arn() const;        // without the qualifier
  std::string qualified() const;  // with it, if there is one
};

// A name, a partial or a whole ARN, each maybe with a qualifier, and the request's own qualifier beside.
api::answer<function_name> parse_function_name(const base::scope& caller, std::string_view text,
                                               const std::optional<std::string>& qualifier = {});

bool is_version_number(std::string_view qualifier);

tl::unexpected<api::error> invalid_value(std::string message);  // InvalidParameterValueException
tl::unexpected<api::error> not_found(std::string message);      // ResourceNotFoundException
tl::unexpected<api::error> conflict(std::string message);       // ResourceConflictException
tl::unexpected<api::error> no_such_function(const function_name&);
tl::unexpected<api::error> wrong_revision();
// What a constraint is told like; for those that the model states more widely than Lambda applies them.
tl::unexpected<api::error> out_of_bounds(std::string_view value, std::string_view member, std::string_view rule);

}  // namespace mdlc::services::lambda
