// The tree of a parsed expression; names and values are already in it, placeholders are not.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "expr/dynamo/path.h"
#include "json/value.h"

namespace mdlc::expr::dynamo {

enum class op : uint8_t {
  // operands
  path,
  value,
  size,
  // conditions
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  between,
  in,
  and_,
  or_,
  not_,
  attribute_exists,
  attribute_not_exists,
  attribute_type,
  begins_with,
  contains,
  // operands of updates only
  plus,
  minus,
  if_not_exists,
  list_append,
};

struct node {
  op what = op::path;
  dynamo::path where{};         // path
  json::value value{};          // value
  std::vector<node> args{};     // all others
  bool in_parentheses = false;  // for the parser alone
};

// "=", "BETWEEN", "size", …; the words of the grammar.
std::string_view spelling(op);
bool is_function(op);
// What is true or false, rather than an attribute's value.
bool is_boolean(op);

// Calls `visit` with every path in the tree.
template <class F>
void each_path(const node& n, F&& visit) {
  if (n.what == op::path) visit(n.where);
  for (const auto& arg : n.args) each_path(arg, visit);
}

}  // namespace mdlc::expr::dynamo
