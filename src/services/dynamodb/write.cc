#include "services/dynamodb/write.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::services::dynamodb {
namespace {

using kind = item_write::kind;

tl::unexpected<api::error> condition_failed(const item_write& w, const std::optional<item>& there) {
  api::error out{"ConditionalCheckFailedException", "The conditional request failed"};
  if (w.shows_item_on_failure && there) out.members["Item"] = *there;
  return tl::unexpected(std::move(out));
}

api::answer<void> check_index_key(const index& i, const key_attribute& a, const item& after, bool is_update) {
  const auto* value = after.if_contains(a.name);
  if (!value) return {};
  if (const auto type = dynamo::type_of(*value); type != a.type) {
    if (is_update)
      return invalid("The update expression attempted to update the secondary index key to unsupported type");
    return invalid_parameters(fmt::format("Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {}",
                                          a.name, a.type, type, i.name));
  }
  const auto size = static_cast<size_t>(dynamo::size_of(*value));
  if (size == 0)
    return invalid(
        fmt::format("One or more parameter values are not valid. A value specified for a secondary index key "
                    "is not supported. The AttributeValue for a key attribute cannot contain an empty {} "
                    "value. IndexName: {}, IndexKey: {}",
                    a.type == "B" ? "binary" : "string", i.name, a.name));
  const bool is_hash = a.name == i.keys.hash.name;
  if (size > (is_hash ? max_hash_key_bytes : max_range_key_bytes))
    return invalid_parameters(is_hash ? "Size of hashkey has exceeded the maximum size limit of2048 bytes"
                                      : "Aggregated size of all range keys has exceeded the size limit of 1024 bytes");
  return {};
}

api::answer<void> check_after(const table& in, const item& after, bool is_update) {
  for (const auto& i : in.indexes) {
    MDLC_CHECK(check_index_key(i, i.keys.hash, after, is_update));
    if (i.keys.range) MDLC_CHECK(check_index_key(i, *i.keys.range, after, is_update));
  }
  if (dynamo::size_of(after) <= max_item_bytes) return {};
  return invalid(is_update ? "Item size to update has exceeded the maximum allowed size"
                           : "Item size has exceeded the maximum allowed size");
}

api::answer<item> updated(const table& in, const item_write& w, const std::optional<item>& before) {
  const item& base = before ? *before : w.given;
  if (!w.change) return base;
  for (const auto& path : w.change->paths())
    if (in.keys.has(path.front().name))
      return invalid_parameters(
          fmt::format("Cannot update attribute {}. This attribute is part of the key", path.front().name));
  auto after = w.change->apply(base);
  if (!after && w.is_old_style && after.error().message.find("incorrect data type") != std::string::npos)
    return invalid("Type mismatch for attribute to update");
  return checked(std::move(after));
}

// An update that only removes makes no item.
bool makes_nothing(const item_write& w, const std::optional<item>& before) {
  using verb = dynamo::update::action::verb;
  if (before || !w.is_old_style || !w.change) return false;
  const auto& actions = w.change->actions();
  return !actions.empty() && std::all_of(actions.begin(), actions.end(), [](const auto& a) {
    return a.what == verb::remove || a.what == verb::delete_;
  });
}

}  // namespace

api::answer<key_bytes> key_of(const table& in, const item_write& w) {
  return w.what == kind::put ? key_of_item(in.keys, w.given) : key_of_key(in.keys, w.given);
}

api::answer<written> perform(store::transaction& t, catalog& tables, const base::scope& scope, const item_write& w) {
  written out;
  MDLC_TRY(out.in, find_table(tables, t, scope, w.table));
  const table& in = *out.in;
  MDLC_TRY(out.key, key_of(in, w));
  out.before = read_item(t, in, out.key);
  if (w.condition && !w.condition->holds(out.before.value_or(item{}))) return condition_failed(w, out.before);
  if (w.what == kind::check) {
    out.after = out.before;
    return out;
  }
  if (w.what == kind::put) out.after = w.given;
  if (w.what == kind::update) {
    MDLC_TRY(auto after, updated(in, w, out.before));
    if (!makes_nothing(w, out.before)) out.after = std::move(after);
  }
  if (out.after) MDLC_CHECK(check_after(in, *out.after, w.what == kind::update));
  if (out.before || out.after)
    write_item(t, in, out.key, out.before ? &*out.before : nullptr, out.after ? &*out.after : nullptr);
  return out;
}

}  // namespace mdlc::services::dynamodb
