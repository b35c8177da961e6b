// An input in the normal form against its shape, in AWS's own words.
//
// Two stages, as on AWS: JSON of another type than the model's is a SerializationException; then the model's
// constraints are checked, and what is not met is told in one message. A service's own rules, which no model states,
// are its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"
#include "wire/shape.h"

namespace mdlc::wire {

// As many violations as AWS tells in one message.
inline constexpr size_t max_violations = 10;

// The message of a SerializationException if a member's JSON has another type than the model's. Members that the model
// does not know are ignored, null is as absent. A number is an integer too, and a time may also be an ISO 8601 string:
// workflows write it so.
std::optional<std::string> check_types(const shape& input, const json::value&);

// Each constraint that is not met, in the order of the model's members, at most max_violations. The types must be
// right.
//   Value 'a b' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+
// Enumerations' values are in the model's order (AWS prints them in that of a Java hash table, which changes).
std::vector<std::string> validate(const shape& input, const json::value&);

// "2 validation errors detected: …; …"
std::string describe(const std::vector<std::string>& violations);

// The error's code for that message: Query services and SageMaker Runtime say ValidationError, CloudWatch Logs
// InvalidParameterException, the others ValidationException.
std::string_view validation_code(const service&);

}  // namespace mdlc::wire
