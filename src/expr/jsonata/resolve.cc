// Finds where each variable lives, so that evaluation need not look names up.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "expr/jsonata/ast.h"

namespace mdlc::expr::jsonata {
namespace {

// All places of all variables. A variable has as many as there are scopes around it that may or may not have bound it.
constexpr size_t max_places = 1'000'000;

// A block, a function, the expression as a whole, or a step that makes tuples.
struct scope {
  enum class kind { frame, merged, tuple };
  // By the point that the walk has come to.
  enum class bound { no, perhaps, surely };
  struct name {
    uint32_t slot;
    bound when;
  };
  scope* up = nullptr;
  kind what = kind::frame;
  bool function = false;
  uint16_t hops_to_host = 0;  // of a merged one: frames between here and the one that holds its slots
  shape* slots = nullptr;
  std::unordered_map<std::string_view, name> names{};

  name* find(std::string_view text) {
    auto there = names.empty() ? names.end() : names.find(text);
    return there == names.end() ? nullptr : &there->second;
  }
};

class resolver {
 public:
  explicit resolver(program& p) : program_(p) {}

  base::result<void, fault> all() {
    mark(*program_.root);
    scope top{.slots = &program_.top};
    declare(*program_.root, top);
    walk(*program_.root, &top);
    program_.top.captured = program_.root->captures || program_.evals;
    if (places_ > max_places) return tl::unexpected(fault{.code = "S0902", .value = json::value(max_source_depth)});
    return {};
  }

 private:
  // Whether a node makes functions that keep the frame, from the leaves up.
  bool mark(node& n) {
    bool captures = n.what == node_kind::lambda || n.what == node_kind::transform;
    if (n.what == node_kind::variable && n.text == "eval") program_.evals = true;
    for_each_part(n, [&](node& part) { captures = mark(part) || captures; });
    n.captures = captures;
    return captures;
  }

  // The variables that are bound in `s` itself, somewhere in `n`.
  static void declare(node& n, scope& s) {
    if (n.what == node_kind::bind) {
      auto slot = static_cast<uint32_t>(s.slots->names.size());
      if (s.names.try_emplace(n.text, scope::name{slot, scope::bound::no}).second) s.slots->names.push_back(n.text);
    }
    if (n.what == node_kind::lambda) return;
    if (n.what != node_kind::block) {
      for_each_part(n, [&](node& part) { declare(part, s); });
      return;
    }
    // What follows a block stands outside of it.
    if (!n.more) return;
    for (const auto& p : n.more->predicates) declare(*p.test, s);
    for (const auto& p : n.more->stages)
      if (p.test) declare(*p.test, s);
    if (n.more->group) declare(*n.more->group, s);
  }

  static bool has_frame(const scope& s) { return s.what != scope::kind::merged; }

  void walk(node& n, scope* s) {
    switch (n.what) {
      case node_kind::variable:
        variable(n, s, false);
        break;
      case node_kind::parent:
        parent(n, s);
        break;
      case node_kind::bind:
        walk(*n.right, s);
        bind(n, s);
        break;
      case node_kind::lambda:
        lambda(n, s);
        break;
      case node_kind::block:
        block(n, s);
        break;
      case node_kind::path:
        path(n, s);
        return;
      case node_kind::call:
      case node_kind::partial:
        if (n.left->what == node_kind::variable)
          variable(*n.left, s, true);
        else
          walk(*n.left, s);
        for (node* i : n.items) walk(*i, s);
        hint(n, s);
        break;
      default:
        for (node* part : {n.left, n.right, n.third})
          if (part) walk(*part, s);
        for (node* i : n.items) walk(*i, s);
    }
    if (!n.more) return;
    bool tuples = n.what == node_kind::block && n.tuple;
    scope tuple{.up = s, .what = scope::kind::tuple};
    for (const auto& p : n.more->predicates) walk(*p.test, tuples ? &tuple : s);
    for (const auto& p : n.more->stages)
      if (p.test) walk(*p.test, s);
    if (n.more->group) walk(*n.more->group, tuples ? &tuple : s);
  }

  void path(node& n, scope* s) {
    scope tuple{.up = s, .what = scope::kind::tuple};
    bool tuples = false;
    for (size_t i = 0; i < n.items.size(); ++i) {
      tuples = tuples || n.items[i]->tuple;
      if (i == 0 && n.items[0]->what == node_kind::variable && !n.items[0]->more) following_ = &n;
      walk(*n.items[i], tuples && !(i == 0 && n.items[0]->cons_array) ? &tuple : s);
    }
    if (n.has_group()) walk(*n.more->group, tuples ? &tuple : s);
  }

  void lambda(node& n, scope* s) {
    scope inner{.up = s, .function = true, .slots = &n.rare().shape};
    for (node* parameter : n.items) {
      // Of two of the same name the last one counts.
      auto slot = static_cast<uint32_t>(n.more->shape.names.size());
      inner.names[parameter->text] = {slot, scope::bound::surely};
      n.more->shape.names.push_back(parameter->text);
    }
    declare(*n.right, inner);
    walk(*n.right, &inner);
    n.more->shape.captured = n.right->captures || program_.evals;
  }

  void block(node& n, scope* s) {
    shape own;
    scope inner{.up = s, .slots = &own};
    for (node* i : n.items) declare(*i, inner);
    if (inner.names.empty()) {
      for (node* i : n.items) walk(*i, s);
      return;
    }
    bool keeps = program_.evals || std::any_of(n.items.begin(), n.items.end(), [](auto* i) { return i->captures; });
    if (keeps) {
      n.own_frame = true;
      n.rare().shape = std::move(own);
      inner.slots = &n.more->shape;
    } else {
      merge(n, inner, own);
    }
    for (node* i : n.items) {
      walk(*i, &inner);
      if (i->what == node_kind::bind) inner.find(i->text)->when = scope::bound::surely;
    }
  }

  // The block's variables become slots of the nearest frame: nobody can see that frame when the block is left.
  static void merge(node& n, scope& inner, const shape& own) {
    scope* host = inner.up;
    for (; host->what != scope::kind::frame; host = host->up) inner.hops_to_host += has_frame(*host) ? 1 : 0;
    auto& slots = host->slots->names;
    n.first_slot = static_cast<uint32_t>(slots.size());
    slots.insert(slots.end(), own.names.begin(), own.names.end());
    n.end_slot = static_cast<uint32_t>(slots.size());
    n.hops = inner.hops_to_host;
    for (auto& [text, name] : inner.names) name.slot += n.first_slot;
    inner.what = scope::kind::merged;
    inner.slots = host->slots;
  }

  static void bind(node& n, scope* s) {
    uint16_t hops = 0;
    for (; s; s = s->up) {
      if (auto* there = s->find(n.text)) {
        there->when = std::max(there->when, scope::bound::perhaps);
        hops += s->hops_to_host;
        n.rare().places = {{.hops = hops, .slot = there->slot}};
        return;
      }
      hops += has_frame(*s) ? 1 : 0;
    }
  }

  void variable(node& n, scope* s, bool called) {
    const node* following = std::exchange(following_, nullptr);
    if (n.text.empty()) return;
    const std::string* interned = nullptr;
    if (auto there = program_.names.find(n.text); there != program_.names.end()) interned = &*there;
    std::vector<place> places;
    uint16_t hops = 0;
    bool free = true, later = false;
    for (; s; s = s->up) {
      if (s->what == scope::kind::tuple && interned) {
        places.push_back({.hops = hops, .in_tuple = true});
        free = false;
      }
      if (auto* there = s->find(n.text)) {
        places.push_back({.hops = static_cast<uint16_t>(hops + s->hops_to_host), .slot = there->slot});
        if (there->when != scope::bound::no || later) free = false;
        if (there->when == scope::bound::surely) break;
      }
      // What a function's body refers to may be bound before the function is called.
      if (s->function) later = true;
      hops += has_frame(*s) ? 1 : 0;
    }
    places_ += places.size();
    if (!places.empty() && places_ <= max_places) {
      n.rare().places = std::move(places);
      n.more->interned = interned;
    }
    auto [at, added] = globals_.try_emplace(n.text, static_cast<uint32_t>(globals_.size()));
    if (added) program_.globals.push_back(n.text);
    n.global = at->second;
    if (free && n.text != "$" && !hinting_) refer(n, following, called);
  }

  // What a step has started from is found in the tuples alone.
  void parent(node& n, const scope* s) {
    uint16_t hops = 0;
    for (; s; s = s->up) {
      if (s->what == scope::kind::tuple) n.more->places.push_back({.hops = hops, .in_tuple = true});
      hops += has_frame(*s) ? 1 : 0;
    }
    n.more->interned = n.more->ancestor->label;
    places_ += n.more->places.size();
  }

  void refer(const node& n, const node* path, bool called) {
    reference r{.name = std::string{n.text}, .path = {}, .called = called};
    for (size_t i = 1; path && i < path->items.size(); ++i) {
      const node& step = *path->items[i];
      if (step.what != node_kind::name) break;
      r.path.emplace_back(step.text);
      if (step.more) break;
    }
    std::string key = (called ? "()" : "") + r.name;
    for (const auto& name : r.path) key += '\n' + name;
    if (referred_.insert(std::move(key)).second) program_.references.push_back(std::move(r));
  }

  // A call of a plain name that is no function: was the variable of that name meant?
  void hint(node& n, scope* s) {
    if (n.left->what != node_kind::path || n.left->items[0]->what != node_kind::name) return;
    node& meant = program_.nodes.emplace_back();
    meant.what = node_kind::variable;
    meant.text = n.left->items[0]->text;
    hinting_ = true;
    variable(meant, s, true);
    hinting_ = false;
    n.rare().hint = &meant;
  }

  program& program_;
  const node* following_ = nullptr;  // the path whose first step is walked
  bool hinting_ = false;
  size_t places_ = 0;
  std::unordered_map<std::string_view, uint32_t> globals_;
  std::unordered_set<std::string> referred_;
};

}  // namespace

base::result<void, fault> resolve(program& p) { return resolver(p).all(); }

const std::string* program::intern(std::string_view name) { return &*names.emplace(name).first; }

base::result<std::shared_ptr<const program>, fault> compile(std::string_view source) {
  if (source.size() > max_source_bytes)
    return tl::unexpected(fault{.code = "S0901", .value = json::value(max_source_bytes)});
  auto p = std::make_shared<program>();
  p->source = source;
  MDLC_TRY(node * raw, read(*p));
  MDLC_TRY(p->root, lower(*p, raw));
  MDLC_CHECK(resolve(*p));
  return std::shared_ptr<const program>(std::move(p));
}

}  // namespace mdlc::expr::jsonata
