#include <cmath>

#include "expr/jsonata/evaluator.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr double max_range = 1e7;  // JSONata's own bound

bool comparable(const val& v) { return v.is_nothing() || v.is_string() || v.is_number(); }

}  // namespace

val evaluator::fail_at(const node& n, fault f) {
  f.position = n.at;
  f.token = n.text;
  f.has_token = true;
  return fail(std::move(f));
}

bool evaluator::is_number(const val& v) {
  if (!v.is_number()) return false;
  double d = v.number();
  if (std::isinf(d)) fail("D1001", v);
  return std::isfinite(d);
}

bool evaluator::truth(const val& v) {
  switch (v.what) {
    case kind::boolean:
      return v.flag;
    case kind::string:
      return v.size > 0;
    case kind::number:
      return is_number(v) && v.number() != 0;
    case kind::object:
      return member_count(v) > 0;
    case kind::array:
      if (!spend(v.size)) {
        stopped();
        return false;
      }
      for (size_t i = 0; i < v.size && !failing(); ++i)
        if (truth(item(v, i))) return true;
      return false;
    default:
      return false;
  }
}

val evaluator::binary(const node& n, const val& input, frame* f) {
  LET(a, eval(*n.left, input, f));
  if (n.by == op::both || n.by == op::either) {
    bool left = truth(a);
    if (!failing() && left == (n.by == op::both)) {
      const val b = eval(*n.right, input, f);
      if (!b.failed()) left = truth(b);
    }
    if (!failing()) return boolean(left);
    // Whatever fails in here is shown at the operator.
    failure_->position = n.at;
    failure_->token = n.text;
    failure_->has_token = true;
    return failure();
  }
  LET(b, eval(*n.right, input, f));
  switch (n.by) {
    case op::add:
    case op::subtract:
    case op::multiply:
    case op::divide:
    case op::modulo:
      return arithmetic(n, a, b);
    case op::equal:
    case op::differ: {
      if (a.is_nothing() || b.is_nothing()) return boolean(false);
      bool is = equals(a, b);
      return failing() ? failure() : boolean(is == (n.by == op::equal));
    }
    case op::less:
    case op::at_most:
    case op::greater:
    case op::at_least:
      return comparison(n, a, b);
    case op::concat: {
      val v = concat(a, b);
      if (v.failed() && failure_->position < 0) {
        failure_->position = n.at;
        failure_->token = n.text;
        failure_->has_token = true;
      }
      return v;
    }
    case op::range:
      return range(n, a, b);
    default:
      return includes(a, b);
  }
}

val evaluator::arithmetic(const node& n, const val& a, const val& b) {
  for (const val* v : {&a, &b}) {
    if (v->is_nothing()) continue;
    if (v->is_number() && std::isfinite(v->number())) continue;
    if (v->is_number() && std::isinf(v->number())) return fail_at(n, {.code = "D1001", .value = shown(*v)});
    return fail_at(n, {.code = v == &a ? "T2001" : "T2002", .value = shown(*v)});
  }
  if (a.is_nothing() || b.is_nothing()) return {};
  double x = a.number(), y = b.number();
  switch (n.by) {
    case op::add:
      return number(x + y);
    case op::subtract:
      return number(x - y);
    case op::multiply:
      return number(x * y);
    case op::divide:
      return number(x / y);
    default:
      return number(std::fmod(x, y));
  }
}

val evaluator::comparison(const node& n, const val& a, const val& b) {
  if (!comparable(a) || !comparable(b))
    return fail_at(n, {.code = "T2010", .value = shown(a.is_string() || a.is_number() ? b : a)});
  if (a.is_nothing() || b.is_nothing()) return {};
  if (a.what != b.what) return fail_at(n, {.code = "T2009", .value = shown(a), .value2 = shown(b)});
  if (a.is_number()) {
    double x = a.number(), y = b.number();
    return boolean(n.by == op::less ? x < y : n.by == op::at_most ? x <= y : n.by == op::greater ? x > y : x >= y);
  }
  if (!spend_bytes(std::min(a.size, b.size))) return stopped();
  int order = utf::compare(a.text(), b.text());
  return boolean(n.by == op::less      ? order < 0
                 : n.by == op::at_most ? order <= 0
                 : n.by == op::greater ? order > 0
                                       : order >= 0);
}

val evaluator::range(const node& n, const val& a, const val& b) {
  auto is_integer = [](const val& v) {
    return v.is_number() && std::floor(v.number()) == v.number() && std::isfinite(v.number());
  };
  if (!a.is_nothing() && !is_integer(a)) return fail_at(n, {.code = "T2003", .value = shown(a)});
  if (!b.is_nothing() && !is_integer(b)) return fail_at(n, {.code = "T2004", .value = shown(b)});
  if (a.is_nothing() || b.is_nothing()) return {};
  double from = a.number(), to = b.number();
  if (from > to) return {};
  double size = to - from + 1;
  if (size > max_range) return fail_at(n, {.code = "D2014", .value = shown(number(size))});
  // Beyond what a double counts in ones there is no range.
  if (std::abs(from) > 9e15 || std::abs(to) > 9e15) return fail_at(n, {.code = "D2014", .value = shown(number(size))});
  return range_of(from, size, sequence);
}

val evaluator::includes(const val& a, const val& b) {
  if (a.is_nothing() || b.is_nothing()) return boolean(false);
  if (!b.is_array()) return boolean(same(a, b));
  if (!spend(a.is_string() ? b.size * (a.size / 64 + size_t{1}) : b.size)) return stopped();
  for (size_t i = 0; i < b.size; ++i)
    if (same(a, item(b, i))) return boolean(true);
  return boolean(false);
}

val evaluator::concat(const val& a, const val& b) {
  val x = string(""), y = string("");
  if (!a.is_nothing()) x = to_string(a, false);
  if (x.failed()) return x;
  if (!b.is_nothing()) y = to_string(b, false);
  if (y.failed() || x.size == 0) return y;
  if (y.size == 0) return x;
  if (!spend_bytes(x.size + size_t{y.size})) return stopped();
  text out(memory_);
  out.append(x.text());
  out.append(y.text());
  return out.done();
}

val evaluator::negate(const node& n, const val& input, frame* f) {
  LET(v, eval(*n.left, input, f));
  if (v.is_nothing()) return {};
  if (is_number(v)) return number(-v.number());
  if (failing()) return failure();
  return fail_at(n, {.code = "D1002", .value = shown(v)});
}

val evaluator::array(const node& n, const val& input, frame* f) {
  list out(memory_);
  // [1..1000000] need not be written out.
  bool alone = n.items.size() == 1;
  for (const node* part : n.items) {
    LET(v, eval(*part, input, f));
    if (v.is_nothing()) continue;
    if (part->what == node_kind::array || !v.is_array()) {
      out.push(v);
      continue;
    }
    if (alone) return v.marked(n.cons_array ? cons : 0);
    if (!spend(v.size / 4)) return stopped();
    out.push_all(v);
  }
  return out.done(n.cons_array ? cons : 0);
}

val evaluator::append(const val& a, const val& b) {
  if (a.is_array() && b.is_array() && !spend((size_t{a.size} + b.size) / 4)) return stopped();
  appended out(memory_);
  out.add(a);
  out.add(b);
  return out.done();
}

bool evaluator::equals(const val& a, const val& b) {
  if (a.what != b.what) return false;
  if (a.is_string() && a.size == b.size && !spend_bytes(a.size)) stopped();
  if (same(a, b)) return true;
  if (a.is_array()) {
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; ++i) {
      if (!spend(1)) stopped();
      if (failing() || !equals(item(a, i), item(b, i))) return false;
    }
    return true;
  }
  if (!a.is_object() || member_count(a) != member_count(b)) return false;
  return for_each_member(a, [&](std::string_view name, const val& mine) {
    if (!spend(1)) stopped();
    if (failing()) return false;
    val theirs = find(b, name);
    return !theirs.is_nothing() && equals(mine, theirs);
  });
}

}  // namespace mdlc::expr::jsonata
