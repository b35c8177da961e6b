#include "services/dynamodb/capacity.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr int64_t write_unit_bytes = 1024;
constexpr int64_t read_unit_bytes = 4096;

double units(int64_t bytes, int64_t unit) {
  return static_cast<double>(std::max<int64_t>(1, (bytes + unit - 1) / unit));
}

// An entry that moves is removed and written; one whose shown attributes stay is not touched.
double index_units(const table& in, const index& i, const written& w) {
  const auto was = w.before ? entry_of(i, w.key, *w.before) : std::nullopt;
  const auto is = w.after ? entry_of(i, w.key, *w.after) : std::nullopt;
  const auto shown = [&](const item& whole) { return in.project(i, whole); };
  if (was && is && was == is && shown(*w.before) == shown(*w.after)) return 0;
  double out = 0;
  if (was && was != is) out += units(dynamo::size_of(shown(*w.before)), write_unit_bytes);
  if (is) out += units(dynamo::size_of(shown(*w.after)), write_unit_bytes);
  return out;
}

model::Capacity capacity(double units) {
  model::Capacity out;
  out.CapacityUnits = units;
  return out;
}

model::Capacity capacity(double units, bool is_write) {
  auto out = capacity(units);
  (is_write ? out.WriteCapacityUnits : out.ReadCapacityUnits) = units;
  return out;
}

}  // namespace

usage& usage::operator+=(const usage& other) {
  table += other.table;
  for (const auto& [name, units] : other.indexes) indexes[name] += units;
  is_write = is_write || other.is_write;
  return *this;
}

usage usage::doubled() const {
  usage out = *this;
  out += *this;
  return out;
}

usage usage_of(const written& w) {
  usage out;
  out.is_write = true;
  const auto before = w.before ? dynamo::size_of(*w.before) : 0, after = w.after ? dynamo::size_of(*w.after) : 0;
  out.table = units(std::max(before, after), write_unit_bytes);
  for (const auto& i : w.in->indexes)
    if (const auto more = index_units(*w.in, i, w); more > 0) out.indexes[i.name] = more;
  return out;
}

usage usage_of_read(int64_t bytes, bool consistent, const index* i) {
  usage out;
  (i ? out.indexes[i->name] : out.table) = units(bytes, read_unit_bytes) * (consistent ? 1 : 0.5);
  return out;
}

std::optional<model::ConsumedCapacity> report(const std::optional<std::string>& wanted, const table& in,
                                              const usage& used) {
  if (wanted != "TOTAL" && wanted != "INDEXES") return std::nullopt;
  model::ConsumedCapacity out;
  out.TableName = in.name();
  double total = used.table;
  for (const auto& [name, units] : used.indexes) total += units;
  out.CapacityUnits = total;
  if (wanted == "TOTAL") return out;
  out.Table = capacity(used.table);
  for (const auto& [name, units] : used.indexes) {
    const auto* i = in.find_index(name);
    auto& of_kind = i && !i->is_global ? out.LocalSecondaryIndexes : out.GlobalSecondaryIndexes;
    if (!of_kind) of_kind.emplace();
    (*of_kind)[name] = capacity(units);
  }
  return out;
}

std::optional<model::ConsumedCapacity> report_transaction(const std::optional<std::string>& wanted, const table& in,
                                                          const usage& used) {
  auto out = report(wanted, in, used);
  if (!out) return out;
  (used.is_write ? out->WriteCapacityUnits : out->ReadCapacityUnits) = out->CapacityUnits;
  if (out->Table) out->Table = capacity(used.table, used.is_write);
  return out;
}

std::optional<model::ItemCollectionMetrics> collection_metrics(const std::optional<std::string>& wanted,
                                                               const table& in, const item& whole) {
  if (wanted != "SIZE" || !in.has_local_indexes()) return std::nullopt;
  model::ItemCollectionMetrics out;
  out.ItemCollectionKey = attribute_map{{in.keys.hash.name, whole.at(in.keys.hash.name)}};
  out.SizeEstimateRangeGB = std::vector<double>{0.0, 1.0};
  return out;
}

}  // namespace mdlc::services::dynamodb
