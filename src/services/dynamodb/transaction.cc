#include "services/dynamodb/transaction.h"

namespace mdlc::services::dynamodb {

bool cancellation::is_reason(const api::error& e) {
  return e.code == "ConditionalCheckFailedException" || e.code == "ValidationException";
}

void cancellation::add(size_t action, const api::error& e) {
  auto& r = reasons_[action];
  r.code = e.code == "ValidationException" ? "ValidationError" : "ConditionalCheckFailed";
  r.message = e.message;
  if (const auto* there = e.members.if_contains("Item")) r.item = *there;
  any_ = true;
}

api::error cancellation::error() const {
  std::string codes;
  json::array list;
  for (const auto& r : reasons_) {
    codes += (codes.empty() ? "" : ", ") + r.code;
    json::object one{{"Code", r.code}};
    if (!r.message.empty()) one["Message"] = r.message;
    if (!r.item.is_null()) one["Item"] = r.item;
    list.push_back(std::move(one));
  }
  api::error out{
      "TransactionCanceledException",
      fmt::format("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes)};
  out.members["CancellationReasons"] = std::move(list);
  return out;
}

void transaction_usage::add(const catalog::pointer& table, const usage& used) {
  auto& [pointer, sum] = tables_[table->id];
  pointer = table;
  sum += used.doubled();
}

std::optional<std::vector<model::ConsumedCapacity>> transaction_usage::report(
    const std::optional<std::string>& wanted) const {
  std::vector<model::ConsumedCapacity> out;
  for (const auto& [id, each] : tables_)
    if (auto one = report_transaction(wanted, *each.first, each.second)) out.push_back(std::move(*one));
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace mdlc::services::dynamodb
