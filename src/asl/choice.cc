#include "asl/choice.h"

#include "base/time.h"

namespace mdlc::asl {
namespace {

using verdict = base::result<bool, std::string>;
using compiled = base::result<std::shared_ptr<const condition>, rule_problem>;

class both : public condition {
 public:
  std::vector<std::shared_ptr<const condition>> parts;
  bool all = true;  // And; else Or

  verdict holds(const scope& s) const override {
    for (const auto& p : parts) {
      MDLC_TRY(bool one, p->holds(s));
      if (one != all) return one;
    }
    return all;
  }
  void variables(std::set<std::string>& out) const override {
    for (const auto& p : parts) p->variables(out);
  }
};

class negation : public condition {
 public:
  std::shared_ptr<const condition> part;
  verdict holds(const scope& s) const override {
    MDLC_TRY(bool one, part->holds(s));
    return !one;
  }
  void variables(std::set<std::string>& out) const override { part->variables(out); }
};

enum class subject {
  string,
  number,
  boolean,
  time,
  is_null,
  is_present,
  is_numeric,
  is_string,
  is_boolean,
  is_timestamp
};
enum class relation { equals, less, greater, at_most, at_least, matches };

struct comparison_operator {
  std::string_view name;
  subject on;
  relation by;
};

constexpr comparison_operator operators[] = {
    {"StringEquals", subject::string, relation::equals},
    {"StringLessThan", subject::string, relation::less},
    {"StringGreaterThan", subject::string, relation::greater},
    {"StringLessThanEquals", subject::string, relation::at_most},
    {"StringGreaterThanEquals", subject::string, relation::at_least},
    {"StringMatches", subject::string, relation::matches},
    {"NumericEquals", subject::number, relation::equals},
    {"NumericLessThan", subject::number, relation::less},
    {"NumericGreaterThan", subject::number, relation::greater},
    {"NumericLessThanEquals", subject::number, relation::at_most},
    {"NumericGreaterThanEquals", subject::number, relation::at_least},
    {"BooleanEquals", subject::boolean, relation::equals},
    {"TimestampEquals", subject::time, relation::equals},
    {"TimestampLessThan", subject::time, relation::less},
    {"TimestampGreaterThan", subject::time, relation::greater},
    {"TimestampLessThanEquals", subject::time, relation::at_most},
    {"TimestampGreaterThanEquals", subject::time, relation::at_least},
    {"IsNull", subject::is_null, relation::equals},
    {"IsPresent", subject::is_present, relation::equals},
    {"IsNumeric", subject::is_numeric, relation::equals},
    {"IsString", subject::is_string, relation::equals},
    {"IsBoolean", subject::is_boolean, relation::equals},
    {"IsTimestamp", subject::is_timestamp, relation::equals},
};

bool is_test(subject s) { return s >= subject::is_null; }

std::optional<base::time_point> time_of(const json::value& v) {
  if (!v.is_string()) return {};
  auto text = json::view(v.get_string());
  if (text.find('T') == std::string_view::npos) return {};
  auto t = base::from_iso8601(text);
  return t ? std::optional{*t} : std::nullopt;
}

// `*` stands for any run of characters, `\*` for a star, `\\` for a backslash. Linear in practice, quadratic at worst.
bool matches(std::string_view text, std::string_view pattern) {
  struct token {
    char c;
    bool any;
  };
  std::vector<token> tokens;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size())
      tokens.push_back({pattern[++i], false});
    else
      tokens.push_back({pattern[i], pattern[i] == '*'});
  }
  size_t t = 0, p = 0, star = SIZE_MAX, mark = 0;
  while (t < text.size()) {
    if (p < tokens.size() && !tokens[p].any && tokens[p].c == text[t]) {
      ++t, ++p;
    } else if (p < tokens.size() && tokens[p].any) {
      star = p++;
      mark = t;
    } else if (star != SIZE_MAX) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < tokens.size() && tokens[p].any) ++p;
  return p == tokens.size();
}

template <class T>
bool relate(relation by, const T& a, const T& b) {
  switch (by) {
    case relation::equals:
      return a == b;
    case relation::less:
      return a < b;
    case relation::greater:
      return a > b;
    case relation::at_most:
      return a <= b;
    case relation::at_least:
      return a >= b;
    case relation::matches:
      return false;
  }
  return false;
}

// Whether two values stand in the relation; values of another type stand in none.
bool compare(const comparison_operator& op, const json::value& a, const json::value& b) {
  switch (op.on) {
    case subject::string:
      if (!a.is_string() || !b.is_string()) return false;
      if (op.by == relation::matches) return matches(json::view(a.get_string()), json::view(b.get_string()));
      return relate(op.by, json::view(a.get_string()), json::view(b.get_string()));
    case subject::number:
      if (a.is_int64() && b.is_int64()) return relate(op.by, a.get_int64(), b.get_int64());
      return json::is_number(a) && json::is_number(b) && relate(op.by, json::to_double(a), json::to_double(b));
    case subject::boolean:
      return a.is_bool() && b.is_bool() && a.get_bool() == b.get_bool();
    case subject::time: {
      auto x = time_of(a), y = time_of(b);
      return x && y && relate(op.by, *x, *y);
    }
    default:
      return false;
  }
}

class comparison : public condition {
 public:
  std::shared_ptr<const path_expression> variable, other;
  json::value literal;
  comparison_operator op{};

  verdict holds(const scope& s) const override {
    auto hit = variable->evaluate(s);
    if (op.on == subject::is_present) return hit.has_value() == literal.get_bool();
    if (!hit) return tl::unexpected(variable->text());
    if (is_test(op.on)) return is(hit->get()) == literal.get_bool();
    if (!other) return compare(op, hit->get(), literal);
    auto right = other->evaluate(s);
    if (!right) return tl::unexpected(other->text());
    return compare(op, hit->get(), right->get());
  }
  void variables(std::set<std::string>& out) const override {
    variable->variables(out);
    if (other) other->variables(out);
  }

 private:
  bool is(const json::value& v) const {
    switch (op.on) {
      case subject::is_null:
        return v.is_null();
      case subject::is_numeric:
        return json::is_number(v);
      case subject::is_string:
        return v.is_string();
      case subject::is_boolean:
        return v.is_bool();
      case subject::is_timestamp:
        return time_of(v).has_value();
      default:
        return false;
    }
  }
};

bool literal_fits(subject on, const json::value& v) {
  switch (on) {
    case subject::string:
      return v.is_string();
    case subject::number:
      return json::is_number(v);
    case subject::time:
      return time_of(v).has_value();
    default:
      return v.is_bool();
  }
}

compiled refuse(std::string message, std::string where = {}) {
  return tl::unexpected(rule_problem{std::move(message), std::move(where)});
}

compiled composite(std::string_view name, const json::value& v, int depth) {
  auto inside = [&](const json::value& rule, std::string where) -> compiled {
    auto one = compile_condition(rule, depth + 1);
    if (one) return one;
    auto below = std::move(one.error().where);
    return refuse(std::move(one.error().message), below.empty() ? where : where + "/" + below);
  };
  if (name == "Not") {
    auto out = std::make_shared<negation>();
    MDLC_TRY(out->part, inside(v, "Not"));
    return out;
  }
  if (!v.is_array() || v.get_array().empty()) return refuse("A non-empty array is required", std::string{name});
  auto out = std::make_shared<both>();
  out->all = name == "And";
  for (size_t i = 0; i < v.get_array().size(); ++i) {
    MDLC_TRY(auto one, inside(v.get_array()[i], fmt::format("{}[{}]", name, i)));
    out->parts.push_back(std::move(one));
  }
  return out;
}

}  // namespace

compiled compile_condition(const json::value& rule, int depth) {
  if (!rule.is_object()) return refuse("Expected value of type Object");
  if (depth > max_choice_depth) return refuse("The rule is nested too deeply");
  std::shared_ptr<const condition> out;
  auto found = std::make_shared<comparison>();
  int rules = 0;
  for (const auto& [key, v] : rule.get_object()) {
    std::string_view name{key.data(), key.size()};
    if (name == "And" || name == "Or" || name == "Not") {
      ++rules;
      MDLC_TRY(out, composite(name, v, depth));
      continue;
    }
    if (name == "Variable") {
      if (!v.is_string()) return refuse("Expected value of type String", "Variable");
      auto path = path_expression::parse(json::view(v.get_string()));
      if (!path) return refuse("Value is not a valid JSONPath", "Variable");
      found->variable = std::move(*path);
      continue;
    }
    bool is_path = name.ends_with("Path");
    auto plain = is_path ? name.substr(0, name.size() - 4) : name;
    for (const auto& op : operators) {
      if (op.name != plain || (is_path && (is_test(op.on) || op.by == relation::matches))) continue;
      ++rules;
      found->op = op;
      if (is_path) {
        auto path = v.is_string() ? path_expression::parse(json::view(v.get_string()))
                                  : base::result<std::shared_ptr<const path_expression>>(base::fail("no string"));
        if (!path) return refuse("Value is not a valid JSONPath", std::string{name});
        found->other = std::move(*path);
      } else {
        if (!literal_fits(op.on, v)) return refuse("The value does not fit the comparison operator", std::string{name});
        found->literal = v;
      }
    }
  }
  if (rules != 1) return refuse("Exactly one comparison operator or one of And, Or, Not is required");
  if (out) return out;
  if (!found->variable) return refuse("These fields are required: [Variable]");
  return found;
}

}  // namespace mdlc::asl
