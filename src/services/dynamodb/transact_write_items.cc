#include "base/bytes.h"
#include "expr/dynamo/attribute.h"
#include "services/dynamodb/operations.h"
#include "services/dynamodb/service.h"
#include "services/dynamodb/transaction.h"

namespace mdlc::services::dynamodb {
namespace {

using kind = item_write::kind;

// How long a ClientRequestToken stands for its request.
constexpr std::chrono::minutes token_life{10};

template <class Action>
api::answer<item_write> read_as(kind what, const Action& in, const attribute_map& given) {
  item_write out{what};
  const bool is_given = std::optional<std::string>{in.ConditionExpression}.has_value();
  MDLC_CHECK(read_write(in, given, {{"ConditionExpression", is_given || what == kind::update}}, out));
  return out;
}

api::answer<item_write> read_action(const model::TransactWriteItem& in) {
  const int given = in.ConditionCheck.has_value() + in.Put.has_value() + in.Delete.has_value() + in.Update.has_value();
  if (given != 1) return invalid("TransactItems can only contain one of Check, Put, Update or Delete");
  if (in.Put) return read_as(kind::put, *in.Put, in.Put->Item);
  if (in.Delete) return read_as(kind::remove, *in.Delete, in.Delete->Key);
  if (in.Update) return read_as(kind::update, *in.Update, in.Update->Key);
  return read_as(kind::check, *in.ConditionCheck, in.ConditionCheck->Key);
}

// Whether the request was done before under its token. Remembers it if not.
api::answer<bool> was_done(store::transaction& t, const base::scope& scope, const std::string& token,
                           const std::string& request, int64_t now_ms) {
  t.run("DELETE FROM dynamodb_tokens WHERE expires_ms <= ?1", {now_ms});
  const auto row = t.first("SELECT request FROM dynamodb_tokens WHERE account = ?1 AND region = ?2 AND token = ?3",
                           {scope.account, scope.region, token});
  if (row && row->text(0) != request)
    return api::refuse("IdempotentParameterMismatchException",
                       "The request uses the same client token as a previous, but non-identical request");
  if (row) return true;
  const auto life_ms = std::chrono::milliseconds(token_life).count();
  t.run("INSERT INTO dynamodb_tokens (account, region, token, request, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        {scope.account, scope.region, token, request, now_ms + life_ms});
  return false;
}

class transaction {
 public:
  transaction(service& s, const base::scope& scope, const model::TransactWriteItemsInput& in,
              const std::vector<item_write>& writes)
      : s_(s), scope_(scope), in_(in), writes_(writes) {}

  // Each action sees the items as they were before: no two of them touch the same one.
  api::answer<model::TransactWriteItemsOutput> run(store::transaction& t) {
    MDLC_CHECK(check_distinct(t));
    cancellation cancelled(writes_.size());
    for (size_t i = 0; i < writes_.size(); ++i) {
      const auto done = perform(t, s_.tables, scope_, writes_[i]);
      if (!done) {
        if (!cancellation::is_reason(done.error())) return tl::unexpected(done.error());
        cancelled.add(i, done.error());
        continue;
      }
      add(*done, writes_[i].given);
    }
    if (cancelled.any()) return tl::unexpected(cancelled.error());
    if (bytes_ > max_transaction_bytes)
      return invalid("Aggregated size of the items in the transaction exceeds the limit of 4 MB");
    out_.ConsumedCapacity = used_.report(in_.ReturnConsumedCapacity);
    return std::move(out_);
  }

 private:
  api::answer<void> check_distinct(store::transaction& t) const {
    std::set<std::pair<int64_t, key_bytes>> seen;
    for (const auto& w : writes_) {
      MDLC_TRY(const auto in, find_table(s_.tables, t, scope_, w.table));
      const auto key = key_of(*in, w);  // one that is wrong is told by perform
      if (key && !seen.emplace(in->id, *key).second)
        return invalid("Transaction request cannot include multiple operations on one item");
    }
    return {};
  }

  void add(const written& done, const item& given) {
    used_.add(done.in, usage_of(done));
    if (done.after) bytes_ += dynamo::size_of(*done.after);
    auto metrics = collection_metrics(in_.ReturnItemCollectionMetrics, *done.in, given);
    if (!metrics) return;
    if (!out_.ItemCollectionMetrics) out_.ItemCollectionMetrics.emplace();
    (*out_.ItemCollectionMetrics)[done.in->name()].push_back(std::move(*metrics));
  }

  service& s_;
  const base::scope& scope_;
  const model::TransactWriteItemsInput& in_;
  const std::vector<item_write>& writes_;
  model::TransactWriteItemsOutput out_;
  transaction_usage used_;
  int64_t bytes_ = 0;
};

}  // namespace

api::answer<model::TransactWriteItemsOutput> transact_write_items(service& s, api::call& call,
                                                                  const model::TransactWriteItemsInput& in) {
  std::vector<item_write> writes;
  for (const auto& each : in.TransactItems) {
    MDLC_TRY(auto w, read_action(each));
    writes.push_back(std::move(w));
  }
  // What counts for the token is what would be done, not how it is reported.
  model::TransactWriteItemsInput counted;
  counted.TransactItems = in.TransactItems;
  const auto fingerprint = base::to_hex(base::sha256(json::print(to_json(counted))));
  const auto now_ms = base::to_ms(s.host.env.now());
  return call.commit([&](store::transaction& t) -> api::answer<model::TransactWriteItemsOutput> {
    if (in.ClientRequestToken) {
      MDLC_TRY(const bool done, was_done(t, call.context.scope, *in.ClientRequestToken, fingerprint, now_ms));
      if (done) return model::TransactWriteItemsOutput{};
    }
    return transaction(s, call.context.scope, in, writes).run(t);
  });
}

}  // namespace mdlc::services::dynamodb
