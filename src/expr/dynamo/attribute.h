// Attribute values: JSON objects of one member that names the type ({"S": "x"}, {"N": "1.5"}, {"M": {…}}), binary as
// base64 text. An item is an object of name → attribute value.
//
// Everything here but canonicalize takes values that went through canonicalize once: numbers are printed in one way, so
// equal numbers are equal texts; base64 is well-formed; sets hold no value twice.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "expr/dynamo/error.h"
#include "expr/dynamo/number.h"
#include "json/value.h"

namespace mdlc::expr::dynamo {

inline constexpr int max_nesting_levels = 32;

// "S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL" or "BOOL".
std::string_view type_of(const json::value& attribute);
// The same as the error words of updates spell it: "STRING", "NUMBER_SET", …
std::string_view long_type_name(std::string_view type);
// What stands behind the type: the string of S, N and B; the array of sets and L; the object of M; a bool.
const json::value& content_of(const json::value& attribute);

// Checks a value from outside and brings it into the form above.
answer<void> canonicalize(json::value& attribute);
answer<void> canonicalize(json::object& item);

// Types and values are the same; sets without regard to order.
bool equal(const json::value&, const json::value&);
// The order of two strings, two numbers or two binaries; nothing for any other pair.
std::optional<std::strong_ordering> compare(const json::value&, const json::value&);

bool is_set(std::string_view type);
// Whether a set or a list has this member. `member` is an attribute value.
bool has_member(const json::value& collection, const json::value& member);

// Bytes as DynamoDB counts them against the item's limit: names and values, 3 and 1 a member for lists and maps.
int64_t size_of(const json::value& attribute);
int64_t size_of(const json::object& item);

// Bytes of a B value.
std::string binary_of(const json::value& attribute);
// Attribute values made from what stands behind the type.
json::value make_string(std::string_view);
json::value make_number(const number&);
number number_of(const json::value& attribute);

}  // namespace mdlc::expr::dynamo
