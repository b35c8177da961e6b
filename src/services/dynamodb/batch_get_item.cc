#include "expr/dynamo/attribute.h"
#include "services/dynamodb/capacity.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr size_t max_batch_keys = 100;
constexpr int64_t max_answer_bytes = 16 * 1024 * 1024;

// What is asked of one table, parsed.
struct wanted {
  std::vector<item> keys;
  std::optional<dynamo::projection> shown;
  bool consistent = false;
};

api::answer<wanted> read_wanted(const model::KeysAndAttributes& in) {
  const parameters expressions{{"ProjectionExpression", in.ProjectionExpression.has_value()}};
  MDLC_CHECK(check_style({{"AttributesToGet", in.AttributesToGet.has_value()}}, expressions));
  wanted out;
  MDLC_TRY(out.shown, read_projection(in.AttributesToGet, in.ProjectionExpression, in.ExpressionAttributeNames));
  for (const auto& key : in.Keys) {
    MDLC_TRY(auto parsed, to_item(key));
    out.keys.push_back(std::move(parsed));
  }
  out.consistent = in.ConsistentRead.value_or(false);
  return out;
}

class batch {
 public:
  batch(service& s, store::reader& r, const base::scope& scope, const model::BatchGetItemInput& in)
      : s_(s), r_(r), scope_(scope), in_(in) {}

  api::answer<void> read(const std::string& name, const wanted& w) {
    MDLC_TRY(const auto found, find_table(s_.tables, r_, scope_, name));
    std::vector<key_bytes> keys;
    for (const auto& key : w.keys) {
      MDLC_TRY(auto bytes, key_of_key(found->keys, key));
      keys.push_back(std::move(bytes));
    }
    if (std::set(keys.begin(), keys.end()).size() != keys.size())
      return invalid("Provided list of item keys contains duplicates");
    auto& responses = (*out.Responses)[found->name()];
    usage used;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (bytes_ >= max_answer_bytes) {
        leave(name, i);
        break;
      }
      const auto there = read_item(r_, *found, keys[i]);
      const auto size = there ? dynamo::size_of(*there) : 0;
      bytes_ += size;
      used += usage_of_read(size, w.consistent);
      if (there) responses.push_back(to_map(w.shown ? w.shown->apply(*there) : *there));
    }
    if (auto report_ = report(in_.ReturnConsumedCapacity, *found, used)) {
      if (!out.ConsumedCapacity) out.ConsumedCapacity.emplace();
      out.ConsumedCapacity->push_back(std::move(*report_));
    }
    return {};
  }

  model::BatchGetItemOutput out;

 private:
  // The keys from `first` on are for the next call.
  void leave(const std::string& name, size_t first) {
    auto rest = in_.RequestItems.at(name);
    rest.Keys.erase(rest.Keys.begin(), rest.Keys.begin() + static_cast<std::ptrdiff_t>(first));
    (*out.UnprocessedKeys)[name] = std::move(rest);
  }

  service& s_;
  store::reader& r_;
  const base::scope& scope_;
  const model::BatchGetItemInput& in_;
  int64_t bytes_ = 0;
};

}  // namespace

api::answer<model::BatchGetItemOutput> batch_get_item(service& s, api::call& call, const model::BatchGetItemInput& in) {
  std::map<std::string, wanted> all;
  size_t count = 0;
  for (const auto& [name, each] : in.RequestItems) {
    MDLC_TRY(all[name], read_wanted(each));
    count += each.Keys.size();
  }
  if (count > max_batch_keys) return invalid("Too many items requested for the BatchGetItem call");
  return s.host.db.read([&](store::reader& r) -> api::answer<model::BatchGetItemOutput> {
    batch b(s, r, call.context.scope, in);
    b.out.Responses.emplace();
    b.out.UnprocessedKeys.emplace();
    for (const auto& [name, each] : all) MDLC_CHECK(b.read(name, each));
    return std::move(b.out);
  });
}

}  // namespace mdlc::services::dynamodb
