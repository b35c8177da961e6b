// Values as text, as JSON, and copied.
#include <cmath>

#include "expr/jsonata/evaluator.h"
#include "expr/jsonata/number.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr size_t shown_bytes = 16 * 1024;  // of a value in an error

std::string number_text(const val& v) {
  if (v.held == form::integer) return std::to_string(v.first);
  double d = v.number();
  return to_text(std::floor(d) == d ? d : to_15_digits(d));
}

void new_line(std::string& out, size_t level) {
  out += '\n';
  out.append(level * 2, ' ');
}

}  // namespace

val evaluator::to_string(const val& v, bool pretty) {
  if (v.is_string() || v.is_nothing()) return v;
  if (v.is_function()) return string("");
  if (v.is_number() && !std::isfinite(v.number())) return fail("D3001", v);
  if (v.is(kind::boolean)) return string(v.flag ? "true" : "false");
  if (v.is(kind::null)) return string("null");
  std::string out;
  const val shown = v.is_array() && v.has(outer_wrapper) ? item(v, 0) : v;
  if (!write_json(shown, out, pretty, 0)) return stopped();
  auto kept = memory_.keep(out);
  return memory_.exhausted() ? stopped() : string(kept);
}

bool evaluator::write_json(const val& v, std::string& out, bool pretty, size_t level) {
  if (!spend(1)) return false;
  if (out.size() > given_.bounds.memory_bytes) {
    fail({.code = "D0903", .value = json::value(given_.bounds.memory_bytes)});
    return false;
  }
  switch (v.what) {
    case kind::boolean:
      out += v.flag ? "true" : "false";
      return true;
    case kind::number:
      if (std::isnan(v.number())) {
        out += "null";
        return true;
      }
      if (!is_number(v)) return false;
      out += number_text(v);
      return true;
    case kind::string:
      if (!spend_bytes(v.size)) return false;
      append_json_string(out, v.text());
      return true;
    case kind::function:
      out += "\"\"";
      return true;
    case kind::array:
    case kind::object:
      return write_members(v, out, pretty, level);
    case kind::tuple:
      return write_json(v.tuple->context, out, pretty, level);
    default:
      out += "null";
      return true;
  }
}

bool evaluator::write_members(const val& v, std::string& out, bool pretty, size_t level) {
  bool array = v.is_array(), first = true;
  out += array ? '[' : '{';
  auto separate = [&] {
    if (!first) out += ',';
    first = false;
    if (pretty) new_line(out, level + 1);
  };
  if (array) {
    for (size_t i = 0; i < v.size; ++i) {
      separate();
      if (!write_json(item(v, i), out, pretty, level + 1)) return false;
    }
  } else {
    bool whole = for_each_member(v, [&](std::string_view name, const val& member) {
      separate();
      append_json_string(out, name);
      out += pretty ? ": " : ":";
      return write_json(member, out, pretty, level + 1);
    });
    if (!whole) return false;
  }
  if (pretty && !first) new_line(out, level);
  out += array ? ']' : '}';
  return true;
}

bool evaluator::to_json(const val& v, json::value& out) {
  size_t room = given_.bounds.memory_bytes;
  if (copy_out(v, out, room)) return true;
  if (!failing() && room == 0) fail({.code = "D0903", .value = json::value(given_.bounds.memory_bytes)});
  return false;
}

std::optional<json::value> evaluator::shown(const val& v) {
  if (v.is_nothing()) return std::nullopt;
  if (v.is_number() && !std::isfinite(v.number())) return json::value(nullptr);
  json::value out;
  size_t room = shown_bytes;
  auto failing_before = failure_;
  bool whole = copy_out(v, out, room);
  failure_ = std::move(failing_before);
  if (!whole) return json_text("\u2026");
  return out;
}

bool evaluator::copy_out(const val& v, json::value& out, size_t& room) {
  size_t bytes = sizeof(json::value) + (v.is_string() ? v.size : 0);
  if (bytes > room) {
    room = 0;
    return false;
  }
  room -= bytes;
  if (!spend(1)) return false;
  switch (v.what) {
    case kind::boolean:
      out = v.flag;
      return true;
    case kind::number: {
      double d = v.number();
      if (v.held == form::integer)
        out = v.first;
      else if (std::floor(d) == d && std::abs(d) <= 0x1p53)
        out = static_cast<int64_t>(d);
      else
        out = d;
      return std::isnan(d) || is_number(v);
    }
    case kind::string:
      // What JSON cannot carry, a half of a surrogate pair, becomes the sign for it.
      if (utf::has_lone_surrogate(v.text()))
        out = json_text(utf::without_lone_surrogates(v.text()));
      else
        out = json_text(v.text());
      return true;
    case kind::function:
      out = json::string();
      return true;
    case kind::tuple:
      return copy_out(v.tuple->context, out, room);
    case kind::array: {
      auto& items = out.emplace_array();
      items.reserve(std::min<size_t>(v.size, room / sizeof(json::value)));
      for (size_t i = 0; i < v.size; ++i)
        if (!copy_out(item(v, i), items.emplace_back(nullptr), room)) return false;
      return true;
    }
    case kind::object: {
      auto& members = out.emplace_object();
      return for_each_member(v, [&](std::string_view name, const val& member) {
        size_t more = sizeof(json::object::value_type) + name.size();
        room = room > more ? room - more : 0;
        return copy_out(member, members[{name.data(), name.size()}], room);
      });
    }
    default:
      out = nullptr;
      return true;
  }
}

val evaluator::copied(const val& v, bool as_json) {
  if (!spend(1)) return stopped();
  if (!as_json && (v.held == form::view || !(v.is_array() || v.is_object()))) return v;
  if (v.is_function()) return string("");
  if (v.is(kind::tuple)) return copied(v.tuple->context, as_json);
  if (v.is_number() && v.held != form::integer && !std::isnan(v.number())) {
    if (!is_number(v)) return failure();
    return std::floor(v.number()) == v.number() ? v : number(to_15_digits(v.number()));
  }
  if (v.is_array()) {
    list out(memory_);
    out.reserve(v.size);
    for (size_t i = 0; i < v.size; ++i) {
      LET(it, copied(item(v, i), as_json));
      out.push(it);
    }
    return out.done(0);
  }
  if (!v.is_object()) return v;
  auto* out = memory_.make<object_node>();
  val failed;
  for_each_member(v, [&](std::string_view name, const val& member) {
    const val c = copied(member, as_json);
    if (c.failed()) {
      failed = c;
      return false;
    }
    out->set(memory_, name, c);
    return true;
  });
  return failed.failed() ? failed : object_of(out);
}

// |pattern|update,delete|: on a copy, what the pattern finds is changed where it stands.
val evaluator::transform(const node& n, const val& of, frame* home, frame* f) {
  if (of.is_nothing()) return {};
  LET(cloner, named("clone", home));
  if (!cloner.is_function()) return fail({.code = "T2013", .position = n.at});
  const auto& maker = *cloner.function;
  bool ours = maker.what == function_node::kind::native && maker.body == library::standard().find("clone");
  const val clone = ours ? of : apply(cloner, {&of, 1}, null_value(), f);
  if (clone.failed()) return clone;
  // Whatever it may be that somebody calls $clone: only a copy of our own is changed.
  LET(out, copied(clone, true));
  if (out.depth > max_value_depth) return fail({.code = "D0904", .value = json::value(max_value_depth)});
  LET(found, eval(*n.left, out, home));
  if (found.is_nothing()) return out;
  size_t count = found.is_array() ? found.size : 1;
  for (size_t i = 0; i < count; ++i) {
    LET(done, change(n, found.is_array() ? item(found, i) : found, home));
  }
  return out;
}

val evaluator::change(const node& n, const val& match, frame* home) {
  object_node* place = match.is_object() && match.held == form::own ? match.object : nullptr;
  LET(update, eval(*n.right, match, home));
  if (!update.is_nothing()) {
    if (!update.is_object()) return fail({.code = "T2011", .position = n.right->at, .value = shown(update)});
    val failed;
    for_each_member(update, [&](std::string_view name, const val& v) {
      // A copy, so that nothing comes to contain itself.
      const val mine = copied(v, false);
      if (mine.failed()) failed = mine;
      if (place && !mine.failed()) place->set(memory_, name, mine);
      return !mine.failed();
    });
    if (failed.failed()) return failed;
  }
  if (!n.third) return {};
  LET(names, eval(*n.third, match, home));
  if (names.is_nothing()) return {};
  size_t count = names.is_array() ? names.size : 1;
  for (size_t i = 0; i < count; ++i) {
    const val name = names.is_array() ? item(names, i) : names;
    if (!name.is_string()) return fail({.code = "T2012", .position = n.third->at, .value = shown(names)});
  }
  if (place && !spend(count * place->size)) return stopped();
  for (size_t i = 0; place && i < count; ++i) place->remove((names.is_array() ? item(names, i) : names).text());
  return {};
}

}  // namespace mdlc::expr::jsonata
