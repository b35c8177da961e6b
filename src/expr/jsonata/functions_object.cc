// $keys $lookup $spread $merge $sift $each $type $clone $boolean $not $error $assert $eval.
#include "expr/jsonata/evaluator.h"

namespace mdlc::expr::jsonata {
namespace {

bool collect_names(call& c, const val& of, object_node& seen, list& out) {
  if (of.is_array()) {
    for (size_t i = 0; i < of.size; ++i)
      if (!c.run.spend(1) || !collect_names(c, item(of, i), seen, out)) return false;
    return true;
  }
  if (!of.is_object()) return true;
  return for_each_member(of, [&](std::string_view name, const val&) {
    if (seen.find(name)) return c.run.spend(1);
    seen.set(c.run.memory(), name, {});
    out.push(string(name));
    return c.run.spend(1);
  });
}

val keys(call& c) {
  object_node seen;
  list out(c.run.memory());
  if (!collect_names(c, c[0], seen, out)) return c.run.stopped();
  return out.done(sequence);
}

val lookup(call& c) { return c[1].is_string() ? c.run.lookup(c[0], c[1].text()) : val{}; }

val spread_one(call& c, const val& of) {
  if (of.is_array()) {
    appended out(c.run.memory());
    out.add(empty_sequence());
    for (size_t i = 0; i < of.size; ++i) {
      if (!c.run.spend(1)) return c.run.stopped();
      LET(part, spread_one(c, item(of, i)));
      out.add(part);
    }
    return out.done();
  }
  if (!of.is_object()) return of;
  list out(c.run.memory());
  bool whole = for_each_member(of, [&](std::string_view name, const val& v) {
    auto* o = c.run.memory().make<object_node>();
    o->set(c.run.memory(), name, v);
    out.push(object_of(o));
    return c.run.spend(1);
  });
  return whole ? out.done(sequence) : c.run.stopped();
}
val spread(call& c) { return spread_one(c, c[0]); }

val merge(call& c) {
  const val all = c[0];
  if (all.is_nothing()) return {};
  auto* out = c.run.memory().make<object_node>();
  for (size_t i = 0; i < all.size; ++i) {
    const val part = item(all, i);
    if (!part.is_object()) continue;
    bool whole = for_each_member(part, [&](std::string_view name, const val& v) {
      out->set(c.run.memory(), name, v);
      return c.run.spend(1);
    });
    if (!whole) return c.run.stopped();
  }
  return object_of(out);
}

val each(call& c) {
  list out(c.run.memory());
  val failed;
  if (!c[0].is_object()) return empty_sequence();
  for_each_member(c[0], [&](std::string_view name, const val& v) {
    const val made = c.run.apply_to_item(c[1], v, string(name), c[0], c.at);
    if (made.failed()) failed = made;
    if (!made.is_nothing()) out.push(made);
    return !made.failed();
  });
  return failed.failed() ? failed : out.done(sequence);
}

val sift(call& c) {
  auto* out = c.run.memory().make<object_node>();
  if (!c[0].is_object()) return {};
  for_each_member(c[0], [&](std::string_view name, const val& v) {
    const val answer = c.run.apply_to_item(c[1], v, string(name), c[0], c.at);
    if (answer.failed()) return false;
    bool yes = c.run.truth(answer);
    if (c.run.failing()) return false;
    if (yes) out->set(c.run.memory(), name, v);
    return true;
  });
  if (c.run.failing()) return failure();
  return out->size ? object_of(out) : val{};
}

val type(call& c) {
  switch (c[0].what) {
    case kind::null:
      return string("null");
    case kind::boolean:
      return string("boolean");
    case kind::number:
      // What is no number by JSON's measure is an object by JavaScript's.
      return c.run.is_number(c[0]) ? string("number") : c.run.failing() ? failure() : string("object");
    case kind::string:
      return string("string");
    case kind::array:
      return string("array");
    case kind::function:
      return string("function");
    case kind::object:
      return string("object");
    default:
      return {};
  }
}

val clone(call& c) {
  const val v = c[0].is_array() && c[0].has(outer_wrapper) ? item(c[0], 0) : c[0];
  return v.is_nothing() ? v : c.run.copied(v, true);
}

val to_boolean(call& c) {
  if (c[0].is_nothing()) return {};
  bool yes = c.run.truth(c[0]);
  return c.run.failing() ? failure() : boolean(yes);
}

val negation(call& c) {
  const val v = to_boolean(c);
  return v.is(kind::boolean) ? boolean(!v.flag) : v;
}

std::string message_or(const val& v, std::string_view otherwise) {
  return std::string{v.is_string() && v.size ? v.text() : otherwise};
}

val raise(call& c) { return c.run.fail({.code = "D3137", .message = message_or(c[0], "$error() function evaluated")}); }

val assert_that(call& c) {
  if (c[0].is(kind::boolean) && c[0].flag) return {};
  return c.run.fail({.code = "D3141", .message = message_or(c[1], "$assert() statement failed")});
}

val evaluate(call& c) {
  if (c[0].is_nothing()) return {};
  val context = c.context;
  if (!c[1].is_nothing()) {
    context = c[1];
    if (context.is_array() && !context.has(sequence)) context = c.run.one(context, sequence | outer_wrapper);
  }
  return c.run.evaluate_text(c[0].text(), context, c.at);
}

}  // namespace

std::span<const definition> object_functions() {
  static const std::vector<definition> all{
      native_function("keys", "<x-:a<s>>", 1, keys),       native_function("lookup", "<x-s:x>", 2, lookup),
      native_function("spread", "<x-:a<o>>", 1, spread),   native_function("merge", "<a<o>:o>", 1, merge),
      native_function("each", "<o-f:a>", 2, each),         native_function("sift", "<o-f?:o>", 2, sift),
      native_function("type", "<x:s>", 1, type),           native_function("clone", "<(oa)-:o>", 1, clone),
      native_function("boolean", "<x-:b>", 1, to_boolean), native_function("not", "<x-:b>", 1, negation),
      native_function("error", "<s?:x>", 1, raise),        native_function("assert", "<bs?:x>", 2, assert_that),
      native_function("eval", "<sx?:x>", 2, evaluate),
  };
  return all;
}

}  // namespace mdlc::expr::jsonata
