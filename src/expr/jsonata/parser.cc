// Operator precedence parsing: each token may begin an expression (`prefix`) or go on with one (`infix`).
#include "expr/jsonata/ast.h"
#include "expr/jsonata/lexer.h"
#include "expr/jsonata/number.h"

namespace mdlc::expr::jsonata {
namespace {

using parsed = base::result<node*, fault>;

struct infix_operator {
  std::string_view text;
  int power;
  op by = op::none;
};
constexpr infix_operator operators[] = {
    {".", 75},
    {"[", 80},
    {"{", 70},
    {"(", 80},
    {"@", 80},
    {"#", 80},
    {"?", 20},
    {"^", 40},
    {":=", 10},
    {"~>", 40},
    {"?:", 40},
    {"??", 40},
    {"+", 50, op::add},
    {"-", 50, op::subtract},
    {"*", 60, op::multiply},
    {"/", 60, op::divide},
    {"%", 60, op::modulo},
    {"=", 40, op::equal},
    {"<", 40, op::less},
    {">", 40, op::greater},
    {"!=", 40, op::differ},
    {"<=", 40, op::at_most},
    {">=", 40, op::at_least},
    {"and", 30, op::both},
    {"or", 25, op::either},
    {"in", 40, op::in},
    {"&", 50, op::concat},
};

const infix_operator* operator_of(const token& t) {
  if (t.what != token::kind::op) return nullptr;
  for (const auto& o : operators)
    if (o.text == t.text) return &o;
  return nullptr;
}

class reader {
 public:
  explicit reader(program& p) : program_(p), lexer_(p) {}

  parsed all() {
    MDLC_CHECK(advance(false));
    MDLC_TRY(node * out, expression(0));
    if (now_.what != token::kind::end) return wrong("S0201");
    return out;
  }

 private:
  tl::unexpected<fault> wrong(const char* code) const { return wrong(code, now_); }
  static tl::unexpected<fault> wrong(const char* code, const token& t) {
    fault f{.code = code, .position = t.at, .token = shown(t), .has_token = true};
    f.token_is_value = is_value(t);
    return tl::unexpected(std::move(f));
  }
  static bool is_value(const token& t) { return t.what == token::kind::number || t.what == token::kind::constant; }
  static std::string shown(const token& t) {
    if (t.what == token::kind::number) return to_text(t.constant.number());
    if (t.what == token::kind::end) return "(end)";
    return std::string{t.text};
  }

  base::result<void, fault> advance(bool after_operand) {
    MDLC_TRY(now_, lexer_.next(after_operand));
    if (now_.what == token::kind::op && (now_.text == "!" || now_.text == "~")) return wrong("S0204");
    return {};
  }
  bool at(std::string_view text) const { return now_.what == token::kind::op && now_.text == text; }
  base::result<void, fault> expect(std::string_view text, bool after_operand = false) {
    if (at(text)) return advance(after_operand);
    fault f{.code = now_.what == token::kind::end ? "S0203" : "S0202",
            .position = now_.at,
            .token = shown(now_),
            .has_token = true,
            .token_is_value = is_value(now_),
            .value = json_text(text)};
    return tl::unexpected(std::move(f));
  }

  node* make(node_kind what, const token& t) {
    node& out = program_.nodes.emplace_back();
    out.what = what;
    out.at = t.at;
    out.text = t.text;
    return &out;
  }
  // Called when all children are there.
  parsed done(node* n) {
    size_t below = 0;
    auto look = [&](const node* child) {
      if (child) below = std::max<size_t>(below, child->height);
    };
    look(n->left), look(n->right), look(n->third);
    for (const node* child : n->items) look(child);
    if (below >= max_source_depth) return too_deep(n->at);
    n->height = static_cast<uint16_t>(below + 1);
    return n;
  }
  static tl::unexpected<fault> too_deep(uint32_t at) {
    return tl::unexpected(fault{.code = "S0902", .position = at, .value = json::value(max_source_depth)});
  }

  parsed expression(int power) {
    if (depth_ >= max_source_depth) return too_deep(now_.at);
    ++depth_;
    auto out = expression_within(power);
    --depth_;
    return out;
  }

  parsed expression_within(int power) {
    token t = std::move(now_);
    MDLC_CHECK(advance(true));
    MDLC_TRY(node * left, prefix(t));
    while (true) {
      auto* o = operator_of(now_);
      if (!o || power >= o->power) return left;
      t = std::move(now_);
      MDLC_CHECK(advance(false));
      MDLC_TRY(left, infix(left, t, *o));
    }
  }

  parsed prefix(const token& t) {
    switch (t.what) {
      case token::kind::end:
        return make(node_kind::end, t);
      case token::kind::name:
        return make(node_kind::name, t);
      case token::kind::variable:
        return make(node_kind::variable, t);
      case token::kind::text:
      case token::kind::number:
      case token::kind::constant: {
        node* n = make(node_kind::literal, t);
        n->literal = t.what == token::kind::text ? string(t.text) : t.constant;
        return n;
      }
      case token::kind::regex: {
        node* n = make(node_kind::regex, t);
        n->rare().pattern = t.pattern;
        return n;
      }
      case token::kind::op:
        break;
    }
    if (t.text == "and" || t.text == "or" || t.text == "in") return make(node_kind::keyword, t);
    if (t.text == "*") return make(node_kind::wildcard, t);
    if (t.text == "**") return make(node_kind::descendants, t);
    if (t.text == "%") return make(node_kind::parent, t);
    if (t.text == "-") {
      node* n = make(node_kind::negate, t);
      MDLC_TRY(n->left, expression(70));
      return done(n);
    }
    if (t.text == "(") return block(t);
    if (t.text == "[") return array(t);
    if (t.text == "{") return members(make(node_kind::object, t));
    if (t.text == "|") return transform(t);
    return wrong("S0211", t);
  }

  parsed infix(node* left, const token& t, const infix_operator& o) {
    if (t.text == "(") return call(left, t);
    if (t.text == "[") return filter(left, t);
    if (t.text == "{") {
      node* n = make(node_kind::group, t);
      n->left = left;
      return members(n);
    }
    if (t.text == "^") return order(left, t);
    if (t.text == "?") return condition(left, t);
    if (t.text == "?:" || t.text == "??") {
      node* n = make(t.text == "??" ? node_kind::coalesce : node_kind::fallback, t);
      n->left = left;
      MDLC_TRY(n->right, expression(0));
      return done(n);
    }
    if (t.text == ":=") {
      if (left->what != node_kind::variable)
        return tl::unexpected(
            fault{.code = "S0212", .position = left->at, .token = std::string{left->text}, .has_token = true});
      node* n = make(node_kind::bind, t);
      n->text = left->text;
      MDLC_TRY(n->right, expression(o.power - 1));
      return done(n);
    }
    node* n = make(node_kind::binary, t);
    n->left = left;
    MDLC_TRY(n->right, expression(o.power));
    n->by = o.by;
    if (t.text == ".") n->what = node_kind::dot;
    if (t.text == "~>") n->what = node_kind::apply;
    if (t.text == "@" || t.text == "#") {
      n->what = t.text == "@" ? node_kind::focus : node_kind::position;
      if (n->right->what != node_kind::variable)
        return tl::unexpected(
            fault{.code = "S0214", .position = n->right->at, .token = std::string{t.text}, .has_token = true});
    }
    return done(n);
  }

  parsed block(const token& t) {
    node* n = make(node_kind::block, t);
    while (!at(")")) {
      MDLC_TRY(node * part, expression(0));
      n->items.push_back(part);
      if (!at(";")) break;
      MDLC_CHECK(advance(false));
    }
    MDLC_CHECK(expect(")", true));
    return done(n);
  }

  parsed array(const token& t) {
    node* n = make(node_kind::array, t);
    bool more = !at("]");
    while (more) {
      MDLC_TRY(node * item, expression(0));
      if (at("..")) {
        node* range = make(node_kind::binary, now_);
        range->by = op::range;
        range->left = item;
        MDLC_CHECK(advance(false));
        MDLC_TRY(range->right, expression(0));
        MDLC_TRY(item, done(range));
      }
      n->items.push_back(item);
      more = at(",");
      if (more) MDLC_CHECK(advance(false));
    }
    MDLC_CHECK(expect("]", true));
    return done(n);
  }

  // name: value, … }
  parsed members(node* n) {
    bool more = !at("}");
    while (more) {
      MDLC_TRY(node * name, expression(0));
      MDLC_CHECK(expect(":"));
      MDLC_TRY(node * value, expression(0));
      n->items.push_back(name);
      n->items.push_back(value);
      more = at(",");
      if (more) MDLC_CHECK(advance(false));
    }
    MDLC_CHECK(expect("}", true));
    return done(n);
  }

  parsed transform(const token& t) {
    node* n = make(node_kind::transform, t);
    MDLC_TRY(n->left, expression(0));
    MDLC_CHECK(expect("|"));
    MDLC_TRY(n->right, expression(0));
    if (at(",")) {
      MDLC_CHECK(advance(false));
      MDLC_TRY(n->third, expression(0));
    }
    MDLC_CHECK(expect("|", true));
    return done(n);
  }

  parsed condition(node* left, const token& t) {
    node* n = make(node_kind::condition, t);
    n->left = left;
    MDLC_TRY(n->right, expression(0));
    if (at(":")) {
      MDLC_CHECK(advance(false));
      MDLC_TRY(n->third, expression(0));
    }
    return done(n);
  }

  parsed filter(node* left, const token& t) {
    if (at("]")) {
      // Nothing between: what is to the left, before its tests, keeps its array.
      node* step = left;
      while (step->what == node_kind::filter) step = step->left;
      step->keep_array = true;
      MDLC_CHECK(advance(true));
      return left;
    }
    node* n = make(node_kind::filter, t);
    n->left = left;
    MDLC_TRY(n->right, expression(0));
    MDLC_CHECK(expect("]", true));
    return done(n);
  }

  parsed order(node* left, const token& t) {
    node* n = make(node_kind::order, t);
    n->left = left;
    MDLC_CHECK(expect("("));
    while (true) {
      bool descending = at(">");
      if (descending || at("<")) MDLC_CHECK(advance(false));
      node* term = make(node_kind::term, t);
      term->descending = descending;
      MDLC_TRY(term->left, expression(0));
      MDLC_TRY(term, done(term));
      n->items.push_back(term);
      if (!at(",")) break;
      MDLC_CHECK(advance(false));
    }
    MDLC_CHECK(expect(")", true));
    return done(n);
  }

  parsed call(node* left, const token& t) {
    node* n = make(node_kind::call, t);
    n->left = left;
    bool more = !at(")");
    while (more) {
      if (n->items.size() == max_arguments)
        return tl::unexpected(fault{.code = "S0903", .position = now_.at, .value = json::value(max_arguments)});
      if (at("?")) {
        n->what = node_kind::partial;
        n->items.push_back(make(node_kind::hole, now_));
        MDLC_CHECK(advance(true));
      } else {
        MDLC_TRY(node * argument, expression(0));
        n->items.push_back(argument);
      }
      more = at(",");
      if (more) MDLC_CHECK(advance(false));
    }
    MDLC_CHECK(expect(")", true));
    if (left->what == node_kind::name && (left->text == "function" || left->text == "\u03BB")) return lambda(n);
    return done(n);
  }

  parsed lambda(node* n) {
    for (size_t i = 0; i < n->items.size(); ++i)
      if (n->items[i]->what != node_kind::variable)
        return tl::unexpected(fault{.code = "S0208",
                                    .position = n->items[i]->at,
                                    .token = std::string{n->items[i]->text},
                                    .has_token = true,
                                    .value = json::value(i + 1)});
    n->what = node_kind::lambda;
    n->left = nullptr;
    if (at("<")) MDLC_CHECK(declaration(n));
    MDLC_CHECK(expect("{"));
    MDLC_TRY(n->right, expression(0));
    MDLC_CHECK(expect("}", true));
    return done(n);
  }

  base::result<void, fault> declaration(node* n) {
    uint32_t begin = now_.at;
    int depth = 1;
    std::string text = "<";
    while (depth > 0 && !at("{") && now_.what != token::kind::end) {
      MDLC_CHECK(advance(false));
      if (at(">")) --depth;
      if (at("<")) ++depth;
      text += now_.text;
    }
    MDLC_CHECK(expect(">"));
    auto read = signature::parse(text);
    if (!read)
      return tl::unexpected(fault{.code = read.error().code,
                                  .position = static_cast<int64_t>(begin + read.error().offset),
                                  .value = json_text(read.error().value)});
    n->rare().declared = std::make_shared<const signature>(*std::move(read));
    return {};
  }

  program& program_;
  lexer lexer_;
  token now_;
  size_t depth_ = 0;
};

}  // namespace

base::result<node*, fault> read(program& p) { return reader(p).all(); }

}  // namespace mdlc::expr::jsonata
