// Navigation: steps, tests, wildcards, order.
#include <algorithm>
#include <cmath>

#include "expr/jsonata/evaluator.h"
#include "expr/jsonata/merge_sort.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {

val evaluator::lookup(const val& in, std::string_view name) {
  if (in.is_object()) return find(in, name);
  if (!in.is_array()) return {};
  if (!spend(in.size)) return stopped();
  list out(memory_);
  for (size_t i = 0; i < in.size; ++i) {
    LET(v, lookup(item(in, i), name));
    if (v.is_array()) {
      if (!spend(v.size)) return stopped();
      out.push_all(v);
    } else if (!v.is_nothing()) {
      out.push(v);
    }
  }
  return out.done(sequence);
}

val evaluator::path(const node& n, const val& input, frame* f) {
  const auto& steps = n.items;
  // A path that begins with a variable starts there, not at the items of the context.
  flow at{input, !input.is_array() || steps[0]->what == node_kind::variable};
  for (size_t i = 0; i < steps.size(); ++i) {
    const node& s = *steps[i];
    if (i == 0 && s.cons_array) {
      LET(v, eval(s, at.one ? one(at.v, sequence) : at.v, f));
      at = {v, !v.is_array()};
      if (v.is_nothing()) at = {empty_sequence(), false};
    } else if (s.tuple) {
      return tuples(n, i, at, f);
    } else {
      at = step(s, at, f, i + 1 == steps.size());
      if (at.failed()) return at.v;
    }
    if (!at.one && at.v.size == 0) break;
  }
  return finished(n, at, f);
}

val evaluator::finished(const node& n, flow at, frame* f) {
  if (n.keep_singleton || n.keep_array) {
    // An array that was made as such becomes the one item of a sequence.
    if (at.one || (at.v.has(cons) && !at.v.has(sequence))) at = {one(at.v, sequence), false};
    at.v.marks |= keep_singleton;
  }
  return n.has_group() ? group(*n.more->group, at.v, f, false) : at.v;
}

evaluator::flow evaluator::step(const node& s, const flow& in, frame* f, bool last) {
  if (s.what == node_kind::sort) {
    val v = sorted(s, in.one ? one(in.v, sequence) : in.v, f, false);
    if (s.more)
      for (const stage& t : s.more->stages)
        if (!v.failed() && t.test) v = filter(*t.test, v, f, false);
    return {v, !v.is_array()};
  }
  size_t count = in.one ? 1 : in.v.size;
  list out(memory_);
  val first;
  bool many = false;
  auto flatten_into = [&](const val& v) {
    if (v.is_array() && !v.has(cons))
      out.push_all(v);
    else
      out.push(v);
  };
  for (size_t i = 0; i < count; ++i) {
    val v = step_item(s, in.one ? in.v : item(in.v, i), f);
    if (v.failed()) return {v, true};
    if (v.is_nothing()) continue;
    if (v.is_array() && v.size > 16 && !spend(v.size)) return {stopped(), true};
    if (first.is_nothing() && !many) {
      first = v;
      continue;
    }
    if (!many) {
      flatten_into(first);
      many = true;
    }
    flatten_into(v);
  }
  if (many) return {out.done(sequence), false};
  if (first.is_nothing()) return {empty_sequence(), false};
  if (!first.is_array()) return {first, true};
  if (last && !first.has(sequence)) return {first, false};
  if (first.has(cons)) return {first, true};
  return {first.marked(sequence), false};
}

val evaluator::step_item(const node& s, const val& from, frame* f) {
  val v;
  if (s.what == node_kind::name && !from.is_array() && !s.keep_array && !s.has_predicates()) {
    if (!spend(1)) return stopped();
    if (from.is_object()) v = find(from, s.text);
  } else {
    v = eval(s, from, f);
  }
  if (s.more && !v.failed())
    for (const stage& t : s.more->stages) {
      v = filter(*t.test, v, f, false);
      if (v.failed()) break;
    }
  return v;
}

// What a test that gives numbers keeps: the item if its place is among them.
bool evaluator::keep_by_place(const val& places, size_t size, size_t at, list& kept, const val& it) {
  size_t n = places.is_array() ? places.size : 1;
  for (size_t i = 0; i < n; ++i) {
    double place = std::floor(places.is_array() ? item(places, i).number() : places.number());
    if (place < 0) place += static_cast<double>(size);
    if (place == static_cast<double>(at)) kept.push(it);
  }
  return spend(n);
}

val evaluator::filter(const node& test, val input, frame* f, bool in_tuples) {
  bool stream = input.is_array() && input.has(tuple_stream);
  uint8_t marks = stream ? sequence | tuple_stream : sequence;
  if (!input.is_array()) input = one(input, sequence);
  if (test.what == node_kind::literal && test.literal.is_number() && !test.more) {
    double place = std::floor(test.literal.number());
    if (place < 0) place += input.size;
    if (!(place >= 0 && place < input.size)) return empty_sequence().marked(marks);
    val v = item(input, static_cast<size_t>(place));
    if (v.is_nothing()) return empty_sequence();
    return v.is_array() ? v : one(v, marks);
  }
  list kept(memory_);
  for (size_t i = 0; i < input.size; ++i) {
    val it = item(input, i);
    frame* at = in_tuples ? tuple_frame(it, f) : f;
    LET(v, eval(test, stream ? it.tuple->context : it, at));
    bool numbers = v.is_number();
    if (v.is_array()) {
      if (!spend(v.size)) return stopped();
      numbers = true;
      if (v.held != form::range)
        for (size_t k = 0; k < v.size && numbers; ++k) numbers = item(v, k).is_number();
    }
    if (numbers) {
      if (v.is_number() && !is_number(v)) return failure();
      if (!keep_by_place(v, input.size, i, kept, it)) return stopped();
    } else {
      bool yes = truth(v);
      if (failing()) return failure();
      if (yes) kept.push(it);
    }
  }
  return kept.done(marks);
}

val evaluator::wildcard(const val& input) {
  val in = input.is_array() && input.has(outer_wrapper) ? item(input, 0) : input;
  list out(memory_);
  // As soon as an array has been put behind what is there, the result is no sequence any more.
  bool plain = false;
  auto take = [&](const val& v) {
    if (!v.is_array()) {
      out.push(v);
      return spend(1);
    }
    plain = true;
    return flatten(v, out);
  };
  bool whole = true;
  if (in.is_object()) whole = for_each_member(in, [&](std::string_view, const val& v) { return take(v); });
  if (in.is_array())
    for (size_t i = 0; i < in.size && whole; ++i) whole = take(item(in, i));
  if (!whole) return stopped();
  return out.done(plain ? 0 : sequence);
}

bool evaluator::flatten(const val& v, list& out) {
  if (!spend(1)) return false;
  if (!v.is_array()) {
    out.push(v);
    return true;
  }
  for (size_t i = 0; i < v.size; ++i)
    if (!flatten(item(v, i), out)) return false;
  return true;
}

val evaluator::descendants(const val& input) {
  if (input.is_nothing()) return {};
  list out(memory_);
  if (!descend(input, out)) return stopped();
  return out.size() == 1 ? out.items()[0] : out.done(sequence);
}

bool evaluator::descend(const val& v, list& out) {
  if (!spend(1)) return false;
  if (v.is_array()) {
    for (size_t i = 0; i < v.size; ++i)
      if (!descend(item(v, i), out)) return false;
    return true;
  }
  out.push(v);
  if (!v.is_object()) return true;
  return for_each_member(v, [&](std::string_view, const val& member) { return descend(member, out); });
}

namespace {

// The items of an order-by with the terms that have been evaluated so far.
struct sorting {
  std::vector<val> keys;      // a row an item
  std::vector<char> present;  // which of them are there
  bool failed = false;
};

}  // namespace

val evaluator::sorted(const node& n, const val& items, frame* f, bool in_tuples) {
  if (items.size <= 1) return items;
  size_t terms = n.items.size();
  if (!spend(items.size * (terms + 1))) return stopped();
  bool stream = items.has(tuple_stream);
  sorting s;
  s.keys.resize(items.size * terms);
  s.present.resize(items.size * terms);
  auto key = [&](size_t i, size_t term) {
    val& k = s.keys[i * terms + term];
    if (!s.present[i * terms + term]) {
      val it = item(items, i);
      k = eval(*n.items[term]->left, stream ? it.tuple->context : it, in_tuples ? tuple_frame(it, f) : f);
      s.present[i * terms + term] = 1;
    }
    return k;
  };
  auto wrong = [&](const char* code, const val& a, const val& b) {
    fail({.code = code, .position = n.at, .value = shown(a), .value2 = shown(b)});
    s.failed = true;
    return false;
  };
  auto swap = [&](size_t i, size_t j) {
    for (size_t t = 0; t < terms && !s.failed; ++t) {
      const val a = key(i, t), b = key(j, t);
      if (a.failed() || b.failed() || !spend(1)) {
        s.failed = true;
        return false;
      }
      if (a.is_nothing() && b.is_nothing()) continue;
      // What is nothing comes last, whichever way the term sorts.
      if (a.is_nothing() || b.is_nothing()) return a.is_nothing();
      for (const val& v : {a, b})
        if (!v.is_string() && !v.is_number()) return wrong("T2008", v, v);
      if (a.what != b.what) return wrong("T2007", a, b);
      int order = 0;
      if (a.is_string())
        order = utf::compare(a.text(), b.text());
      else
        order = a.number() < b.number() ? -1 : a.number() > b.number() ? 1 : 0;
      if (order) return (n.items[t]->descending ? -order : order) > 0;
    }
    return false;
  };
  std::vector<size_t> places(items.size), spare(items.size);
  for (size_t i = 0; i < places.size(); ++i) places[i] = i;
  merge_sort(std::span{places}, std::span{spare}, swap, [&] { return s.failed; });
  if (s.failed || failing()) return stopped();
  list out(memory_);
  out.reserve(items.size);
  for (size_t i : places) out.push(item(items, i));
  return out.done(stream ? sequence | tuple_stream : 0);
}

}  // namespace mdlc::expr::jsonata
