#include <re2/re2.h>

#include <charconv>

#include "expr/jsonpath/steps.h"

namespace mdlc::expr::jsonpath {
namespace {

class filter_reader {
 public:
  filter_reader(std::string_view text, size_t at) : text_(text), at_(at) {}
  size_t at() const { return at_; }

  base::result<filter> either(int depth) {
    if (depth > max_filter_depth) return base::fail("The filter is nested too deeply");
    return chain(filter::kind::either, "||", depth);
  }

 private:
  base::result<filter> chain(filter::kind kind, std::string_view sign, int depth) {
    auto next = [&]() { return kind == filter::kind::either ? chain(filter::kind::both, "&&", depth) : unary(depth); };
    MDLC_TRY(filter first, next());
    if (!starts_with(sign)) return first;
    filter out{.what = kind};
    out.parts.push_back(std::move(first));
    while (starts_with(sign)) {
      at_ += sign.size();
      MDLC_TRY(filter more, next());
      out.parts.push_back(std::move(more));
    }
    return out;
  }

  base::result<filter> unary(int depth) {
    skip();
    if (peek() == '!' && peek(1) != '=') {
      ++at_;
      if (depth + 1 > max_filter_depth) return base::fail("The filter is nested too deeply");
      MDLC_TRY(filter inner, unary(depth + 1));
      filter out{.what = filter::kind::negate};
      out.parts.push_back(std::move(inner));
      return out;
    }
    if (peek() == '(') {
      ++at_;
      MDLC_TRY(filter inner, either(depth + 1));
      skip();
      if (peek() != ')') return base::fail(fmt::format("Expected ')' at position {}", at_ + 1));
      ++at_;
      return inner;
    }
    return comparison(depth);
  }

  base::result<filter> comparison(int depth) {
    filter out;
    MDLC_TRY(auto left, operand(depth));
    out.operands.push_back(std::move(left));
    skip();
    static const std::vector<std::pair<std::string_view, filter::op>> signs{
        {"==", filter::op::equal},      {"!=", filter::op::differs},      {"<=", filter::op::at_most},
        {">=", filter::op::at_least},   {"<", filter::op::less},          {">", filter::op::greater},
        {"=~", filter::op::matches},    {"in ", filter::op::in},          {"IN ", filter::op::in},
        {"nin ", filter::op::not_in},   {"NIN ", filter::op::not_in},     {"subsetof ", filter::op::subset_of},
        {"anyof ", filter::op::any_of}, {"noneof ", filter::op::none_of}, {"contains ", filter::op::contains},
        {"size ", filter::op::size},    {"empty ", filter::op::empty}};
    for (const auto& [sign, op] : signs) {
      if (!starts_with(sign)) continue;
      at_ += sign.size();
      out.what = filter::kind::compare;
      out.compare_by = op;
      MDLC_TRY(auto right, operand(depth));
      out.operands.push_back(std::move(right));
      break;
    }
    return out;
  }

  base::result<filter::operand> operand(int depth) {
    skip();
    filter::operand out;
    char c = peek();
    if (c == '@' || c == '$') return place();
    if (c == '\'' || c == '"') {
      MDLC_TRY(auto text, quoted());
      out.literal = json::string(text);
      return out;
    }
    if (c == '/') return pattern();
    if (c == '[') {
      ++at_;
      json::array list;
      while (skip(), peek() != ']') {
        if (depth + 1 > max_filter_depth) return base::fail("The filter is nested too deeply");
        MDLC_TRY(auto element, operand(depth + 1));
        list.push_back(std::move(element.literal));
        skip();
        if (peek() == ',')
          ++at_;
        else if (peek() != ']')
          return base::fail(fmt::format("Expected ']' at position {}", at_ + 1));
      }
      ++at_;
      out.literal = std::move(list);
      return out;
    }
    for (auto [word, value] :
         {std::pair<std::string_view, json::value>{"true", true}, {"false", false}, {"null", nullptr}})
      if (starts_with(word)) {
        at_ += word.size();
        out.literal = value;
        return out;
      }
    return number();
  }

  // From '@' or '$' to where a path can no longer go on.
  base::result<filter::operand> place() {
    size_t begin = at_++;
    int open = 0;
    char quote = 0;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (quote) {
        if (c == '\\')
          ++at_;
        else if (c == quote)
          quote = 0;
        continue;
      }
      if (c == '\'' || c == '"') {
        if (open == 0) break;
        quote = c;
        continue;
      }
      if (c == '[' || c == '(') ++open;
      if (c == ']' || c == ')') {
        if (open == 0) break;
        --open;
      }
      if (open == 0 && (c == ' ' || c == '=' || c == '!' || c == '<' || c == '>' || c == '&' || c == '|' || c == ','))
        break;
    }
    at_ = std::min(at_, text_.size());
    std::string text{text_.substr(begin, at_ - begin)};
    filter::operand out;
    out.what = text[0] == '@' ? filter::operand::kind::path : filter::operand::kind::root_path;
    text[0] = '$';
    // A path in a filter may hold a filter: every level is shorter than the one around it.
    struct level {
      level() { ++nested_; }
      ~level() { --nested_; }
    } here;
    if (nested_ > max_filter_depth) return base::fail("The filter is nested too deeply");
    MDLC_TRY(out.where, path::parse(text));
    return out;
  }

  base::result<std::string> quoted() {
    char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    if (at_ >= text_.size()) return base::fail("A string in the filter is not closed");
    ++at_;
    return out;
  }

  base::result<filter::operand> pattern() {
    ++at_;
    std::string text;
    while (at_ < text_.size() && text_[at_] != '/') {
      if (text_[at_] == '\\' && peek(1) == '/') ++at_;
      text += text_[at_++];
    }
    if (at_ >= text_.size()) return base::fail("A pattern in the filter is not closed");
    ++at_;
    RE2::Options options;
    options.set_log_errors(false);
    for (; peek() == 'i' || peek() == 's' || peek() == 'u'; ++at_) {
      if (peek() == 'i') options.set_case_sensitive(false);
      if (peek() == 's') options.set_dot_nl(true);
    }
    filter::operand out;
    out.what = filter::operand::kind::pattern;
    out.pattern = std::make_shared<RE2>(text, options);
    if (!out.pattern->ok()) return base::fail("The filter's pattern is not valid: " + out.pattern->error());
    return out;
  }

  base::result<filter::operand> number() {
    size_t begin = at_;
    while (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) ||
                                  std::string_view{"+-.eE"}.find(text_[at_]) != std::string_view::npos))
      ++at_;
    auto value = json::parse(text_.substr(begin, at_ - begin));
    if (!value || !json::is_number(*value))
      return base::fail(fmt::format("Could not parse the filter at position {}", begin + 1));
    filter::operand out;
    out.literal = std::move(*value);
    return out;
  }

  bool starts_with(std::string_view word) {
    skip();
    return text_.substr(at_).starts_with(word);
  }
  void skip() {
    while (peek() == ' ') ++at_;
  }
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::string_view text_;
  size_t at_;
  static thread_local int nested_;
};

thread_local int filter_reader::nested_ = 0;

// Orders two values of one kind; nothing if they cannot be compared.
std::optional<int> order(const json::value& a, const json::value& b) {
  if (json::is_number(a) && json::is_number(b)) {
    double x = json::to_double(a), y = json::to_double(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (a.is_string() && b.is_string()) return json::view(a.get_string()).compare(json::view(b.get_string()));
  return {};
}

bool holds(const json::array& list, const json::value& v) {
  return std::any_of(list.begin(), list.end(), [&](const auto& x) { return equal_values(x, v); });
}

std::optional<size_t> size_of(const json::value& v) {
  if (v.is_array()) return v.get_array().size();
  if (v.is_object()) return v.get_object().size();
  if (v.is_string()) return v.get_string().size();
  return {};
}

bool compare(filter::op op, const json::value& a, const json::value& b) {
  using enum filter::op;
  auto of = [](const json::value& v) -> const json::array& {
    static const json::array none;
    return v.is_array() ? v.get_array() : none;
  };
  auto shared = [&] { return std::any_of(of(a).begin(), of(a).end(), [&](const auto& x) { return holds(of(b), x); }); };
  auto by = order(a, b);
  switch (op) {
    case equal:
      return equal_values(a, b);
    case differs:
      return !equal_values(a, b);
    case less:
      return by && *by < 0;
    case at_most:
      return by && *by <= 0;
    case greater:
      return by && *by > 0;
    case at_least:
      return by && *by >= 0;
    case in:
      return holds(of(b), a);
    case not_in:
      return !holds(of(b), a);
    case subset_of:
      return a.is_array() && std::all_of(of(a).begin(), of(a).end(), [&](const auto& x) { return holds(of(b), x); });
    case any_of:
      return shared();
    case none_of:
      return !shared();
    case contains:
      if (a.is_string() && b.is_string())
        return json::view(a.get_string()).find(json::view(b.get_string())) != std::string_view::npos;
      return holds(of(a), b);
    case size: {
      auto n = size_of(a);
      return n && json::is_number(b) && json::to_double(b) == static_cast<double>(*n);
    }
    case empty: {
      auto n = size_of(a);
      return n && b.is_bool() && (*n == 0) == b.get_bool();
    }
    case matches:
      return false;
  }
  return false;
}

// An operand's value for this candidate; nothing if its path finds nothing.
std::optional<found> resolve(const filter::operand& o, const json::value& candidate, const json::value& root,
                             const limits& l) {
  using enum filter::operand::kind;
  if (o.what == literal) return found::at(o.literal);
  if (o.what == pattern) return {};
  auto hit = o.where.evaluate(o.what == path ? candidate : root, 0, l);
  if (!hit) return {};
  return std::move(*hit);
}

}  // namespace

base::result<filter> parse_filter(std::string_view text, size_t& at, int depth) {
  filter_reader reader{text, at};
  auto out = reader.either(depth);
  at = reader.at();
  return out;
}

bool equal_values(const json::value& a, const json::value& b) {
  if (json::is_number(a) && json::is_number(b)) return json::to_double(a) == json::to_double(b);
  return a == b;
}

bool passes(const filter& f, const json::value& candidate, const json::value& root, const limits& l) {
  auto part = [&](const filter& p) { return passes(p, candidate, root, l); };
  switch (f.what) {
    case filter::kind::either:
      return std::any_of(f.parts.begin(), f.parts.end(), part);
    case filter::kind::both:
      return std::all_of(f.parts.begin(), f.parts.end(), part);
    case filter::kind::negate:
      return !part(f.parts[0]);
    case filter::kind::exists: {
      auto hit = resolve(f.operands[0], candidate, root, l);
      if (!hit) return false;
      bool definite = f.operands[0].what == filter::operand::kind::literal || f.operands[0].where.is_definite();
      return definite || !hit->get().is_array() || !hit->get().get_array().empty();
    }
    case filter::kind::compare:
      break;
  }
  auto left = resolve(f.operands[0], candidate, root, l);
  if (f.compare_by == filter::op::matches) {
    const auto& pattern = f.operands[1].pattern ? f.operands[1].pattern : f.operands[0].pattern;
    auto subject = f.operands[1].pattern ? std::move(left) : resolve(f.operands[1], candidate, root, l);
    if (!pattern || !subject) return false;
    const auto& v = subject->get();
    auto text = v.is_string() ? std::string{json::view(v.get_string())} : json::print(v);
    return re2::RE2::FullMatch(text, *pattern);
  }
  auto right = resolve(f.operands[1], candidate, root, l);
  if (!left || !right)
    return f.compare_by == filter::op::differs && static_cast<bool>(left) != static_cast<bool>(right);
  return compare(f.compare_by, left->get(), right->get());
}

}  // namespace mdlc::expr::jsonpath
