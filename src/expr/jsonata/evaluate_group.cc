// Objects: { name: value } as a constructor and as the grouping of a path's items.
#include "expr/jsonata/evaluator.h"

namespace mdlc::expr::jsonata {
namespace {

struct gathering {
  std::string_view name;
  size_t pair;
  appended data;
};

}  // namespace

val evaluator::group(const node& n, const val& input, frame* f, bool in_tuples) {
  if (!input.is_array() && !input.is(kind::tuple))
    return single_object(n, input, in_tuples ? tuple_frame(input, f) : f);
  val items = input;
  bool stream = items.has(tuple_stream);
  // Of no items an object is made all the same.
  if (items.size == 0 && !stream) items = one({}, sequence);
  object_node places;  // name → index into `groups`
  std::vector<gathering> groups;
  for (size_t i = 0; i < items.size; ++i) {
    const val it = item(items, i);
    const val context = stream ? it.tuple->context : it;
    frame* at = in_tuples ? tuple_frame(it, f) : f;
    for (size_t pair = 0; pair < n.items.size() / 2; ++pair) {
      LET(name, eval(*n.items[pair * 2], context, at));
      if (name.is_nothing()) continue;
      if (!name.is_string()) return fail({.code = "T1003", .position = n.at, .value = shown(name)});
      val* there = places.find(name.text());
      if (!there) {
        places.set(memory_, name.text(), number(static_cast<double>(groups.size())));
        groups.push_back({name.text(), pair, appended(memory_)});
        groups.back().data.add(it);
        continue;
      }
      auto& known = groups[static_cast<size_t>(there->number())];
      if (known.pair != pair) return fail({.code = "D1009", .position = n.at, .value = shown(name)});
      if (it.is_array() && !spend(it.size)) return stopped();
      known.data.add(it);
    }
  }
  auto* out = memory_.make<object_node>();
  for (const auto& g : groups) {
    val data = g.data.done();
    frame* at = f;
    if (in_tuples) {
      val merged = stream ? reduced(data) : data;
      if (merged.failed()) return merged;
      at = tuple_frame(merged, f);
      data = stream ? merged.tuple->context : data;
    }
    LET(v, eval(*n.items[g.pair * 2 + 1], data, at));
    if (!v.is_nothing()) out->set(memory_, g.name, v);
  }
  return object_of(out);
}

// What nearly every constructor is: of one item, with names of its own.
val evaluator::single_object(const node& n, const val& input, frame* f) {
  size_t pairs = n.items.size() / 2;
  auto* out = memory_.make<object_node>();
  std::vector<std::pair<std::string_view, size_t>> names;
  names.reserve(pairs);
  for (size_t i = 0; i < pairs; ++i) {
    LET(name, eval(*n.items[i * 2], input, f));
    if (name.is_nothing()) continue;
    if (!name.is_string()) return fail({.code = "T1003", .position = n.at, .value = shown(name)});
    if (out->find(name.text())) return fail({.code = "D1009", .position = n.at, .value = shown(name)});
    out->set(memory_, name.text(), {});
    names.emplace_back(name.text(), i);
  }
  bool gaps = false;
  for (auto [name, i] : names) {
    LET(v, eval(*n.items[i * 2 + 1], input, f));
    gaps = gaps || v.is_nothing();
    out->set(memory_, name, v);
  }
  if (gaps) {
    auto* full = memory_.make<object_node>();
    for (uint32_t i = 0; i < out->size; ++i)
      if (!out->members[i].value.is_nothing()) full->set(memory_, out->members[i].name, out->members[i].value);
    out = full;
  }
  return object_of(out);
}

}  // namespace mdlc::expr::jsonata
