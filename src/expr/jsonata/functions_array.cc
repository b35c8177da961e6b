// $append $count $distinct $reverse $shuffle $zip, and those on arrays of numbers.
#include <cmath>
#include <unordered_set>

#include "expr/jsonata/evaluator.h"

namespace mdlc::expr::jsonata {
namespace {

// The work of a function that goes through an array once.
#define PASS_OVER(array) \
  if (!c.run.spend((array).size / 4 + 1)) return c.run.stopped()

val sum(call& c) {
  const val all = c[0];
  if (all.is_nothing()) return {};
  PASS_OVER(all);
  double out = 0;
  for (size_t i = 0; i < all.size; ++i) out += item(all, i).number();
  return number(out);
}

val count(call& c) { return number(c[0].is_nothing() ? 0 : c[0].size); }

val extreme(call& c, bool largest) {
  const val all = c[0];
  if (all.is_nothing() || all.size == 0) return {};
  PASS_OVER(all);
  double out = item(all, 0).number();
  for (size_t i = 1; i < all.size; ++i) {
    double d = item(all, i).number();
    if (std::isnan(d) || (largest ? d > out : d < out)) out = d;
    if (std::isnan(out)) break;
  }
  return number(out);
}
val max(call& c) { return extreme(c, true); }
val min(call& c) { return extreme(c, false); }

val average(call& c) {
  const val total = sum(c);
  return total.is_nothing() || total.failed() || c[0].size == 0 ? (total.failed() ? total : val{})
                                                                : number(total.number() / c[0].size);
}

val append(call& c) { return c.run.append(c[0], c[1]); }

val reverse(call& c) {
  const val all = c[0];
  if (all.is_nothing() || all.size <= 1) return all;
  PASS_OVER(all);
  list out(c.run.memory());
  out.reserve(all.size);
  for (size_t i = all.size; i-- > 0;) out.push(item(all, i));
  return out.done(0);
}

// Fisher and Yates, inside out.
val shuffle(call& c) {
  const val all = c[0];
  if (all.is_nothing() || all.size <= 1) return all;
  PASS_OVER(all);
  list out(c.run.memory());
  out.push_all(all);
  if (out.size() != all.size) return c.run.stopped();
  for (size_t i = 0; i < all.size; ++i) {
    auto j = static_cast<size_t>(c.run.random() * static_cast<double>(i + 1));
    out.items()[i] = out.items()[j];
    out.items()[j] = item(all, i);
  }
  return out.done(0);
}

// Scalars are looked up; arrays and objects are compared with each other.
struct hash_of_scalar {
  size_t operator()(const val& v) const {
    if (v.is_string()) return std::hash<std::string_view>{}(v.text());
    if (v.is_number()) return std::hash<double>{}(v.number());
    return static_cast<size_t>(v.what) * 2 + (v.is(kind::boolean) && v.flag);
  }
};
struct equal_scalars {
  bool operator()(const val& a, const val& b) const { return same(a, b); }
};

val distinct(call& c) {
  const val all = c[0];
  if (!all.is_array() || all.size <= 1) return all;
  list out(c.run.memory());
  std::unordered_set<val, hash_of_scalar, equal_scalars> scalars;
  std::vector<val> others;
  for (size_t i = 0; i < all.size; ++i) {
    const val v = item(all, i);
    if (!c.run.spend(2) || (v.is_string() && !c.run.spend_bytes(v.size))) return c.run.stopped();
    if (!v.is_array() && !v.is_object() && !v.is_function()) {
      if (scalars.insert(v).second) out.push(v);
      continue;
    }
    bool known = false;
    for (size_t k = 0; k < others.size() && !known; ++k) {
      if (!c.run.spend(1)) return c.run.stopped();
      known = c.run.equals(v, others[k]);
      if (c.run.failing()) return failure();
    }
    if (known) continue;
    others.push_back(v);
    out.push(v);
  }
  return out.done(all.has(sequence) ? sequence : 0);
}

val zip(call& c) {
  size_t length = c.arguments.empty() ? 0 : SIZE_MAX;
  for (const val& v : c.arguments) length = std::min<size_t>(length, v.is_array() ? v.size : 0);
  list out(c.run.memory());
  for (size_t i = 0; i < length; ++i) {
    if (!c.run.spend(c.arguments.size())) return c.run.stopped();
    list row(c.run.memory());
    for (const val& v : c.arguments) row.push(item(v, i));
    out.push(row.done(0));
  }
  return out.done(0);
}

val exists(call& c) { return boolean(!c[0].is_nothing()); }

}  // namespace

std::span<const definition> array_functions() {
  static const std::vector<definition> all{
      native_function("sum", "<a<n>:n>", 1, sum),         native_function("count", "<a:n>", 1, count),
      native_function("max", "<a<n>:n>", 1, max),         native_function("min", "<a<n>:n>", 1, min),
      native_function("average", "<a<n>:n>", 1, average), native_function("append", "<xx:a>", 2, append),
      native_function("reverse", "<a:a>", 1, reverse),    native_function("shuffle", "<a:a>", 1, shuffle),
      native_function("distinct", "<x:x>", 1, distinct),  native_function("zip", "<a+>", 0, zip),
      native_function("exists", "<x:b>", 1, exists),
  };
  return all;
}

}  // namespace mdlc::expr::jsonata
