// Values while an expression runs: small, copied freely, pointing into the input, the program or the arena.
// Private to this library.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "expr/jsonata/arena.h"
#include "json/value.h"

namespace mdlc::expr::jsonata {

struct object_node;
struct function_node;
struct tuple_node;

// `failure` says that an error was raised (the evaluator holds it); `tail_call` that a call is to be made by the
// caller; `unset` that a variable of a scope has not been bound yet. Expressions never see these three.
enum class kind : uint8_t {
  nothing,
  null,
  boolean,
  number,
  string,
  array,
  object,
  function,
  tuple,
  failure,
  tail_call,
  unset
};

// How an array, an object or a number is held.
enum class form : uint8_t {
  own,      // in the arena (arrays: `items`; objects: `object`)
  view,     // in the input (arrays: `view`, the first element; objects: `object_view`)
  range,    // an array of consecutive integers that begins at `first`
  integer,  // a number of the input that a double cannot hold: `first`
};

// Marks of arrays.
enum : uint8_t {
  sequence = 1,        // made by navigation: of one item it is that item, of none it is nothing
  keep_singleton = 2,  // … unless this is set
  cons = 4,            // made by [ ] as a step: is not flattened into the steps' result
  outer_wrapper = 8,   // the wrapper around an input that is an array
  tuple_stream = 16,   // its items are tuples
};

struct val {
  kind what = kind::nothing;
  form held : 3 = form::own;
  uint8_t marks : 5 = 0;
  uint16_t depth = 0;  // of arrays and objects: levels of nesting below, not counting the input's
  uint32_t size = 0;   // bytes of a string, items of an array
  union {
    int64_t first = 0;
    bool flag;
    double real;
    const char* chars;
    val* items;
    const json::value* view;
    const json::object* object_view;
    object_node* object;
    function_node* function;
    tuple_node* tuple;
  };

  val() {}

  bool is(kind k) const { return what == k; }
  bool is_nothing() const { return what == kind::nothing; }
  bool failed() const { return what == kind::failure; }
  bool is_array() const { return what == kind::array; }
  bool is_object() const { return what == kind::object; }
  bool is_string() const { return what == kind::string; }
  bool is_number() const { return what == kind::number; }
  bool is_function() const { return what == kind::function; }
  bool has(uint8_t mark) const { return marks & mark; }
  bool is_sequence() const { return is_array() && has(sequence); }

  std::string_view text() const { return {chars, size}; }
  double number() const { return held == form::integer ? static_cast<double>(first) : real; }

  val marked(uint8_t all) const {
    val out = *this;
    out.marks = all;
    return out;
  }
};
static_assert(sizeof(val) == 16 && std::is_trivially_copyable_v<val>);

inline val make(kind k) {
  val out;
  out.what = k;
  return out;
}
inline val failure() { return make(kind::failure); }
inline val null_value() { return make(kind::null); }
inline val boolean(bool b) {
  val out = make(kind::boolean);
  out.flag = b;
  return out;
}
inline val number(double d) {
  val out = make(kind::number);
  out.real = d;
  return out;
}
// `s` must live as long as the evaluation.
inline val string(std::string_view s) {
  val out = make(kind::string);
  out.chars = s.data();
  out.size = static_cast<uint32_t>(s.size());
  return out;
}
inline val array_of(val* items, size_t size, uint8_t marks, uint16_t depth) {
  val out = make(kind::array);
  out.items = items;
  out.size = static_cast<uint32_t>(size);
  out.marks = marks;
  out.depth = depth;
  return out;
}
inline val empty_sequence() { return array_of(nullptr, 0, sequence, 1); }
inline val range_of(double first, double count, uint8_t marks) {
  val out = array_of(nullptr, static_cast<size_t>(count), marks, 1);
  out.held = form::range;
  out.first = static_cast<int64_t>(first);
  return out;
}

// The view of a value of the input.
val from_json(const json::value&);

// An item of an array.
inline val item(const val& array, size_t i) {
  if (array.held == form::own) return array.items[i];
  if (array.held == form::view) return from_json(array.view[i]);
  return number(static_cast<double>(array.first + static_cast<int64_t>(i)));
}
// A part of an array, sharing its items.
val slice(const val& array, size_t from, size_t size);

// An object in the arena. Members keep the order of their insertion.
struct object_node {
  struct member {
    std::string_view name;
    val value;
  };
  member* members = nullptr;
  uint32_t size = 0;
  uint32_t capacity = 0;
  uint32_t* index = nullptr;  // open addressing, member + 1; null while there are few
  uint32_t index_size = 0;
  uint16_t depth = 1;

  val* find(std::string_view name);
  // Replaces or appends. `name` must live as long as the evaluation.
  void set(arena&, std::string_view name, const val&);
  void remove(std::string_view name);

 private:
  void reindex(arena&);
};

inline val object_of(object_node* o) {
  val out = make(kind::object);
  out.object = o;
  out.depth = o->depth;
  return out;
}

// The member, or nothing.
val find(const val& object, std::string_view name);
size_t member_count(const val& object);

// Calls f(name, value) for each member until it answers false.
template <class F>
bool for_each_member(const val& object, F&& f) {
  if (object.held == form::view) {
    for (const auto& [name, value] : *object.object_view)
      if (!f(std::string_view{name.data(), name.size()}, from_json(value))) return false;
    return true;
  }
  for (uint32_t i = 0; i < object.object->size; ++i)
    if (!f(object.object->members[i].name, object.object->members[i].value)) return false;
  return true;
}

// A tuple of a tuple stream: the context item and what @, # and % bound on the way. Names are the program's own, so
// they compare by address.
struct tuple_node {
  struct binding {
    const std::string* name;
    val value;
  };
  val context;
  uint32_t size = 0;
  binding* bindings = nullptr;

  val* find(const std::string* name);
};

// As JavaScript's ===: arrays, objects and functions only with themselves.
bool same(const val&, const val&);

// Collects items into an array in the arena. Past the arena's limit items are dropped: the evaluator sees at its next
// step that the arena is exhausted, and the evaluation fails.
class list {
 public:
  explicit list(arena& a) : arena_(&a) {}
  void push(const val& v) {
    if (size_ == capacity_ && !grow(size_ + 1)) return;
    items_[size_++] = v;
    if (v.depth >= depth_) depth_ = v.depth + 1;
  }
  void push_all(const val& array);
  void reserve(size_t n) {
    if (n > capacity_) grow(n);
  }
  size_t size() const { return size_; }
  val* items() { return items_; }
  val done(uint8_t marks) const { return array_of(items_, size_, marks, depth_); }

 private:
  bool grow(size_t at_least);

  arena* arena_;
  val* items_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  uint16_t depth_ = 1;
};

// Values put one behind the other as $append does it: what is nothing adds nothing, arrays add their items, and a value
// that stays alone remains what it was.
class appended {
 public:
  explicit appended(arena& a) : items_(a) {}
  void add(const val& v) {
    if (v.is_nothing()) return;
    if (first_.is_nothing()) {
      first_ = v;
      return;
    }
    if (!many_) put(first_);
    many_ = true;
    put(v);
  }
  val done() const { return many_ ? items_.done(0) : first_; }

 private:
  void put(const val& v) { v.is_array() ? items_.push_all(v) : items_.push(v); }

  val first_;
  list items_;
  bool many_ = false;
};

// Collects text in the arena; as `list` past the limit. Halves of a surrogate pair that meet are joined.
class text {
 public:
  explicit text(arena& a) : arena_(a) {}
  void append(std::string_view);
  void append(char c) { append(std::string_view{&c, 1}); }
  void append(size_t times, char c);
  size_t size() const { return size_; }
  std::string_view view() const { return {data_, size_}; }
  val done() const { return string(view()); }

 private:
  bool grow(size_t at_least);

  arena& arena_;
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace mdlc::expr::jsonata
