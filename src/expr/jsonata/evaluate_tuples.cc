// Paths that bind what they pass by: @, # and %. Their items are tuples of a context and the bindings.
#include <algorithm>
#include <cstring>
#include <vector>

#include "expr/jsonata/evaluator.h"

namespace mdlc::expr::jsonata {
namespace {

val tuple_val(tuple_node* t) {
  val out = make(kind::tuple);
  out.tuple = t;
  return out;
}

void put(tuple_node* t, const std::string* name, const val& v) {
  if (val* there = t->find(name))
    *there = v;
  else
    t->bindings[t->size++] = {name, v};
}

}  // namespace

tuple_node* evaluator::extended(const tuple_node* from, size_t more) {
  auto* out = memory_.make<tuple_node>();
  size_t room = (from ? from->size : 0) + more;
  out->bindings = static_cast<tuple_node::binding*>(memory_.allocate(room * sizeof(tuple_node::binding)));
  if (from) {
    out->context = from->context;
    out->size = from->size;
    if (from->size)
      std::memcpy(static_cast<void*>(out->bindings), from->bindings, from->size * sizeof(*from->bindings));
  }
  return out;
}

frame* evaluator::tuple_frame(const val& it, frame* up) {
  auto* out = memory_.make<frame>();
  out->up = up;
  out->base = up->base;
  out->tuple = it.is(kind::tuple) ? it.tuple : nullptr;
  return out;
}

val evaluator::contexts(const val& all) {
  list out(memory_);
  if (!spend(all.size)) return stopped();
  for (size_t i = 0; i < all.size; ++i) {
    const val it = item(all, i);
    out.push(it.is(kind::tuple) ? it.tuple->context : it);
  }
  val v = out.done(sequence);
  if (v.size == 0) return {};
  return v.size == 1 ? item(v, 0) : v;
}

val evaluator::tuples(const node& n, size_t from, const flow& in, frame* f) {
  val stream = in.one ? one(in.v, sequence) : in.v;
  bool started = false;
  for (size_t i = from; i < n.items.size(); ++i) {
    stream = tuple_step(*n.items[i], stream, started, f);
    if (stream.failed()) return stream;
    started = true;
  }
  val out = stream;
  if (!n.tuple) {
    list contexts_only(memory_);
    if (!spend(stream.size)) return stopped();
    for (size_t i = 0; i < stream.size; ++i) contexts_only.push(item(stream, i).tuple->context);
    out = contexts_only.done(sequence);
  }
  if (n.keep_singleton) out.marks |= keep_singleton;
  return n.has_group() ? group(*n.more->group, stream, f, true) : out;
}

val evaluator::tuple_step(const node& s, const val& in, bool started, frame* f) {
  list out(memory_);
  const auto* d = s.more.get();
  if (s.what == node_kind::sort) {
    LET(order, sorted(s, in, f, true));
    if (started) {
      out.push_all(order);
    } else {
      for (size_t i = 0; i < order.size; ++i) {
        auto* t = extended(nullptr, 1);
        t->context = item(order, i);
        if (d && d->index) put(t, d->index, number(static_cast<double>(i)));
        out.push(tuple_val(t));
      }
    }
  } else {
    for (size_t i = 0; i < in.size; ++i) {
      val start = item(in, i);
      if (!started) {
        auto* t = extended(nullptr, 0);
        t->context = start;
        start = tuple_val(t);
      }
      const tuple_node* before = start.tuple;
      val v = eval_raw(s, before->context, tuple_frame(start, f));
      if (v.failed()) return v;
      if (v.is_nothing()) continue;
      bool stream = v.is_array() && v.has(tuple_stream);
      size_t count = v.is_array() ? v.size : 1;
      if (!spend(count)) return stopped();
      for (size_t k = 0; k < count; ++k) {
        const val it = v.is_array() ? item(v, k) : v;
        auto* t = extended(before, stream ? it.tuple->size : 3);
        if (stream) {
          t->context = it.tuple->context;
          for (uint32_t b = 0; b < it.tuple->size; ++b) put(t, it.tuple->bindings[b].name, it.tuple->bindings[b].value);
        } else {
          if (d && d->focus)
            put(t, d->focus, it);
          else
            t->context = it;
          if (d && d->index) put(t, d->index, number(static_cast<double>(k)));
          if (d && d->ancestor) put(t, d->ancestor->label, before->context);
        }
        out.push(tuple_val(t));
      }
    }
  }
  val stream = out.done(sequence | tuple_stream);
  if (d)
    for (const stage& st : d->stages) {
      stream = st.test ? filter(*st.test, stream, f, true) : number_tuples(stream, st.index);
      if (stream.failed()) return stream;
    }
  return stream;
}

val evaluator::number_tuples(const val& all, const std::string* name) {
  list out(memory_);
  if (!spend(all.size)) return stopped();
  for (size_t i = 0; i < all.size; ++i) {
    auto* t = extended(item(all, i).tuple, 1);
    put(t, name, number(static_cast<double>(i)));
    out.push(tuple_val(t));
  }
  return out.done(sequence | tuple_stream);
}

// The tuples of one group as one: what they bind, one behind the other.
val evaluator::reduced(const val& all) {
  if (all.is(kind::tuple)) return all;
  appended context(memory_);
  std::vector<std::pair<const std::string*, appended>> bindings;
  for (size_t i = 0; i < all.size; ++i) {
    const tuple_node* t = item(all, i).tuple;
    context.add(t->context);
    for (uint32_t b = 0; b < t->size; ++b) {
      auto is_it = [&](const auto& known) { return known.first == t->bindings[b].name; };
      auto there = std::find_if(bindings.begin(), bindings.end(), is_it);
      if (there == bindings.end()) there = bindings.insert(there, {t->bindings[b].name, appended(memory_)});
      there->second.add(t->bindings[b].value);
    }
    if (!spend(t->size + 1)) return stopped();
  }
  auto* out = extended(nullptr, bindings.size());
  out->context = context.done();
  for (const auto& [name, values] : bindings) put(out, name, values.done());
  return tuple_val(out);
}

}  // namespace mdlc::expr::jsonata
