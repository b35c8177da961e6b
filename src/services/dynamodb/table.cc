#include "services/dynamodb/table.h"

#include "wire/generated.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr int64_t definition_format = 1;

std::string type_of(const model::TableDescription& about, const std::string& attribute) {
  for (const auto& d : about.AttributeDefinitions.value_or(std::vector<model::AttributeDefinition>{}))
    if (d.AttributeName == attribute) return d.AttributeType;
  return {};
}

key_schema read_keys(const model::TableDescription& about, const std::vector<model::KeySchemaElement>& elements) {
  key_schema out;
  for (const auto& e : elements) {
    key_attribute attribute{e.AttributeName, type_of(about, e.AttributeName)};
    if (e.KeyType == "HASH")
      out.hash = std::move(attribute);
    else
      out.range = std::move(attribute);
  }
  return out;
}

// Of a local or a global index's description.
template <class Description>
index read_index(const table& t, const Description& d, bool is_global) {
  index out;
  out.name = *d.IndexName;
  out.id = t.index_ids.at(out.name);
  out.is_global = is_global;
  out.keys = read_keys(t.about, *d.KeySchema);
  out.projection = d.Projection->ProjectionType.value_or("ALL");
  out.included = d.Projection->NonKeyAttributes.value_or(std::vector<std::string>{});
  return out;
}

std::shared_ptr<table> parse_definition(const base::scope& scope, int64_t id, std::string revision,
                                        const std::string& text) {
  const auto document = json::parse(text).value();
  auto out = std::make_shared<table>();
  out->scope = scope;
  out->id = id;
  out->revision = std::move(revision);
  from_json(document.at("table"), out->about);
  for (const auto& tag : document.at("tags").as_array()) from_json(tag, out->tags.emplace_back());
  for (const auto& [name, index_id] : document.at("index_ids").as_object())
    out->index_ids[std::string(name)] = index_id.as_int64();
  out->next_index_id = document.at("next_index_id").as_int64();
  if (const auto ttl = json::text(document, "ttl"); !ttl.empty()) out->ttl_attribute = ttl;
  if (const auto* days = json::find(document, "recovery_days"); days->is_int64()) out->recovery_days = days->as_int64();
  read_schema(*out);
  return out;
}

int64_t next_table_id(store::transaction& t) {
  return t.first(
              "SELECT max(id) FROM (SELECT coalesce(max(id), 0) AS id FROM dynamodb_tables UNION ALL "
              "SELECT coalesce(max(table_id), 0) FROM dynamodb_dropped) AS used")
             ->integer(0) +
         1;
}

}  // namespace

const index* table::find_index(std::string_view name) const {
  for (const auto& i : indexes)
    if (i.name == name) return &i;
  return nullptr;
}

bool table::has_local_indexes() const {
  return std::any_of(indexes.begin(), indexes.end(), [](const auto& i) { return !i.is_global; });
}

item table::project(const index& i, const item& whole) const {
  if (i.projects_all()) return whole;
  item out = key_attributes(keys, whole);
  for (auto& member : key_attributes(i.keys, whole)) out[member.key()] = member.value();
  for (const auto& name : i.included)
    if (const auto* value = whole.if_contains(name)) out[name] = *value;
  return out;
}

std::string table_arn(const base::scope& scope, std::string_view name) {
  return scope.arn("dynamodb", fmt::format("table/{}", name));
}

api::answer<std::string> table_name(const base::scope& scope, std::string_view name_or_arn) {
  if (!name_or_arn.starts_with("arn:")) return std::string(name_or_arn);
  const auto arn = base::parse_arn(name_or_arn);
  constexpr std::string_view kind = "table/";
  if (!arn || arn->service != "dynamodb" || !arn->resource.starts_with(kind))
    return invalid(fmt::format("Invalid TableArn: {}", name_or_arn));
  if (arn->account != scope.account || arn->region != scope.region) return no_such_table();
  return arn->resource.substr(kind.size(), arn->resource.find('/', kind.size()) - kind.size());
}

void read_schema(table& t) {
  t.keys = read_keys(t.about, *t.about.KeySchema);
  t.indexes.clear();
  if (t.about.LocalSecondaryIndexes)
    for (const auto& d : *t.about.LocalSecondaryIndexes) t.indexes.push_back(read_index(t, d, false));
  if (!t.about.GlobalSecondaryIndexes) return;
  for (const auto& d : *t.about.GlobalSecondaryIndexes) {
    t.indexes.push_back(read_index(t, d, true));
    t.indexes.back().is_ready = d.IndexStatus == "ACTIVE" || d.IndexStatus == "UPDATING";
  }
}

std::string print_definition(const table& t) {
  json::array tags;
  for (const auto& tag : t.tags) tags.push_back(to_json(tag));
  json::object index_ids;
  for (const auto& [name, id] : t.index_ids) index_ids[name] = id;
  json::object out{{"format", definition_format},
                   {"table", to_json(t.about)},
                   {"tags", std::move(tags)},
                   {"index_ids", std::move(index_ids)},
                   {"next_index_id", t.next_index_id},
                   {"ttl", t.ttl_attribute ? json::value(*t.ttl_attribute) : json::value()},
                   {"recovery_days", t.recovery_days ? json::value(*t.recovery_days) : json::value()}};
  return json::print(out);
}

catalog::pointer catalog::find(store::reader& r, const base::scope& scope, std::string_view name) {
  const auto key = std::pair{scope, std::string(name)};
  const auto current =
      r.first("SELECT id, revision FROM dynamodb_tables WHERE account = ?1 AND region = ?2 AND name = ?3",
              {scope.account, scope.region, name});
  std::unique_lock lock(mutex_);
  const auto known = known_.find(key);
  if (!current) {
    if (known != known_.end()) known_.erase(known);
    return nullptr;
  }
  if (known != known_.end() && known->second->revision == current->text(1)) return known->second;
  lock.unlock();
  const auto row = r.first("SELECT definition FROM dynamodb_tables WHERE account = ?1 AND region = ?2 AND name = ?3",
                           {scope.account, scope.region, name});
  pointer out = parse_definition(scope, current->integer(0), current->text(1), row->text(0));
  lock.lock();
  known_[key] = out;
  return out;
}

void catalog::write(store::transaction& t, table& changed, std::string revision) {
  if (changed.id == 0) changed.id = next_table_id(t);
  changed.revision = std::move(revision);
  const auto& scope = changed.scope;
  t.run(
      "INSERT INTO dynamodb_tables (account, region, name, id, revision, definition) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
      "ON CONFLICT (account, region, name) DO UPDATE SET revision = excluded.revision, definition = "
      "excluded.definition",
      {scope.account, scope.region, changed.name(), changed.id, changed.revision, print_definition(changed)});
}

api::answer<catalog::pointer> find_table(catalog& tables, store::reader& r, const base::scope& scope,
                                         std::string_view name_or_arn) {
  MDLC_TRY(const auto name, table_name(scope, name_or_arn));
  auto found = tables.find(r, scope, name);
  if (!found) return no_such_table();
  return found;
}

}  // namespace mdlc::services::dynamodb
