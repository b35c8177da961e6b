// $map $filter $single $reduce $sort: functions that call functions.
#include <algorithm>
#include <cmath>

#include "expr/jsonata/evaluator.h"
#include "expr/jsonata/merge_sort.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

val position(size_t i) { return number(static_cast<double>(i)); }

val map(call& c) {
  const val all = c[0];
  if (all.is_nothing()) return {};
  list out(c.run.memory());
  for (size_t i = 0; i < all.size; ++i) {
    if (!c.run.spend(1)) return c.run.stopped();
    LET(v, c.run.apply_to_item(c[1], item(all, i), position(i), all, c.at));
    if (!v.is_nothing()) out.push(v);
  }
  return out.done(sequence);
}

val filter(call& c) {
  const val all = c[0];
  if (all.is_nothing()) return {};
  list out(c.run.memory());
  for (size_t i = 0; i < all.size; ++i) {
    if (!c.run.spend(1)) return c.run.stopped();
    const val it = item(all, i);
    LET(v, c.run.apply_to_item(c[1], it, position(i), all, c.at));
    bool yes = c.run.truth(v);
    if (c.run.failing()) return failure();
    if (yes) out.push(it);
  }
  return out.done(sequence);
}

val single(call& c) {
  const val all = c[0];
  if (all.is_nothing()) return {};
  bool found = false;
  val out;
  for (size_t i = 0; i < all.size; ++i) {
    if (!c.run.spend(1)) return c.run.stopped();
    const val it = item(all, i);
    bool yes = true;
    if (!c[1].is_nothing()) {
      LET(v, c.run.apply_to_item(c[1], it, position(i), all, c.at));
      yes = c.run.truth(v);
      if (c.run.failing()) return failure();
    }
    if (!yes) continue;
    if (found) return c.run.fail({.code = "D3138", .index = static_cast<int>(i)});
    found = true;
    out = it;
  }
  return found ? out : c.run.fail("D3139");
}

val reduce(call& c) {
  const val all = c[0];
  if (all.is_nothing()) return {};
  auto arity = static_cast<size_t>(std::max(0, evaluator::arity(c[1])));
  if (arity < 2) return c.run.fail({.code = "D3050", .index = 1});
  size_t i = 0;
  val out = c[2];
  if (out.is_nothing() && all.size > 0) out = item(all, i++);
  for (; i < all.size; ++i) {
    if (!c.run.spend(1)) return c.run.stopped();
    const val arguments[] = {out, item(all, i), position(i), all};
    out = c.run.apply(c[1], {arguments, std::min<size_t>(arity, 4)}, null_value(), c.at);
    if (out.failed()) return out;
  }
  return out;
}

// JavaScript's truth, which is what a comparison is asked for: an array is true, whatever it holds.
bool is_true(const val& v) {
  switch (v.what) {
    case kind::nothing:
    case kind::null:
      return false;
    case kind::boolean:
      return v.flag;
    case kind::number:
      return v.number() != 0 && !std::isnan(v.number());
    case kind::string:
      return v.size > 0;
    default:
      return true;
  }
}

val sort(call& c) {
  const val all = c[0];
  if (all.is_nothing() || all.size <= 1) return all;
  bool strings = true, numbers = true;
  if (!c.run.spend(all.size)) return c.run.stopped();
  std::vector<val> items(all.size);
  for (size_t i = 0; i < all.size; ++i) {
    items[i] = item(all, i);
    strings = strings && items[i].is_string();
    numbers = numbers && items[i].is_number();
  }
  if (c[1].is_nothing() && !strings && !numbers) return c.run.fail({.code = "D3070", .index = 1});
  bool failed = false;
  // Whether `b` has to stand before `a`, which is what the function is asked.
  auto swap = [&](const val& a, const val& b) {
    if (failed || !c.run.spend(1)) {
      failed = true;
      return false;
    }
    if (c[1].is_nothing()) {
      if (numbers) return a.number() > b.number();
      failed = !c.run.spend_bytes(std::min(a.size, b.size));
      return utf::compare(a.text(), b.text()) > 0;
    }
    const val arguments[] = {a, b};
    const val v = c.run.apply(c[1], arguments, null_value(), c.at);
    failed = v.failed();
    return !failed && is_true(v);
  };
  std::vector<val> spare(items.size());
  merge_sort(std::span{items}, std::span{spare}, swap, [&] { return failed; });
  if (failed) return c.run.stopped();
  list out(c.run.memory());
  out.reserve(items.size());
  for (const val& v : items) out.push(v);
  return out.done(0);
}

}  // namespace

std::span<const definition> higher_order_functions() {
  static const std::vector<definition> all{
      native_function("map", "<af>", 2, map),        native_function("filter", "<af>", 2, filter),
      native_function("single", "<af?>", 2, single), native_function("reduce", "<afj?:j>", 3, reduce),
      native_function("sort", "<af?:a>", 2, sort),
  };
  return all;
}

}  // namespace mdlc::expr::jsonata
