#include "services/dynamodb/key.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr const char* no_match = "The provided key element does not match the schema";

api::answer<std::string> part_of_item(const key_schema& schema, const key_attribute& attribute, const item& whole) {
  const auto* value = whole.if_contains(attribute.name);
  if (!value) return invalid_parameters(fmt::format("Missing the key {} in the item", attribute.name));
  if (dynamo::type_of(*value) != attribute.type)
    return invalid_parameters(fmt::format("Type mismatch for key {} expected: {} actual: {}", attribute.name,
                                          attribute.type, dynamo::type_of(*value)));
  MDLC_CHECK(check_key_value(schema, attribute, *value));
  return bytes_of(*value);
}

api::answer<std::string> part_of_key(const key_schema& schema, const key_attribute& attribute, const item& key) {
  const auto* value = key.if_contains(attribute.name);
  if (!value || dynamo::type_of(*value) != attribute.type) return invalid(no_match);
  MDLC_CHECK(check_key_value(schema, attribute, *value));
  return bytes_of(*value);
}

}  // namespace

std::string bytes_of(const json::value& attribute) {
  const auto type = dynamo::type_of(attribute);
  if (type == "N") return dynamo::number_of(attribute).order_key();
  if (type == "B") return dynamo::binary_of(attribute);
  return std::string(json::view(dynamo::content_of(attribute).as_string()));
}

std::string successor(std::string bytes) { return bytes += '\0'; }

std::optional<std::string> after_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

api::answer<void> check_key_value(const key_schema& schema, const key_attribute& attribute, const json::value& value) {
  const auto type = dynamo::type_of(value);
  const auto size = static_cast<size_t>(dynamo::size_of(value));
  if (size == 0)
    return invalid(
        fmt::format("One or more parameter values are not valid. The AttributeValue for a key attribute "
                    "cannot contain an empty {} value. Key: {}",
                    type == "B" ? "binary" : "string", attribute.name));
  const bool is_hash = attribute.name == schema.hash.name;
  if (is_hash && size > max_hash_key_bytes)
    return invalid_parameters("Size of hashkey has exceeded the maximum size limit of2048 bytes");
  if (!is_hash && size > max_range_key_bytes)
    return invalid_parameters("Aggregated size of all range keys has exceeded the size limit of 1024 bytes");
  return {};
}

api::answer<key_bytes> key_of_item(const key_schema& schema, const item& whole) {
  key_bytes out;
  MDLC_TRY(out.hash, part_of_item(schema, schema.hash, whole));
  if (schema.range) {
    MDLC_TRY(out.range, part_of_item(schema, *schema.range, whole));
  }
  return out;
}

api::answer<key_bytes> key_of_key(const key_schema& schema, const item& key) {
  if (key.size() != schema.size()) return invalid(no_match);
  key_bytes out;
  MDLC_TRY(out.hash, part_of_key(schema, schema.hash, key));
  if (schema.range) {
    MDLC_TRY(out.range, part_of_key(schema, *schema.range, key));
  }
  return out;
}

item key_attributes(const key_schema& schema, const item& whole) {
  item out;
  if (const auto* value = whole.if_contains(schema.hash.name)) out[schema.hash.name] = *value;
  if (!schema.range) return out;
  if (const auto* value = whole.if_contains(schema.range->name)) out[schema.range->name] = *value;
  return out;
}

}  // namespace mdlc::services::dynamodb
