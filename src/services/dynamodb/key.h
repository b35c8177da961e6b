// Keys: which attributes they are, and the bytes that stand for their values in our rows.
#pragma once

#include <compare>
#include <optional>
#include <string>

#include "services/dynamodb/words.h"

namespace mdlc::services::dynamodb {

inline constexpr size_t max_hash_key_bytes = 2048;
inline constexpr size_t max_range_key_bytes = 1024;

struct key_attribute {
  std::string name;
  std::string type;  // "S", "N" or "B"
};

struct key_schema {
  key_attribute hash;
  std::optional<key_attribute> range;

  bool has(std::string_view attribute) const { return hash.name == attribute || (range && range->name == attribute); }
  size_t size() const { return range ? 2 : 1; }
};

// Strings are their UTF-8, numbers dynamo::number::order_key, binaries themselves. Without a range key `range` is
// empty.
struct key_bytes {
  std::string hash;
  std::string range;
  auto operator<=>(const key_bytes&) const = default;
};

// The bytes of a key attribute's value, which is a canonical S, N or B.
std::string bytes_of(const json::value& attribute);

// The smallest bytes that are greater than these; and the smallest greater than all that begin with these (nothing
// where there are none such).
std::string successor(std::string bytes);
std::optional<std::string> after_prefix(std::string prefix);

// The key of a whole item, as PutItem refuses what is wrong with it.
api::answer<key_bytes> key_of_item(const key_schema&, const item&);
// The key that was given as such: these attributes and no others.
api::answer<key_bytes> key_of_key(const key_schema&, const item& key);
// The item's key attributes, or as many as it has.
item key_attributes(const key_schema&, const item&);

// What is wrong with one value as a table's key: its size, or that it is empty. `value` has the right type.
api::answer<void> check_key_value(const key_schema&, const key_attribute&, const json::value& value);

}  // namespace mdlc::services::dynamodb
