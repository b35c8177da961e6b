// What an expression is made of. Private to this library.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "expr/jsonata/jsonata.h"
#include "expr/jsonata/regex.h"
#include "expr/jsonata/signature.h"
#include "expr/jsonata/val.h"

namespace mdlc::expr::jsonata {

enum class op : uint8_t {
  none,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  equal,
  differ,
  less,
  at_most,
  greater,
  at_least,
  concat,
  both,
  either,
  in,
  range,
};

enum class node_kind : uint8_t {
  literal,   // literal
  name,      // text
  variable,  // text; `slots` and `global` say where it is found. The empty one is the context
  wildcard,
  descendants,
  parent,     // ancestor: where it is found
  regex,      // pattern
  hole,       // the ? of a partial application
  path,       // items: steps
  sort,       // a step; items: terms
  term,       // left, descending
  binary,     // left, right
  negate,     // left
  array,      // items
  object,     // items: name, value, name, value …
  condition,  // left ? right : third
  fallback,   // left ?: right
  coalesce,   // left ?? right
  block,      // items
  bind,       // text := right; `slots` has one
  lambda,     // parameters (text of items), right: the body, shape
  call,       // left(items)
  partial,    // left(items), some of them holes
  apply,      // left ~> right
  transform,  // |left|right, third|

  // While parsing only: `lower` turns them into the above.
  dot,       // left . right
  filter,    // left [ right ]
  group,     // left { items }
  order,     // left ^ ( items )
  focus,     // left @ right
  position,  // left # right
  keyword,   // and, or, in where an operand stands: a name
  end,
};

struct node;

// What % looks for on its way up: the step that many levels above.
struct ancestor_slot {
  int level = 1;
  const std::string* label = nullptr;
};

// What follows a step or an expression: [test], or # that binds the place among the items so far.
struct stage {
  node* test = nullptr;
  const std::string* index = nullptr;
};

// Where a variable may be found: `hops` frames up, in a slot, or in a frame that holds a tuple.
struct place {
  uint16_t hops = 0;
  bool in_tuple = false;
  uint32_t slot = 0;
};

// The names of a frame's slots.
struct shape {
  std::vector<std::string_view> names;
  bool captured = true;  // whether a frame of this shape may outlive the call that made it
};

// What few nodes have.
struct details {
  std::vector<stage> predicates;  // of an expression that is no path
  std::vector<stage> stages;      // of a path's step
  node* group = nullptr;          // an object node
  const std::string* focus = nullptr;
  const std::string* index = nullptr;
  ancestor_slot* ancestor = nullptr;    // of a step: the label that its input is bound to; of a parent: its own
  std::vector<ancestor_slot*> seeking;  // of parents within that have not found their step yet
  std::shared_ptr<const regex> pattern;
  std::shared_ptr<const signature> declared;  // of a lambda
  std::vector<place> places;                  // of a variable
  jsonata::shape shape;                       // of a lambda or a block with a frame of its own
  const std::string* interned = nullptr;      // of a variable that a tuple may hold: its name there
  const node* hint = nullptr;                 // of a call of a name: the variable that was probably meant
};

struct node {
  node_kind what = node_kind::literal;
  op by = op::none;
  bool keep_array = false;      // []
  bool keep_singleton = false;  // of a path: one of its steps has []
  bool tuple = false;           // a step that makes tuples
  bool cons_array = false;
  bool tail = false;  // a call that the caller's caller makes
  bool descending = false;
  bool own_frame = false;  // a block: has a frame, else its variables are slots [first_slot, end_slot) of the enclosing
  bool captures = false;   // makes a function that keeps the frame it is made in
  uint16_t height = 1;
  uint32_t at = 0;      // position
  uint32_t global = 0;  // of a variable: its place in program::globals
  uint32_t first_slot = 0, end_slot = 0;
  uint16_t hops = 0;  // of such a block: to the frame that holds its slots
  std::string_view text;
  val literal;
  node* left = nullptr;
  node* right = nullptr;
  node* third = nullptr;
  std::vector<node*> items;
  std::unique_ptr<details> more;

  details& rare() {
    if (!more) more = std::make_unique<details>();
    return *more;
  }
  bool has_predicates() const { return more && !more->predicates.empty(); }
  bool has_stages() const { return more && !more->stages.empty(); }
  bool has_group() const { return more && more->group; }
};

// Calls f with each part of `n` that is there.
template <class F>
void for_each_part(const node& n, F&& f) {
  if (n.left) f(*n.left);
  if (n.right) f(*n.right);
  if (n.third) f(*n.third);
  for (node* i : n.items) f(*i);
  if (!n.more) return;
  for (const auto& s : n.more->predicates)
    if (s.test) f(*s.test);
  for (const auto& s : n.more->stages)
    if (s.test) f(*s.test);
  if (n.more->group) f(*n.more->group);
}

struct program {
  program() = default;
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  std::string source;
  arena text;  // of literals and names
  std::deque<node> nodes;
  std::deque<ancestor_slot> slots;
  std::set<std::string, std::less<>> names;  // of tuples' bindings
  node* root = nullptr;
  shape top;
  std::vector<std::string_view> globals;
  std::vector<reference> references;
  bool evals = false;  // $eval is mentioned: text that is not known yet may look at any frame

  // The one string of that content.
  const std::string* intern(std::string_view name);
};

// An error as it is found, before it has its words.
struct fault {
  const char* code = nullptr;
  int64_t position = -1;
  std::string token{};
  bool has_token = false;
  bool token_is_value = false;  // a number or true, false, null: shown without quotes
  std::optional<json::value> value{}, value2{};
  int index = 0;
  std::optional<double> exponent{};
  std::string type{};     // T0412; D3140: the function's name
  std::string message{};  // D3137, D3141
};
// With JSONata's words.
error worded(const fault&);
inline json::value json_text(std::string_view s) { return json::string(s.data(), s.size()); }

// Text → tree as it stands. Then path steps, predicates and parents are put in their places, and variables found.
base::result<node*, fault> read(program&);
base::result<node*, fault> lower(program&, node*);
base::result<void, fault> resolve(program&);
// All of it.
base::result<std::shared_ptr<const program>, fault> compile(std::string_view source);

}  // namespace mdlc::expr::jsonata
