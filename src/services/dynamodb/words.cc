#include "services/dynamodb/words.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::services::dynamodb {

api::answer<item> to_item(const attribute_map& attributes) {
  item out;
  out.reserve(attributes.size());
  for (const auto& [name, value] : attributes) out[name] = value;
  MDLC_CHECK(checked(dynamo::canonicalize(out)));
  return out;
}

attribute_map to_map(const item& whole) {
  attribute_map out;
  for (const auto& member : whole) out.emplace(std::string(member.key().data(), member.key().size()), member.value());
  return out;
}

}  // namespace mdlc::services::dynamodb
