#include "services/dynamodb/page.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::services::dynamodb {
namespace {

// FNV-1a: spreads partitions over segments, the same way at every call and in every version.
uint64_t hash_of(std::string_view bytes) {
  uint64_t out = 14695981039346656037u;
  for (char c : bytes) out = (out ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return out;
}

attribute_map position_of(const table& t, const index* i, const item& whole) {
  auto out = to_map(key_attributes(t.keys, whole));
  if (i) out.merge(to_map(key_attributes(i->keys, whole)));
  return out;
}

}  // namespace

page read_page(store::reader& r, const table& t, const page_request& request) {
  page out;
  const auto* i = request.from.index;
  each_item(r, t, request.from, [&](const key_bytes& key, item whole) {
    if (request.segments > 1 &&
        static_cast<int64_t>(hash_of(key.hash) % static_cast<uint64_t>(request.segments)) != request.segment)
      return true;
    const item seen = i && !request.shows_all ? t.project(*i, whole) : whole;
    ++out.scanned;
    out.bytes += dynamo::size_of(seen);
    if (!request.filter || request.filter->holds(seen)) {
      ++out.count;
      if (!request.counts_only) out.items.push_back(to_map(request.shown ? request.shown->apply(seen) : seen));
    }
    if (out.bytes < max_page_bytes && out.scanned < request.limit.value_or(INT64_MAX)) return true;
    out.last_key = position_of(t, i, whole);
    return false;
  });
  return out;
}

api::answer<const index*> find_index(const table& t, const std::optional<std::string>& name,
                                     const std::optional<bool>& consistent) {
  if (!name) return nullptr;
  const auto* out = t.find_index(*name);
  if (!out) return invalid(fmt::format("The table does not have the specified index: {}", *name));
  if (!out->is_ready) return invalid(fmt::format("Cannot read from backfilling global secondary index: {}", *name));
  if (out->is_global && consistent.value_or(false))
    return invalid("Consistent reads are not supported on global secondary indexes");
  return out;
}

api::answer<std::optional<item>> read_start(const table& t, const index* i, const std::optional<attribute_map>& start) {
  if (!start) return std::nullopt;
  const auto key = to_item(*start);
  if (!key) return invalid(fmt::format("The provided starting key is invalid: {}", key.error().message));
  const auto fits = [&](const key_attribute& a) {
    const auto* value = key->if_contains(a.name);
    return value && dynamo::type_of(*value) == a.type && dynamo::size_of(*value) > 0;
  };
  std::set<std::string> names;
  for (const auto* schema : {&t.keys, i ? &i->keys : &t.keys}) {
    names.insert(schema->hash.name);
    if (schema->range) names.insert(schema->range->name);
    if (!fits(schema->hash) || (schema->range && !fits(*schema->range)))
      return invalid("The provided starting key is invalid: The provided key element does not match the schema");
  }
  if (names.size() != key->size())
    return invalid(i ? "The provided starting key is invalid"
                     : "The provided starting key is invalid: The provided key element does not match the schema");
  return *key;
}

api::answer<void> read_select(const table& t, const index* i, const std::optional<std::string>& select,
                              page_request& request) {
  const std::string what = select.value_or(request.shown ? "SPECIFIC_ATTRIBUTES"
                                           : i           ? "ALL_PROJECTED_ATTRIBUTES"
                                                         : "ALL_ATTRIBUTES");
  if (request.shown && what != "SPECIFIC_ATTRIBUTES")
    return invalid(fmt::format("Cannot specify the ProjectionExpression when choosing to get {}",
                               what == "COUNT" ? "only the Count" : what));
  if (what == "SPECIFIC_ATTRIBUTES" && !request.shown)
    return invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES");
  if (what == "ALL_PROJECTED_ATTRIBUTES" && !i)
    return invalid_parameters("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  if (what == "ALL_ATTRIBUTES" && i && i->is_global && !i->projects_all())
    return invalid_parameters(
        fmt::format("Select type ALL_ATTRIBUTES is not supported for global secondary index {} "
                    "because its projection type is not ALL",
                    i->name));
  request.counts_only = what == "COUNT";
  // A local index fetches from the table what it does not project.
  request.shows_all = i && !i->is_global && (what == "ALL_ATTRIBUTES" || what == "SPECIFIC_ATTRIBUTES");
  if (!request.shown || !i || !i->is_global || i->projects_all()) return {};
  std::string missing;
  for (const auto& path : request.shown->paths()) {
    const auto& name = path.front().name;
    const bool is_there = i->keys.has(name) || t.keys.has(name) ||
                          std::find(i->included.begin(), i->included.end(), name) != i->included.end();
    if (!is_there) missing += (missing.empty() ? "" : ", ") + name;
  }
  if (missing.empty()) return {};
  return invalid_parameters(fmt::format("Global secondary index {} does not project [{}]", i->name, missing));
}

}  // namespace mdlc::services::dynamodb
