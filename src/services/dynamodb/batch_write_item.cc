#include "services/dynamodb/capacity.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr size_t max_batch_writes = 25;

api::answer<item_write> read_request(const std::string& table, const model::WriteRequest& in) {
  if (in.PutRequest.has_value() == in.DeleteRequest.has_value())
    return invalid(in.PutRequest ? "Supplied WriteRequest has more than one datatypes set, must contain exactly one of "
                                   "the supported datatypes"
                                 : "Supplied WriteRequest is empty, must contain exactly one of the supported "
                                   "datatypes");
  item_write out{in.PutRequest ? item_write::kind::put : item_write::kind::remove, table};
  MDLC_TRY(out.given, to_item(in.PutRequest ? in.PutRequest->Item : in.DeleteRequest->Key));
  return out;
}

void add_reports(const model::BatchWriteItemInput& in, const written& done, const item& given, usage& used,
                 model::BatchWriteItemOutput& out) {
  used += usage_of(done);
  if (auto metrics = collection_metrics(in.ReturnItemCollectionMetrics, *done.in, given)) {
    if (!out.ItemCollectionMetrics) out.ItemCollectionMetrics.emplace();
    (*out.ItemCollectionMetrics)[done.in->name()].push_back(std::move(*metrics));
  }
}

}  // namespace

// One transaction, though DynamoDB does not promise one: it is what the writer does anyway.
api::answer<model::BatchWriteItemOutput> batch_write_item(service& s, api::call& call,
                                                          const model::BatchWriteItemInput& in) {
  std::vector<item_write> writes;
  for (const auto& [table, requests] : in.RequestItems) {
    for (const auto& request : requests) {
      if (writes.size() == max_batch_writes) return invalid("Too many items requested for the BatchWriteItem call");
      MDLC_TRY(auto w, read_request(table, request));
      writes.push_back(std::move(w));
    }
  }
  return call.commit([&](store::transaction& t) -> api::answer<model::BatchWriteItemOutput> {
    model::BatchWriteItemOutput out;
    out.UnprocessedItems.emplace();
    std::set<std::pair<int64_t, key_bytes>> seen;
    std::map<int64_t, std::pair<catalog::pointer, usage>> used;
    for (const auto& w : writes) {
      MDLC_TRY(const auto done, perform(t, s.tables, call.context.scope, w));
      if (!seen.emplace(done.in->id, done.key).second) return invalid("Provided list of item keys contains duplicates");
      auto& [table, sum] = used[done.in->id];
      table = done.in;
      add_reports(in, done, w.given, sum, out);
    }
    for (const auto& [id, each] : used) {
      auto one = report(in.ReturnConsumedCapacity, *each.first, each.second);
      if (!one) break;
      if (!out.ConsumedCapacity) out.ConsumedCapacity.emplace();
      out.ConsumedCapacity->push_back(std::move(*one));
    }
    return out;
  });
}

}  // namespace mdlc::services::dynamodb
