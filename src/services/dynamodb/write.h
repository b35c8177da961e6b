// One item's write, as PutItem, UpdateItem, DeleteItem, a batch or a transaction orders it.
#pragma once

#include <optional>

#include "expr/dynamo/condition.h"
#include "expr/dynamo/update.h"
#include "services/dynamodb/expressions.h"
#include "services/dynamodb/rows.h"

namespace mdlc::services::dynamodb {

inline constexpr int64_t max_item_bytes = 400 * 1024;

// Parsed, and not looked at the table yet.
struct item_write {
  enum class kind { put, update, remove, check };
  kind what;
  std::string table{};  // its name or ARN
  item given{};         // put: the item; else its key
  std::optional<dynamo::condition> condition{};
  std::optional<dynamo::update> change{};  // update; none makes an item of its key alone, or leaves it
  bool shows_item_on_failure = false;
  bool is_old_style = false;  // AttributeUpdates: the words for a wrong type differ
};

struct written {
  catalog::pointer in;
  key_bytes key;
  std::optional<item> before;
  std::optional<item> after;
};

api::answer<key_bytes> key_of(const table&, const item_write&);

// Checks it against the table and does it. What it refuses it has not done; ConditionalCheckFailedException carries the
// item if that was asked for.
api::answer<written> perform(store::transaction&, catalog&, const base::scope&, const item_write&);

// What a request and a transaction's action have in common; `given` is the item or the key. UpdateExpression is read
// where `In` has one. The condition stays as it is where there is no ConditionExpression.
template <class In>
api::answer<void> read_write(const In& in, const attribute_map& given, parameters expressions, item_write& out) {
  out.table = in.TableName;
  MDLC_TRY(out.given, to_item(given));
  out.shows_item_on_failure = in.ReturnValuesOnConditionCheckFailure == "ALL_OLD";
  MDLC_TRY(auto all, read_placeholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues, expressions));
  if constexpr (requires { in.UpdateExpression; }) {
    const std::optional<std::string> text{in.UpdateExpression};
    if (text) {
      MDLC_TRY(out.change, checked(dynamo::update::parse(*text, all)));
    }
  }
  const std::optional<std::string> text{in.ConditionExpression};
  if (text) {
    MDLC_TRY(out.condition, checked(dynamo::condition::parse("ConditionExpression", *text, all)));
  }
  return checked(all.check_all_used());
}

// The same for what PutItem, UpdateItem and DeleteItem have beside it: Expected.
template <class In>
api::answer<void> read_expected_of(const In& in, item_write& out) {
  if (!in.Expected || in.Expected->empty()) return {};
  MDLC_TRY(out.condition, read_expected(*in.Expected, in.ConditionalOperator));
  return {};
}

}  // namespace mdlc::services::dynamodb
