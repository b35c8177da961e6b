// Puts paths, their tests and their parents in order: a.b[c] comes in as nested operators and leaves as a path of
// steps.
#include "expr/jsonata/ast.h"

namespace mdlc::expr::jsonata {
namespace {

using lowered = base::result<node*, fault>;

tl::unexpected<fault> wrong(const char* code, const node& n) {
  return tl::unexpected(fault{.code = code, .position = n.at});
}

class lowering {
 public:
  explicit lowering(program& p) : program_(p) {}

  lowered all(node* n) {
    MDLC_TRY(node * root, lower(n));
    if (root->what == node_kind::parent || (root->more && !root->more->seeking.empty())) return underivable(*root);
    return root;
  }

 private:
  lowered lower(node* n) {
    bool keep = n->keep_array;
    MDLC_TRY(node * out, lower_kind(n));
    if (keep) out->keep_array = true;
    return out;
  }

  lowered lower_kind(node* n) {
    switch (n->what) {
      case node_kind::end:
        return tl::unexpected(fault{.code = "S0207", .position = n->at, .token = "(end)", .has_token = true});
      case node_kind::keyword:
        n->what = node_kind::name;
        return name(n);
      case node_kind::name:
        return name(n);
      case node_kind::parent:
        n->rare().ancestor = &program_.slots.emplace_back();
        n->more->ancestor->label = program_.intern("!" + std::to_string(program_.slots.size()));
        return n;
      case node_kind::dot:
        return dot(n);
      case node_kind::filter:
        return filter(n);
      case node_kind::group:
        return group(n);
      case node_kind::order:
        return order(n);
      case node_kind::focus:
        return focus(n);
      case node_kind::position:
        return position(n);
      case node_kind::negate:
        return negate(n);
      case node_kind::lambda: {
        MDLC_TRY(n->right, lower(n->right));
        mark_tail(n->right);
        return n;
      }
      case node_kind::apply: {
        MDLC_TRY(n->left, lower(n->left));
        MDLC_TRY(n->right, lower(n->right));
        n->keep_array = n->left->keep_array || n->right->keep_array;
        return n;
      }
      case node_kind::transform: {
        MDLC_TRY(n->left, lower(n->left));
        MDLC_TRY(n->right, lower(n->right));
        if (n->third) {
          MDLC_TRY(n->third, lower(n->third));
        }
        return n;
      }
      case node_kind::call:
      case node_kind::partial: {
        MDLC_CHECK(parts(n, n->items));
        MDLC_TRY(n->left, lower(n->left));
        return n;
      }
      case node_kind::block: {
        MDLC_CHECK(parts(n, n->items));
        for (const node* part : n->items)
          if (part->cons_array || (part->what == node_kind::path && part->items[0]->cons_array)) n->cons_array = true;
        return n;
      }
      default:
        for (node** part : {&n->left, &n->right, &n->third})
          if (*part) {
            MDLC_TRY(*part, lower(*part));
            push_seeking(n, *part);
          }
        MDLC_CHECK(parts(n, n->items));
        return n;
    }
  }

  base::result<void, fault> parts(node* n, std::vector<node*>& all) {
    for (node*& part : all) {
      MDLC_TRY(part, lower(part));
      push_seeking(n, part);
    }
    return {};
  }

  node* path_of(std::initializer_list<node*> steps) {
    node& out = program_.nodes.emplace_back();
    out.what = node_kind::path;
    out.items = steps;
    return &out;
  }

  lowered name(node* n) {
    node* out = path_of({n});
    out->at = n->at;
    out->keep_singleton = n->keep_array;
    return out;
  }

  lowered dot(node* n) {
    MDLC_TRY(node * first, lower(n->left));
    node* out = first;
    if (first->what != node_kind::path) {
      out = path_of({first});
      out->at = n->at;
      if (first->what == node_kind::parent) out->rare().seeking = {first->more->ancestor};
    }
    MDLC_TRY(node * rest, lower(n->right));
    if (rest->what == node_kind::path) {
      out->items.insert(out->items.end(), rest->items.begin(), rest->items.end());
    } else {
      predicates_to_stages(rest);
      out->items.push_back(rest);
    }
    for (node* step : out->items) {
      if (step->what == node_kind::literal) {
        if (!step->literal.is_string()) return literal_step(*step);
        step->what = node_kind::name;
        step->text = step->literal.text();
      }
      if (step->keep_array) out->keep_singleton = true;
    }
    for (node* end : {out->items.front(), out->items.back()})
      if (end->what == node_kind::array) end->cons_array = true;
    MDLC_CHECK(resolve_parents(out));
    return out;
  }

  static tl::unexpected<fault> literal_step(const node& n) {
    fault f{.code = "S0213", .position = n.at};
    if (n.literal.is_number())
      f.value = n.literal.number();
    else if (n.literal.is(kind::boolean))
      f.value = n.literal.flag;
    else
      f.value = nullptr;
    return tl::unexpected(std::move(f));
  }

  static void predicates_to_stages(node* n) {
    if (n->has_predicates()) std::swap(n->more->predicates, n->more->stages);
  }

  lowered filter(node* n) {
    MDLC_TRY(node * out, lower(n->left));
    bool path = out->what == node_kind::path;
    node* step = path ? out->items.back() : out;
    if (step->has_group()) return wrong("S0209", *n);
    MDLC_TRY(node * test, lower(n->right));
    if (test->more && !test->more->seeking.empty()) {
      for (ancestor_slot* slot : test->more->seeking) {
        if (slot->level == 1) {
          MDLC_CHECK(seek(step, slot));
        } else {
          --slot->level;
        }
      }
      push_seeking(step, test);
    }
    (path ? step->rare().stages : step->rare().predicates).push_back({.test = test});
    return out;
  }

  lowered group(node* n) {
    MDLC_TRY(node * out, lower(n->left));
    if (out->has_group()) return wrong("S0210", *n);
    n->what = node_kind::object;
    n->left = nullptr;
    for (node*& part : n->items) {
      MDLC_TRY(part, lower(part));
    }
    out->rare().group = n;
    return out;
  }

  lowered order(node* n) {
    MDLC_TRY(node * out, lower(n->left));
    if (out->what != node_kind::path) {
      out = path_of({out});
      out->at = n->at;
    }
    n->what = node_kind::sort;
    n->left = nullptr;
    for (node* term : n->items) {
      MDLC_TRY(term->left, lower(term->left));
      push_seeking(n, term->left);
    }
    out->items.push_back(n);
    MDLC_CHECK(resolve_parents(out));
    return out;
  }

  lowered focus(node* n) {
    MDLC_TRY(node * out, lower(n->left));
    node* step = out->what == node_kind::path ? out->items.back() : out;
    if (step->has_stages() || step->has_predicates()) return wrong("S0215", *n);
    if (step->what == node_kind::sort) return wrong("S0216", *n);
    if (n->keep_array) step->keep_array = true;
    step->rare().focus = program_.intern(n->right->text);
    step->tuple = true;
    return out;
  }

  lowered position(node* n) {
    MDLC_TRY(node * out, lower(n->left));
    node* step = out;
    if (out->what == node_kind::path) {
      step = out->items.back();
    } else {
      out = path_of({step});
      out->at = n->at;
      predicates_to_stages(step);
    }
    const std::string* name = program_.intern(n->right->text);
    if (step->has_stages())
      step->more->stages.push_back({.index = name});
    else
      step->rare().index = name;
    step->tuple = true;
    return out;
  }

  lowered negate(node* n) {
    MDLC_TRY(n->left, lower(n->left));
    node* of = n->left;
    if (of->what == node_kind::literal && of->literal.is_number()) {
      of->literal = jsonata::number(-of->literal.number());
      return of;
    }
    push_seeking(n, of);
    return n;
  }

  // The last call of a function's body is made by whoever called the function, so that the depth does not grow.
  static void mark_tail(node* n) {
    bool plain = !n->has_predicates() && !n->has_group() && !n->keep_array;
    if (n->what == node_kind::call && plain) n->tail = true;
    if (n->what == node_kind::condition || n->what == node_kind::fallback || n->what == node_kind::coalesce) {
      if (n->what == node_kind::condition && n->third) mark_tail(n->third);
      mark_tail(n->right);
    }
    if (n->what == node_kind::block && plain && !n->items.empty()) mark_tail(n->items.back());
  }

  // Parents that `part` still looks for are looked for by what it is a part of.
  static void push_seeking(node* to, node* part) {
    if (!part->more) return;
    const auto& from = *part->more;
    if (from.seeking.empty() && part->what != node_kind::parent) return;
    auto slots = from.seeking;
    if (part->what == node_kind::parent) slots.push_back(from.ancestor);
    auto& mine = to->rare().seeking;
    mine.insert(mine.end(), slots.begin(), slots.end());
  }

  // Goes one step up for `slot`; where its level is reached, the step binds what it starts from.
  static base::result<void, fault> seek(node* n, ancestor_slot* slot) {
    switch (n->what) {
      case node_kind::name:
      case node_kind::wildcard:
        if (--slot->level == 0) {
          if (n->rare().ancestor) slot->label = n->more->ancestor->label;
          n->more->ancestor = slot;
          n->tuple = true;
        }
        return {};
      case node_kind::parent:
        ++slot->level;
        return {};
      case node_kind::block:
        if (n->items.empty()) return {};
        n->tuple = true;
        return seek(n->items.back(), slot);
      case node_kind::path: {
        n->tuple = true;
        size_t i = n->items.size();
        do {
          MDLC_CHECK(seek(n->items[--i], slot));
        } while (slot->level > 0 && i > 0);
        return {};
      }
      default:
        return underivable(*n);
    }
  }

  static tl::unexpected<fault> underivable(const node& n) {
    return tl::unexpected(fault{.code = "S0217", .position = n.at, .token = kind_of(n), .has_token = true});
  }

  // What the reference calls a node of that kind.
  static std::string kind_of(const node& n) {
    switch (n.what) {
      case node_kind::literal:
        return n.literal.is_string() ? "string" : n.literal.is_number() ? "number" : "value";
      case node_kind::variable:
        return "variable";
      case node_kind::descendants:
        return "descendant";
      case node_kind::array:
      case node_kind::object:
      case node_kind::negate:
        return "unary";
      case node_kind::condition:
      case node_kind::fallback:
      case node_kind::coalesce:
        return "condition";
      case node_kind::call:
        return "function";
      case node_kind::partial:
        return "partial";
      case node_kind::lambda:
        return "lambda";
      case node_kind::apply:
        return "apply";
      case node_kind::transform:
        return "transform";
      case node_kind::bind:
        return "bind";
      case node_kind::sort:
        return "sort";
      case node_kind::regex:
        return "regex";
      case node_kind::parent:
        return "parent";
      case node_kind::path:
        return "path";
      case node_kind::block:
        return "block";
      default:
        return "binary";
    }
  }

  static base::result<void, fault> resolve_parents(node* path) {
    auto& steps = path->items;
    node* last = steps.back();
    std::vector<ancestor_slot*> slots;
    if (last->more) slots = last->more->seeking;
    if (last->what == node_kind::parent) slots.push_back(last->more->ancestor);
    for (ancestor_slot* slot : slots) {
      auto i = static_cast<ptrdiff_t>(steps.size()) - 2;
      while (slot->level > 0) {
        if (i < 0) {
          path->rare().seeking.push_back(slot);
          break;
        }
        node* step = steps[static_cast<size_t>(i--)];
        // Steps in a row that bind what they find start from the same place.
        auto focuses = [](const node* s) { return s->more && s->more->focus; };
        while (i >= 0 && focuses(step) && focuses(steps[static_cast<size_t>(i)]))
          step = steps[static_cast<size_t>(i--)];
        MDLC_CHECK(seek(step, slot));
      }
    }
    return {};
  }

  program& program_;
};

}  // namespace

base::result<node*, fault> lower(program& p, node* n) { return lowering(p).all(n); }

}  // namespace mdlc::expr::jsonata
