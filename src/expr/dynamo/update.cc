#include "expr/dynamo/update.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::expr::dynamo {
namespace {

using action = update::action;
using verb = action::verb;

constexpr const char* wrong_path = "The document path provided in the update expression is invalid for update";
constexpr const char* wrong_type = "An operand in the update expression has an incorrect data type";
constexpr const char* missing = "The provided expression refers to an attribute that does not exist in the item";

answer<json::value> evaluate(const node& n, const json::object& item);

answer<json::value> evaluate_sum(const node& n, const json::object& item) {
  MDLC_TRY(const auto left, evaluate(n.args[0], item));
  MDLC_TRY(const auto right, evaluate(n.args[1], item));
  if (type_of(left) != "N" || type_of(right) != "N") return refuse(wrong_type);
  const auto a = number_of(left), b = number_of(right);
  MDLC_TRY(const auto sum, n.what == op::plus ? add(a, b) : subtract(a, b));
  return make_number(sum);
}

answer<json::value> append(const node& n, const json::object& item) {
  MDLC_TRY(auto left, evaluate(n.args[0], item));
  MDLC_TRY(auto right, evaluate(n.args[1], item));
  if (type_of(left) != "L" || type_of(right) != "L") return refuse(wrong_type);
  auto& list = left.as_object()["L"].as_array();
  for (auto& element : right.as_object()["L"].as_array()) list.push_back(std::move(element));
  return left;
}

answer<json::value> evaluate(const node& n, const json::object& item) {
  switch (n.what) {
    case op::value:
      return n.value;
    case op::path:
      if (const auto* there = find(item, n.where)) return *there;
      return refuse(missing);
    case op::if_not_exists:
      if (const auto* there = find(item, n.args[0].where)) return *there;
      return evaluate(n.args[1], item);
    case op::list_append:
      return append(n, item);
    default:
      return evaluate_sum(n, item);
  }
}

// The content of the map or list that holds the path's last element; null where there is none of the right kind.
json::value* parent_of(json::object& item, const path& p) {
  json::value* at = item.if_contains(p.front().name);
  for (size_t i = 1; at; ++i) {
    if (type_of(*at) != (p[i].is_index() ? "L" : "M")) return nullptr;
    auto& content = at->as_object().begin()->value();
    if (i + 1 == p.size()) return &content;
    at = p[i].is_index() ? content.as_array().if_contains(static_cast<size_t>(p[i].index))
                         : content.as_object().if_contains(p[i].name);
  }
  return nullptr;
}

answer<void> put(json::object& item, const path& p, json::value value) {
  if (p.size() == 1) {
    item[p.front().name] = std::move(value);
    return {};
  }
  auto* parent = parent_of(item, p);
  if (!parent) return refuse(wrong_path);
  if (!p.back().is_index()) {
    parent->as_object()[p.back().name] = std::move(value);
    return {};
  }
  auto& list = parent->as_array();
  const auto index = static_cast<size_t>(p.back().index);
  if (index < list.size())
    list[index] = std::move(value);
  else
    list.push_back(std::move(value));
  return {};
}

answer<void> remove(json::object& item, const path& p) {
  if (p.size() == 1) {
    item.erase(p.front().name);
    return {};
  }
  auto* parent = parent_of(item, p);
  if (!parent) return refuse(wrong_path);
  if (!p.back().is_index()) {
    parent->as_object().erase(p.back().name);
  } else if (auto& list = parent->as_array(); static_cast<size_t>(p.back().index) < list.size()) {
    list.erase(list.begin() + p.back().index);
  }
  return {};
}

answer<json::value> united(const json::value& set, const json::value& more) {
  if (type_of(set) != type_of(more)) return refuse(wrong_type);
  json::value out = set;
  auto& members = out.as_object().begin()->value().as_array();
  std::set<std::string> seen;
  for (const auto& m : members) seen.emplace(json::view(m.as_string()));
  for (const auto& m : content_of(more).as_array())
    if (seen.emplace(json::view(m.as_string())).second) members.push_back(m);
  return out;
}

answer<void> add_to(json::object& item, const action& a) {
  const auto* there = find(item, a.where);
  const auto& more = a.operand.value;
  if (!there) return put(item, a.where, more);
  if (type_of(more) != "N") {
    MDLC_TRY(auto all, united(*there, more));
    return put(item, a.where, std::move(all));
  }
  if (type_of(*there) != "N") return refuse(wrong_type);
  MDLC_TRY(const auto sum, add(number_of(*there), number_of(more)));
  return put(item, a.where, make_number(sum));
}

answer<void> delete_from(json::object& item, const action& a) {
  const auto* there = find(item, a.where);
  if (!there) return {};
  const auto& less = a.operand.value;
  if (type_of(*there) != type_of(less)) return refuse(wrong_type);
  std::set<std::string_view> gone;
  for (const auto& m : content_of(less).as_array()) gone.insert(json::view(m.as_string()));
  json::array left;
  for (const auto& m : content_of(*there).as_array())
    if (!gone.contains(json::view(m.as_string()))) left.push_back(m);
  if (left.empty()) return remove(item, a.where);  // there are no empty sets
  json::object out;
  out[type_of(less)] = std::move(left);
  return put(item, a.where, std::move(out));
}

}  // namespace

answer<json::object> update::apply(const json::object& item) const {
  json::object out = item;
  for (const auto& a : actions_) {
    switch (a.what) {
      case verb::set: {
        MDLC_TRY(auto value, evaluate(a.operand, item));
        MDLC_CHECK(put(out, a.where, std::move(value)));
        break;
      }
      case verb::remove:
        MDLC_CHECK(remove(out, a.where));
        break;
      case verb::add:
        MDLC_CHECK(add_to(out, a));
        break;
      case verb::delete_:
        MDLC_CHECK(delete_from(out, a));
        break;
    }
  }
  return out;
}

std::vector<path> update::paths() const {
  std::vector<path> out;
  for (const auto& a : actions_) out.push_back(a.where);
  return out;
}

}  // namespace mdlc::expr::dynamo
