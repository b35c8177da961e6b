// Variables, calls, and what makes functions.
#include "expr/jsonata/evaluator.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr size_t few = 6;  // arguments that need no memory of their own

// About what it takes in memory.
size_t weight(const json::value& v) {
  size_t out = sizeof v;
  if (v.is_string()) out += v.get_string().size();
  if (v.is_array())
    for (const auto& i : v.get_array()) out += weight(i);
  if (v.is_object())
    for (const auto& m : v.get_object()) out += sizeof m + m.key().size() + weight(m.value());
  return out;
}

// What a call is known by in errors; empty where it has no name.
std::string_view name_of(const node& procedure) {
  switch (procedure.what) {
    case node_kind::path:
      return procedure.items[0]->text;
    case node_kind::lambda:
    case node_kind::block:
    case node_kind::condition:
    case node_kind::transform:
      return {};
    default:
      return procedure.text;
  }
}

// The arguments of a call.
class argument_list {
 public:
  argument_list(arena& a, size_t n) : items_(n <= few ? near_ : static_cast<val*>(a.allocate(n * sizeof(val)))) {}
  void push(const val& v) { items_[size_++] = v; }
  std::span<const val> all() const { return {items_, size_}; }

 private:
  val near_[few];
  val* items_;
  size_t size_ = 0;
};

}  // namespace

frame* evaluator::new_frame(const shape& s, frame* up) {
  auto size = static_cast<uint32_t>(s.names.size());
  frame* out = nullptr;
  if (!s.captured && size < spare_frames_.size() && spare_frames_[size]) {
    out = spare_frames_[size];
    spare_frames_[size] = out->up;
  } else {
    auto* place = static_cast<char*>(memory_.allocate(sizeof(frame) + size * sizeof(val)));
    out = new (place) frame;
    out->slots = reinterpret_cast<val*>(place + sizeof(frame));
    out->size = size;
  }
  out->up = up;
  out->base = up ? up->base : nullptr;
  out->names = &s;
  std::fill_n(out->slots, size, make(kind::unset));
  return out;
}

// A frame that nothing refers to any more serves the next call.
void evaluator::release(frame* f) {
  if (f->names->captured) return;
  if (spare_frames_.size() <= f->size) spare_frames_.resize(f->size + 1);
  f->up = spare_frames_[f->size];
  spare_frames_[f->size] = f;
}

val evaluator::function_value(function_node made) {
  val out = make(kind::function);
  out.function = memory_.make<function_node>(made);
  return out;
}

val evaluator::native_value(const definition& d) {
  function_node made{.what = function_node::kind::native, .arity = d.arity};
  made.body = &d;
  return function_value(made);
}

val evaluator::variable(const node& n, const val& input, frame* f) {
  if (n.what == node_kind::variable && n.text.empty())
    return input.is_array() && input.has(outer_wrapper) ? item(input, 0) : input;
  if (n.more) {
    if (n.more->places.size() > 16 && !spend(n.more->places.size() / 16)) return stopped();
    for (const place& p : n.more->places) {
      frame* at = f;
      for (uint16_t hops = p.hops; hops; --hops) at = at->up;
      if (!p.in_tuple) {
        if (const val& v = at->slots[p.slot]; !v.is(kind::unset)) return v;
      } else if (at->tuple) {
        if (const val* v = at->tuple->find(n.more->interned)) return *v;
      }
    }
  }
  if (n.what == node_kind::parent) return {};
  root& base = *f->base;
  const val& known = base.globals[n.global];
  return known.is(kind::unset) ? global(n.global, base) : known;
}

val evaluator::global(uint32_t index, root& base) {
  auto name = base.program->globals[index];
  if (base.caller) return named(name, base.caller);
  val& out = base.globals[index];
  out = {};
  if (name == "$") {
    out = input_;
    return out;
  }
  for (const variable_binding& v : given_.variables)
    if (v.name == name) return out = from_json(*v.value);
  if (const definition* d = functions_.find(name)) out = native_value(*d);
  return out;
}

// A variable by its name, as text given to $eval sees it.
val evaluator::named(std::string_view name, frame* f) {
  if (!f) return {};
  root* base = f->base;
  for (; f; f = f->up) {
    if (!spend(1)) return stopped();
    for (uint32_t i = 0; f->tuple && i < f->tuple->size; ++i)
      if (*f->tuple->bindings[i].name == name) return f->tuple->bindings[i].value;
    // Of blocks that share a frame the inner ones stand behind.
    for (uint32_t i = f->size; i-- > 0;)
      if (f->names->names[i] == name && !f->slots[i].is(kind::unset)) return f->slots[i];
  }
  if (base->caller) return named(name, base->caller);
  const auto& globals = base->program->globals;
  auto at = std::find(globals.begin(), globals.end(), name);
  if (at != globals.end()) {
    auto index = static_cast<uint32_t>(at - globals.begin());
    return base->globals[index].is(kind::unset) ? global(index, *base) : base->globals[index];
  }
  if (name == "$") return input_;
  for (const variable_binding& v : given_.variables)
    if (v.name == name) return from_json(*v.value);
  const definition* d = functions_.find(name);
  return d ? native_value(*d) : val{};
}

val evaluator::call_node(const node& n, const val& input, frame* f, const val* first) {
  LET(function, eval(*n.left, input, f));
  if (function.is_nothing() && n.more && n.more->hint && !variable(*n.more->hint, input, f).is_nothing())
    return fail({.code = "T1005", .position = n.at, .token = std::string{name_of(*n.left)}, .has_token = true});
  argument_list arguments(memory_, n.items.size() + 1);
  if (first) arguments.push(*first);
  for (const node* i : n.items) {
    LET(v, eval(*i, input, f));
    arguments.push(v);
  }
  val out = apply_call(function, arguments.all(), input, f);
  if (out.failed()) {
    // The outermost call is where the error is shown; the innermost name is whose it is.
    if (function.is_function() || failure_->position < 0) failure_->position = n.at;
    name_failure(n);
  }
  return out;
}

// Whose error it is, unless that is known.
void evaluator::name_failure(const node& call) {
  if (failure_->has_token) return;
  failure_->token = name_of(*call.left);
  failure_->has_token = !failure_->token.empty();
}

// Leaves the call to whoever called the function that this is the end of.
val evaluator::tail_call_node(const node& n, const val& input, frame* f) {
  LET(function, eval(*n.left, input, f));
  if (!function.is_function()) return call_node(n, input, f, nullptr);
  argument_list arguments(memory_, n.items.size());
  for (const node* i : n.items) {
    LET(v, eval(*i, input, f));
    arguments.push(v);
  }
  pending_ = function;
  auto all = arguments.all();
  pending_arguments_.assign(all.begin(), all.end());
  pending_call_ = &n;
  return make(kind::tail_call);
}

val evaluator::apply(const val& function, std::span<const val> arguments, const val& context, frame* f) {
  // A function that calls a function is a level of its own.
  if (depth_left_ == 0) return fail({.code = "D1011", .value = json::value(given_.bounds.depth)});
  --depth_left_;
  const val out = apply_call(function, arguments, context, f);
  ++depth_left_;
  // No call names it, so it is known by its own name.
  if (out.failed() && !failure_->has_token && function.is_function() &&
      function.function->what == function_node::kind::native) {
    failure_->token = function.function->body->name;
    failure_->has_token = true;
  }
  return out;
}

val evaluator::apply_call(const val& function, std::span<const val> arguments, const val& context, frame* f) {
  val out = apply_once(function, arguments, context, f);
  while (out.is(kind::tail_call)) {
    const val next = pending_;
    const node& n = *pending_call_;
    argument_list passed(memory_, pending_arguments_.size());
    for (const val& v : pending_arguments_) passed.push(v);
    out = apply_once(next, passed.all(), context, f);
    if (out.failed()) name_failure(n);
  }
  return out;
}

val evaluator::apply_once(const val& function, std::span<const val> arguments, const val& context, frame* f) {
  if (!function.is_function()) return fail("T1006");
  const function_node& fn = *function.function;
  switch (fn.what) {
    case function_node::kind::lambda: {
      const auto* declared = fn.code->more->declared.get();
      if (!declared || declared->fits_as_it_is(arguments)) return call_lambda(fn, arguments);
      list fitted(memory_);
      if (auto right = declared->apply(arguments, context, fitted, memory_); !right) return misfit(right.error());
      return call_lambda(fn, {fitted.items(), fitted.size()});
    }
    case function_node::kind::native:
      return call_native(*fn.body, arguments, context, f);
    case function_node::kind::partial:
      return call_partial(fn, arguments, context, f);
    case function_node::kind::regex:
    case function_node::kind::next: {
      if (fn.what == function_node::kind::next) return call_regex(fn, fn.text, fn.from, fn.from_unit, false);
      if (arguments.empty() || !arguments[0].is_string()) return {};
      return call_regex(fn, arguments[0].text(), 0, 0, true);
    }
    case function_node::kind::transform: {
      const val of = arguments.empty() ? val{} : arguments[0];
      if (!of.is_nothing() && !of.is_object() && !of.is_array()) return misfit({"T0410", of, 1, {}});
      return transform(*fn.code, of, fn.home, f);
    }
    case function_node::kind::chain: {
      LET(between, apply(fn.arguments[0], arguments, context, f));
      return apply(fn.arguments[1], {&between, 1}, context, f);
    }
  }
  return {};
}

val evaluator::misfit(const signature::misfit& m) {
  return fail({.code = m.code, .value = shown(m.value), .index = m.index, .type = std::string{m.type}});
}

val evaluator::call_lambda(const function_node& fn, std::span<const val> arguments) {
  const auto& parameters = fn.code->items;
  frame* f = new_frame(fn.code->more->shape, fn.home);
  for (size_t i = 0; i < parameters.size(); ++i) f->slots[i] = i < arguments.size() ? arguments[i] : val{};
  val out = eval(*fn.code->right, fn.context, f);
  release(f);
  return out;
}

val evaluator::call_native(const definition& d, std::span<const val> arguments, const val& context, frame* f) {
  list fitted(memory_);
  if (d.declared && !d.declared->fits_as_it_is(arguments)) {
    if (auto right = d.declared->apply(arguments, context, fitted, memory_); !right) return misfit(right.error());
    arguments = {fitted.items(), fitted.size()};
  }
  if (!d.body) return call_host(d, arguments);
  call c{.run = *this, .arguments = arguments, .context = context, .at = f};
  return d.body(c);
}

val evaluator::call_host(const definition& d, std::span<const val> arguments) {
  std::vector<std::optional<json::value>> passed(arguments.size());
  for (size_t i = 0; i < passed.size(); ++i) {
    if (arguments[i].is_nothing() || arguments[i].is_function()) continue;
    if (!to_json(arguments[i], passed[i].emplace())) return stopped();
  }
  auto answered = d.host(passed);
  if (!answered) {
    const error& e = answered.error();
    own_codes_.push_back(e.code);
    return fail({.code = own_codes_.back().c_str(),
                 .token = e.token,
                 .has_token = !e.token.empty(),
                 .value = e.value,
                 .message = e.message});
  }
  if (!*answered) return {};
  return keep(**std::move(answered));
}

val evaluator::keep(json::value v) {
  memory_.charge(weight(v));
  if (memory_.exhausted()) return stopped();
  kept_.push_back(std::make_unique<json::value>(std::move(v)));
  return from_json(*kept_.back());
}

val evaluator::call_partial(const function_node& fn, std::span<const val> arguments, const val& context, frame* f) {
  argument_list all(memory_, fn.arguments.size());
  size_t next = 0;
  for (const val& v : fn.arguments) {
    if (!v.is(kind::unset))
      all.push(v);
    else
      all.push(next < arguments.size() ? arguments[next++] : val{});
  }
  // A partially applied lambda has no signature any more.
  const auto& of = *fn.of.function;
  return of.what == function_node::kind::lambda ? call_lambda(of, all.all()) : apply(fn.of, all.all(), context, f);
}

int evaluator::arity(const val& function) { return function.is_function() ? function.function->arity : 0; }

val evaluator::apply_to_item(const val& function, const val& a, const val& b, const val& c, frame* f) {
  const val all[] = {a, b, c};
  auto n = static_cast<size_t>(std::clamp(arity(function), 1, 3));
  return apply(function, {all, n}, null_value(), f);
}

val evaluator::partial(const node& n, const val& input, frame* f) {
  list arguments(memory_);
  int holes = 0;
  for (const node* i : n.items) {
    if (i->what == node_kind::hole) {
      arguments.push(make(kind::unset));
      ++holes;
      continue;
    }
    LET(v, eval(*i, input, f));
    arguments.push(v);
  }
  LET(function, eval(*n.left, input, f));
  if (!function.is_function()) {
    bool meant = function.is_nothing() && n.more && n.more->hint && !variable(*n.more->hint, input, f).is_nothing();
    return fail({.code = meant ? "T1007" : "T1008",
                 .position = n.at,
                 .token = std::string{name_of(*n.left)},
                 .has_token = true});
  }
  // Parameters that are not mentioned stay unbound; arguments beyond the parameters are lost.
  auto given = std::min(arguments.size(), static_cast<size_t>(arity(function)));
  holes = static_cast<int>(
      std::count_if(arguments.items(), arguments.items() + given, [](const val& v) { return v.is(kind::unset); }));
  function_node made{.what = function_node::kind::partial, .arity = holes};
  made.of = function;
  made.arguments = {arguments.items(), given};
  return function_value(made);
}

val evaluator::apply_node(const node& n, const val& input, frame* f) {
  LET(first, eval(*n.left, input, f));
  if (n.right->what == node_kind::call) {
    // What follows the call, [0] say, has no effect here: so it is in the reference.
    return call_node(*n.right, input, f, &first);
  }
  LET(function, eval(*n.right, input, f));
  if (!function.is_function()) return fail({.code = "T2006", .position = n.at, .value = shown(function)});
  if (!first.is_function()) {
    val out = apply(function, {&first, 1}, null_value(), f);
    if (out.failed() && failure_->position < 0) failure_->position = n.at;
    return out;
  }
  function_node made{.what = function_node::kind::chain, .arity = 1};
  auto* both = static_cast<val*>(memory_.allocate(2 * sizeof(val)));
  both[0] = first;
  both[1] = function;
  made.arguments = {both, 2};
  return function_value(made);
}

val evaluator::evaluate_text(std::string_view source, const val& context, frame* f) {
  if (!spend(source.size() + 100)) return stopped();
  auto compiled = compile(source);
  auto explained = [&](const char* code, const fault& f) {
    return fail({.code = code, .value = json_text(worded(f).message)});
  };
  if (!compiled) return explained("D3120", compiled.error());
  programs_.push_back(*compiled);
  const program& p = *programs_.back();
  auto* base = memory_.make<root>();
  base->program = &p;
  base->caller = f;
  base->globals = static_cast<val*>(memory_.allocate(p.globals.size() * sizeof(val)));
  std::fill_n(base->globals, p.globals.size(), make(kind::unset));
  frame* top = new_frame(p.top, nullptr);
  top->base = base;
  val out = eval(*p.root, context, top);
  if (!out.failed() || std::string_view{failure_->code}.starts_with("D09") ||
      failure_->code == std::string_view{"D1011"})
    return out;
  fault inner = *std::move(failure_);
  failure_.reset();
  return explained("D3121", inner);
}

}  // namespace mdlc::expr::jsonata
