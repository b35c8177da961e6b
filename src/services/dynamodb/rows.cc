#include "services/dynamodb/rows.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::services::dynamodb {
namespace {

// Greater than every sort key and every order key.
const std::string& above_all() {
  static const std::string bytes(max_range_key_bytes + 1, '\xff');
  return bytes;
}

// Bytes with an end of their own, in an order that the end does not disturb: 0 becomes 0 255, the end is 0 1.
void append_escaped(std::string& out, std::string_view bytes) {
  for (char c : bytes) {
    out += c;
    if (c == '\0') out += '\xff';
  }
  out += '\0';
  out += '\x01';
}

std::string order_key(std::string_view range, const key_bytes& key) {
  std::string out;
  append_escaped(out, range);
  append_escaped(out, key.hash);
  return out + key.range;
}

bool fits(const key_attribute& a, const json::value& value, size_t max_bytes) {
  if (dynamo::type_of(value) != a.type) return false;
  const auto size = static_cast<size_t>(dynamo::size_of(value));
  return size > 0 && size <= max_bytes;
}

item parse_item(const std::string& text) { return json::parse(text).value().as_object(); }

void add_size(store::transaction& t, const table& in, int64_t index_id, const size& more) {
  if (more.items == 0 && more.bytes == 0) return;
  t.run(
      "INSERT INTO dynamodb_sizes (account, region, table_id, index_id, items, bytes) VALUES (?1, ?2, ?3, ?4, ?5, "
      "?6) ON CONFLICT (account, region, table_id, index_id) DO UPDATE SET items = dynamodb_sizes.items + "
      "excluded.items, bytes = dynamodb_sizes.bytes + excluded.bytes",
      {in.scope.account, in.scope.region, in.id, index_id, more.items, more.bytes});
}

// Whether it was not there yet.
bool insert_entry(store::transaction& t, const table& in, const index& i, const index_entry& e, const key_bytes& key) {
  return t.run(
             "INSERT INTO dynamodb_index_entries (account, region, table_id, index_id, hash_key, order_key, item_hash, "
             "item_range) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
             {in.scope.account, in.scope.region, in.id, i.id, store::bytes{e.hash}, store::bytes{e.order},
              store::bytes{key.hash}, store::bytes{key.range}}) > 0;
}

bool remove_entry(store::transaction& t, const table& in, const index& i, const index_entry& e) {
  return t.run(
             "DELETE FROM dynamodb_index_entries WHERE account = ?1 AND region = ?2 AND table_id = ?3 AND index_id = "
             "?4 AND hash_key = ?5 AND order_key = ?6",
             {in.scope.account, in.scope.region, in.id, i.id, store::bytes{e.hash}, store::bytes{e.order}}) > 0;
}

bool has_entry(store::reader& r, const table& in, const index& i, const index_entry& e) {
  return r
      .first(
          "SELECT 1 FROM dynamodb_index_entries WHERE account = ?1 AND region = ?2 AND table_id = ?3 AND index_id = "
          "?4 AND hash_key = ?5 AND order_key = ?6",
          {in.scope.account, in.scope.region, in.id, i.id, store::bytes{e.hash}, store::bytes{e.order}})
      .has_value();
}

void update_index(store::transaction& t, const table& in, const index& i, const key_bytes& key, const item* before,
                  const item* after) {
  const auto was = before ? entry_of(i, key, *before) : std::nullopt;
  const auto is = after ? entry_of(i, key, *after) : std::nullopt;
  size change;
  // An index that is still being filled may not have the old entry yet, and then does not count it.
  const bool stays = was && was == is && (i.is_ready || has_entry(t, in, i, *was));
  if (stays || (was && was != is && remove_entry(t, in, i, *was))) {
    --change.items;
    change.bytes -= dynamo::size_of(in.project(i, *before));
  }
  // Nor does it count twice what it has already.
  if (stays || (is && insert_entry(t, in, i, *is, key))) {
    ++change.items;
    change.bytes += dynamo::size_of(in.project(i, *after));
  }
  add_size(t, in, i.id, change);
}

void visit_partition(store::reader& r, const table& in, const source& s, const key_bytes& start,
                     const std::function<bool(const store::row&)>& visit) {
  std::string low = s.low;
  std::string high = s.high.value_or(above_all());
  if (s.start && s.forward) low = std::max(low, successor(start.range));
  if (s.start && !s.forward) high = std::min(high, start.range);
  constexpr std::string_view sql =
      "SELECT hash_key, range_key, item FROM dynamodb_items WHERE account = ?1 AND region = ?2 AND table_id = ?3 AND "
      "hash_key = ?4 AND range_key >= ?5 AND range_key < ?6 ORDER BY range_key {}";
  static const auto forward = fmt::format(sql, "ASC"), backward = fmt::format(sql, "DESC");
  r.each(s.forward ? forward : backward,
         {in.scope.account, in.scope.region, in.id, store::bytes{*s.hash}, store::bytes{low}, store::bytes{high}},
         visit);
}

constexpr std::string_view entries =
    "SELECT i.hash_key, i.range_key, i.item FROM dynamodb_index_entries AS e CROSS JOIN dynamodb_items AS i WHERE "
    "i.account = e.account AND i.region = e.region AND i.table_id = e.table_id AND i.hash_key = e.item_hash AND "
    "i.range_key = e.item_range AND e.account = ?1 AND e.region = ?2 AND e.table_id = ?3 AND e.index_id = ?4 AND";

void visit_index_partition(store::reader& r, const table& in, const source& s, const index_entry& start,
                           const std::function<bool(const store::row&)>& visit) {
  std::string low = order_bound(s.low);
  std::string high = s.high ? order_bound(*s.high) : above_all();
  if (s.start && s.forward) low = std::max(low, successor(start.order));
  if (s.start && !s.forward) high = std::min(high, start.order);
  constexpr std::string_view sql =
      "{} e.hash_key = ?5 AND e.order_key >= ?6 AND e.order_key < ?7 ORDER BY e.order_key {}";
  static const auto forward = fmt::format(sql, entries, "ASC"), backward = fmt::format(sql, entries, "DESC");
  r.each(s.forward ? forward : backward,
         {in.scope.account, in.scope.region, in.id, s.index->id, store::bytes{*s.hash}, store::bytes{low},
          store::bytes{high}},
         visit);
}

void visit_table(store::reader& r, const table& in, const key_bytes& start,
                 const std::function<bool(const store::row&)>& visit) {
  r.each(
      "SELECT hash_key, range_key, item FROM dynamodb_items WHERE account = ?1 AND region = ?2 AND table_id = ?3 "
      "AND (hash_key, range_key) > (?4, ?5) ORDER BY hash_key, range_key",
      {in.scope.account, in.scope.region, in.id, store::bytes{start.hash}, store::bytes{start.range}}, visit);
}

void visit_index(store::reader& r, const table& in, const source& s, const index_entry& start,
                 const std::function<bool(const store::row&)>& visit) {
  static const auto sql =
      fmt::format("{} (e.hash_key, e.order_key) > (?5, ?6) ORDER BY e.hash_key, e.order_key", entries);
  r.each(sql,
         {in.scope.account, in.scope.region, in.id, s.index->id, store::bytes{start.hash}, store::bytes{start.order}},
         visit);
}

key_bytes bytes_of_key(const key_schema& schema, const item& key) {
  return {bytes_of(key.at(schema.hash.name)), schema.range ? bytes_of(key.at(schema.range->name)) : std::string{}};
}

}  // namespace

std::optional<item> read_item(store::reader& r, const table& in, const key_bytes& key) {
  const auto row = r.first(
      "SELECT item FROM dynamodb_items WHERE account = ?1 AND region = ?2 AND table_id = ?3 AND "
      "hash_key = ?4 AND range_key = ?5",
      {in.scope.account, in.scope.region, in.id, store::bytes{key.hash}, store::bytes{key.range}});
  if (!row) return std::nullopt;
  return parse_item(row->text(0));
}

void write_item(store::transaction& t, const table& in, const key_bytes& key, const item* before, const item* after) {
  const auto& scope = in.scope;
  size change;
  if (before) change = {-1, -dynamo::size_of(*before)};
  if (after) {
    const auto bytes = dynamo::size_of(*after);
    t.run(
        "INSERT INTO dynamodb_items (account, region, table_id, hash_key, range_key, size, item) VALUES (?1, ?2, ?3, "
        "?4, ?5, ?6, ?7) ON CONFLICT (account, region, table_id, hash_key, range_key) DO UPDATE SET size = "
        "excluded.size, item = excluded.item",
        {scope.account, scope.region, in.id, store::bytes{key.hash}, store::bytes{key.range}, bytes,
         json::print(*after)});
    ++change.items;
    change.bytes += bytes;
  } else {
    t.run(
        "DELETE FROM dynamodb_items WHERE account = ?1 AND region = ?2 AND table_id = ?3 AND hash_key = ?4 AND "
        "range_key = ?5",
        {scope.account, scope.region, in.id, store::bytes{key.hash}, store::bytes{key.range}});
  }
  add_size(t, in, 0, change);
  for (const auto& i : in.indexes) update_index(t, in, i, key, before, after);
}

std::string order_bound(std::string_view range_key) {
  std::string out;
  append_escaped(out, range_key);
  return out;
}

std::optional<index_entry> entry_of(const index& i, const key_bytes& key, const item& whole) {
  const auto* hash = whole.if_contains(i.keys.hash.name);
  const auto* range = i.keys.range ? whole.if_contains(i.keys.range->name) : nullptr;
  if (!hash || (i.keys.range && !range)) return std::nullopt;
  // What was written before there was the index may have anything under its keys' names.
  if (!fits(i.keys.hash, *hash, max_hash_key_bytes)) return std::nullopt;
  if (range && !fits(*i.keys.range, *range, max_range_key_bytes)) return std::nullopt;
  return index_entry{bytes_of(*hash), order_key(range ? bytes_of(*range) : std::string{}, key)};
}

std::optional<key_bytes> fill_index(store::transaction& t, const table& in, const index& i, const key_bytes& after,
                                    int64_t limit) {
  const auto rows = t.query(
      "SELECT hash_key, range_key, item FROM dynamodb_items WHERE account = ?1 AND region = ?2 AND table_id = ?3 AND "
      "(hash_key, range_key) > (?4, ?5) ORDER BY hash_key, range_key LIMIT ?6",
      {in.scope.account, in.scope.region, in.id, store::bytes{after.hash}, store::bytes{after.range}, limit});
  key_bytes last;
  for (const auto& row : rows) {
    last = {row.text(0), row.text(1)};
    const auto whole = parse_item(row.text(2));
    update_index(t, in, i, last, nullptr, &whole);
  }
  if (static_cast<int64_t>(rows.size()) < limit) return std::nullopt;
  return last;
}

size read_size(store::reader& r, const table& in, int64_t index_id) {
  const auto row = r.first(
      "SELECT items, bytes FROM dynamodb_sizes WHERE account = ?1 AND region = ?2 AND table_id = "
      "?3 AND index_id = ?4",
      {in.scope.account, in.scope.region, in.id, index_id});
  if (!row) return {};
  return {row->integer(0), row->integer(1)};
}

void each_item(store::reader& r, const table& in, const source& s,
               const std::function<bool(const key_bytes&, item)>& visit) {
  const auto visit_row = [&](const store::row& row) {
    return visit({row.text(0), row.text(1)}, parse_item(row.text(2)));
  };
  key_bytes start;
  index_entry entry;
  if (s.start) {
    start = bytes_of_key(in.keys, *s.start);
    if (s.index) entry = *entry_of(*s.index, start, *s.start);
  }
  if (s.index && s.hash) return visit_index_partition(r, in, s, entry, visit_row);
  if (s.index) return visit_index(r, in, s, entry, visit_row);
  if (s.hash) return visit_partition(r, in, s, start, visit_row);
  visit_table(r, in, start, visit_row);
}

}  // namespace mdlc::services::dynamodb
