#include "expr/dynamo/key_condition.h"

namespace mdlc::expr::dynamo {
namespace {

constexpr const char* not_supported = "Query key condition not supported";

tl::unexpected<error> wrong_operator(op what) {
  return refuse(fmt::format("Invalid operator used in KeyConditionExpression: {}", spelling(what)));
}

bool is_range_operator(op what) {
  return what == op::eq || (what >= op::lt && what <= op::between) || what == op::begins_with;
}

op mirrored(op what) {
  switch (what) {
    case op::lt:
      return op::gt;
    case op::le:
      return op::ge;
    case op::gt:
      return op::lt;
    case op::ge:
      return op::le;
    default:
      return what;
  }
}

// The conjunction's terms: "a AND (b AND c)" is three.
answer<void> collect(const node& n, std::vector<const node*>& out) {
  if (n.what == op::and_) {
    for (const auto& arg : n.args) MDLC_CHECK(collect(arg, out));
    return {};
  }
  if (!is_range_operator(n.what)) return wrong_operator(n.what);
  out.push_back(&n);
  return {};
}

struct term {
  std::string name;
  key_condition::range range;
};

answer<term> make_term(const node& n) {
  // ":v < key" says the same as "key > :v".
  const bool is_mirrored = n.args.size() == 2 && n.what != op::begins_with && n.args[0].what == op::value;
  const auto& key = n.args[is_mirrored ? 1 : 0];
  for (const auto& arg : n.args)
    if (is_function(arg.what)) return wrong_operator(arg.what);
  size_t paths = 0;
  for (const auto& arg : n.args) paths += arg.what == op::path;
  if (paths == 0) return refuse("Invalid condition in KeyConditionExpression: No key attribute specified");
  if (paths > 1)
    return refuse("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition");
  if (key.what != op::path)
    return refuse(
        fmt::format("Invalid condition in KeyConditionExpression: {} operator must have the key attribute as "
                    "its first operand",
                    spelling(n.what)));
  if (key.where.size() > 1) return refuse("KeyConditionExpressions cannot have conditions on nested attributes");
  term out{key.where[0].name, {is_mirrored ? mirrored(n.what) : n.what, n.args[is_mirrored ? 0 : 1].value, {}}};
  if (n.what == op::between) out.range.high = n.args[2].value;
  return out;
}

}  // namespace

answer<key_condition> key_condition::make(const node& root, std::string_view partition_name,
                                          std::string_view sort_name) {
  std::vector<const node*> nodes;
  MDLC_CHECK(collect(root, nodes));
  std::vector<term> terms;
  for (const auto* n : nodes) {
    MDLC_TRY(auto t, make_term(*n));
    for (const auto& other : terms)
      if (other.name == t.name) return refuse("KeyConditionExpressions must only contain one condition per key");
    terms.push_back(std::move(t));
  }
  if (terms.size() > 2) return refuse("Conditions can be of length 1 or 2 only");
  key_condition out;
  bool has_partition = false;
  for (auto& t : terms) {
    if (t.name == partition_name) {
      if (t.range.what != op::eq) return refuse(not_supported);
      out.partition = std::move(t.range.low);
      has_partition = true;
    } else if (!sort_name.empty() && t.name == sort_name) {
      out.sort = std::move(t.range);
    }
  }
  if (!has_partition) return refuse(fmt::format("Query condition missed key schema element: {}", partition_name));
  if (terms.size() == 2 && !out.sort) {
    if (sort_name.empty()) return refuse(not_supported);
    return refuse(fmt::format("Query condition missed key schema element: {}", sort_name));
  }
  return out;
}

answer<key_condition> key_condition::parse(std::string_view text, placeholders& placeholders,
                                           std::string_view partition_name, std::string_view sort_name) {
  MDLC_TRY(const auto parsed, condition::parse("KeyConditionExpression", text, placeholders));
  return make(parsed.root(), partition_name, sort_name);
}

}  // namespace mdlc::expr::dynamo
