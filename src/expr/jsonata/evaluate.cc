#include "expr/jsonata/evaluator.h"

namespace mdlc::expr::jsonata {

evaluator::evaluator(const environment& given, const json::value* input)
    : given_(given),
      functions_(given.functions ? *given.functions : library::standard()),
      input_(input ? from_json(*input) : val{}),
      memory_(given.bounds.memory_bytes),
      steps_left_(given.bounds.steps),
      depth_left_(given.bounds.depth),
      random_state_(given.seed) {}

namespace {

// splitmix64 (Vigna): small, and good enough for what $random is for.
uint64_t next_bits(uint64_t& state) {
  uint64_t z = (state += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

double fraction(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

}  // namespace

uint64_t evaluator::random_bits() { return next_bits(random_state_); }
double evaluator::random() { return fraction(random_bits()); }
double random_of_seed(uint64_t seed) { return fraction(next_bits(seed)); }

val evaluator::stopped() {
  if (failing()) return failure();
  if (memory_.exhausted()) return fail({.code = "D0903", .value = json::value(given_.bounds.memory_bytes)});
  return fail({.code = "D0901", .value = json::value(given_.bounds.steps)});
}

val evaluator::fail(fault f) {
  if (!failure_) failure_ = std::move(f);
  return failure();
}

val evaluator::fail(const char* code, const val& value, int index) {
  return fail({.code = code, .value = shown(value), .index = index});
}

val evaluator::eval_raw(const node& n, const val& input, frame* f) {
  if (!spend(1)) return stopped();
  if (!n.more) {
    if (n.what == node_kind::literal) return n.literal;
    if (n.what == node_kind::name && !input.is_array()) return input.is_object() ? find(input, n.text) : val{};
  }
  if (depth_left_ == 0) return fail({.code = "D1011", .value = json::value(given_.bounds.depth)});
  --depth_left_;
  val v = eval_kind(n, input, f);
  if (n.more && !v.failed() && (!n.more->predicates.empty() || n.more->group)) v = predicates_and_group(n, v, f);
  ++depth_left_;
  if (v.depth > max_value_depth) return fail({.code = "D0904", .value = json::value(max_value_depth)});
  if (!v.is_array() || (v.marks & (sequence | tuple_stream)) != sequence) return v;
  if (n.keep_array) v.marks |= keep_singleton;
  if (v.size == 0) return {};
  return v.size == 1 && !v.has(keep_singleton) ? item(v, 0) : v;
}

val evaluator::eval_kind(const node& n, const val& input, frame* f) {
  switch (n.what) {
    case node_kind::path:
      return path(n, input, f);
    case node_kind::variable:
      return variable(n, input, f);
    case node_kind::literal:
      return n.literal;
    case node_kind::name:
      return lookup(input, n.text);
    case node_kind::binary:
      return binary(n, input, f);
    case node_kind::call:
      return n.tail ? tail_call_node(n, input, f) : call_node(n, input, f, nullptr);
    case node_kind::condition: {
      LET(test, eval(*n.left, input, f));
      bool yes = truth(test);
      if (failing()) return failure();
      return yes ? eval(*n.right, input, f) : n.third ? eval(*n.third, input, f) : val{};
    }
    case node_kind::fallback: {
      LET(v, eval(*n.left, input, f));
      bool yes = truth(v);
      if (failing()) return failure();
      return yes ? v : eval(*n.right, input, f);
    }
    case node_kind::coalesce: {
      LET(v, eval(*n.left, input, f));
      return v.is_nothing() ? eval(*n.right, input, f) : v;
    }
    case node_kind::block:
      return block(n, input, f);
    case node_kind::bind: {
      LET(v, eval(*n.right, input, f));
      const place& p = n.more->places.front();
      for (uint16_t hops = p.hops; hops; --hops) f = f->up;
      f->slots[p.slot] = v;
      return v;
    }
    case node_kind::object:
      return group(n, input, f, false);
    case node_kind::array:
      return array(n, input, f);
    case node_kind::negate:
      return negate(n, input, f);
    case node_kind::lambda: {
      function_node made{.what = function_node::kind::lambda, .arity = static_cast<int>(n.items.size()), .code = &n};
      made.context = input;
      made.home = f;
      return function_value(made);
    }
    case node_kind::transform: {
      function_node made{.what = function_node::kind::transform, .arity = 1, .code = &n};
      made.context = input;
      made.home = f;
      return function_value(made);
    }
    case node_kind::regex: {
      function_node made{.what = function_node::kind::regex, .arity = 2};
      made.pattern = n.more->pattern.get();
      made.at = n.at;
      return function_value(made);
    }
    case node_kind::partial:
      return partial(n, input, f);
    case node_kind::apply:
      return apply_node(n, input, f);
    case node_kind::wildcard:
      return wildcard(input);
    case node_kind::descendants:
      return descendants(input);
    case node_kind::parent:
      return variable(n, input, f);
    default:
      return {};
  }
}

val evaluator::predicates_and_group(const node& n, val v, frame* f) {
  bool in_tuples = n.what == node_kind::block && n.tuple;
  if (!in_tuples && v.is_array() && v.has(tuple_stream)) v = contexts(v);
  for (const stage& s : n.more->predicates) {
    v = filter(*s.test, v, f, in_tuples);
    if (v.failed()) return v;
  }
  if (n.what != node_kind::path && n.more->group) v = group(*n.more->group, v, f, in_tuples);
  return v;
}

val evaluator::block(const node& n, const val& input, frame* f) {
  if (n.own_frame) {
    f = new_frame(n.more->shape, f);
  } else if (n.first_slot != n.end_slot) {
    frame* host = f;
    for (uint16_t hops = n.hops; hops; --hops) host = host->up;
    std::fill(host->slots + n.first_slot, host->slots + n.end_slot, make(kind::unset));
  }
  if (n.items.empty()) return {};
  for (size_t i = 0; i + 1 < n.items.size(); ++i) {
    LET(v, eval(*n.items[i], input, f));
  }
  return eval_raw(*n.items.back(), input, f);
}

val evaluator::one(const val& item, uint8_t marks) {
  auto* place = static_cast<val*>(memory_.allocate(sizeof(val)));
  *place = item;
  return array_of(place, 1, marks, static_cast<uint16_t>(item.depth + 1));
}

base::result<outcome, error> evaluator::run(const std::shared_ptr<const program>& p) {
  root base{.program = p.get()};
  std::vector<val> globals(p->globals.size(), make(kind::unset));
  base.globals = globals.data();
  frame* top = new_frame(p->top, nullptr);
  top->base = &base;
  // An array as input is one item.
  val context = input_.is_array() ? one(input_, sequence | outer_wrapper) : input_;
  val v = eval(*p->root, context, top);
  outcome out;
  if (!v.failed() && v.is_function()) out.what = outcome::kind::function;
  if (!v.failed() && !v.is_nothing() && !v.is_function()) {
    if (v.is_array() && v.has(outer_wrapper)) v = item(v, 0);
    out.what = outcome::kind::value;
    if (!to_json(v, out.value)) v = stopped();
  }
  if (memory_.exhausted() && !failing()) v = stopped();
  if (v.failed()) return tl::unexpected(worded(*failure_));
  return out;
}

base::result<expression, error> expression::parse(std::string_view source) {
  auto compiled = compile(source);
  if (!compiled) return tl::unexpected(worded(compiled.error()));
  return expression(*std::move(compiled));
}

base::result<outcome, error> expression::evaluate(const json::value* input, const environment& given) const {
  return evaluator(given, input).run(program_);
}

const std::vector<reference>& expression::references() const { return program_->references; }

}  // namespace mdlc::expr::jsonata
