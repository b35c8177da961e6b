#include <charconv>

#include "expr/jsonpath/steps.h"

namespace mdlc::expr::jsonpath {
namespace {

constexpr size_t usual_steps = 4;

class reader {
 public:
  explicit reader(std::string_view text) : text_(text) {}

  base::result<std::vector<std::shared_ptr<const step>>> all() {
    std::vector<std::shared_ptr<const step>> steps;
    steps.reserve(usual_steps);
    while (at_ < text_.size()) {
      if (peek() == '.') {
        ++at_;
        if (peek() == '.') {
          ++at_;
          steps.push_back(std::make_shared<step>(step{.what = step::kind::descend}));
          if (peek() != '[') {
            MDLC_TRY(auto next, after_dot());
            steps.push_back(std::make_shared<step>(std::move(next)));
            continue;
          }
        } else {
          MDLC_TRY(auto next, after_dot());
          steps.push_back(std::make_shared<step>(std::move(next)));
          continue;
        }
      }
      if (peek() != '[') return base::fail(fmt::format("Unexpected character '{}' at position {}", peek(), at_ + 1));
      MDLC_TRY(auto next, bracket());
      steps.push_back(std::make_shared<step>(std::move(next)));
    }
    for (size_t i = 0; i + 1 < steps.size(); ++i)
      if (steps[i]->what == step::kind::function) return base::fail("A function must be the last step of a path");
    return steps;
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void skip_blanks() {
    while (peek() == ' ') ++at_;
  }

  base::result<step> after_dot() {
    if (peek() == '*') {
      ++at_;
      return step{.what = step::kind::wildcard};
    }
    size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '.' && text_[at_] != '[' && text_[at_] != '(' && text_[at_] != ' ')
      ++at_;
    auto name = std::string{text_.substr(begin, at_ - begin)};
    if (name.empty()) return base::fail("Path must not end with a '.' or '..'");
    if (peek() == ' ') return base::fail("Use bracket notion ['my prop'] if your property contains blank characters");
    if (peek() == '(') return function(std::move(name));
    step out{.what = step::kind::name};
    out.names.push_back(std::move(name));
    return out;
  }

  base::result<step> function(std::string name) {
    static const std::vector<std::string_view> known{"length", "size", "min",   "max",  "avg",  "sum",
                                                     "stddev", "keys", "first", "last", "index"};
    if (std::find(known.begin(), known.end(), name) == known.end())
      return base::fail(fmt::format("Function with name: {} does not exist.", name));
    ++at_;
    step out{.what = step::kind::function, .names = {std::move(name)}};
    skip_blanks();
    if (peek() != ')') {
      MDLC_TRY(auto argument, integer());
      out.indexes.push_back(argument);
      skip_blanks();
    }
    if (peek() != ')') return base::fail("Arguments to function: '" + out.names[0] + "' are not closed properly.");
    ++at_;
    return out;
  }

  base::result<step> bracket() {
    ++at_;
    skip_blanks();
    if (peek() == '*') {
      ++at_;
      return closed(step{.what = step::kind::wildcard});
    }
    if (peek() == '?') return test();
    if (peek() == '\'' || peek() == '"') return names();
    return numbers();
  }

  base::result<step> closed(step s) {
    skip_blanks();
    if (peek() != ']') return base::fail(fmt::format("Expected ']' at position {}", at_ + 1));
    ++at_;
    return s;
  }

  base::result<step> names() {
    step out{.what = step::kind::name};
    while (true) {
      char quote = peek();
      if (quote != '\'' && quote != '"') return base::fail("Found empty property");
      ++at_;
      std::string name;
      while (at_ < text_.size() && text_[at_] != quote) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        name += text_[at_++];
      }
      if (at_ >= text_.size())
        return base::fail("Property has not been closed - missing closing " + std::string(1, quote));
      ++at_;
      out.names.push_back(std::move(name));
      skip_blanks();
      if (peek() != ',') break;
      ++at_;
      skip_blanks();
    }
    if (out.names.size() > 1) out.what = step::kind::names;
    return closed(std::move(out));
  }

  base::result<step> numbers() {
    std::optional<int64_t> first;
    if (peek() != ':') {
      MDLC_TRY(first, integer());
    }
    skip_blanks();
    if (peek() == ':') {
      ++at_;
      skip_blanks();
      step out{.what = step::kind::slice, .from = first};
      if (peek() != ']') {
        MDLC_TRY(out.to, integer());
      }
      return closed(std::move(out));
    }
    step out{.what = step::kind::index, .indexes = {*first}};
    while (peek() == ',') {
      ++at_;
      skip_blanks();
      MDLC_TRY(auto next, integer());
      out.indexes.push_back(next);
      out.what = step::kind::indexes;
      skip_blanks();
    }
    return closed(std::move(out));
  }

  base::result<int64_t> integer() {
    int64_t value = 0;
    auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc{}) return base::fail(fmt::format("Could not parse token starting at position {}", at_));
    at_ = end - text_.data();
    return value;
  }

  base::result<step> test() {
    ++at_;
    skip_blanks();
    if (peek() != '(') return base::fail(fmt::format("Expected '(' at position {}", at_ + 1));
    ++at_;
    MDLC_TRY(auto tree, parse_filter(text_, at_));
    skip_blanks();
    if (peek() != ')') return base::fail(fmt::format("Expected ')' at position {}", at_ + 1));
    ++at_;
    return closed(step{.what = step::kind::filter, .test = std::make_shared<filter>(std::move(tree))});
  }

  std::string_view text_;
  size_t at_ = 1;  // behind '$'
};

}  // namespace

base::result<path> path::parse(std::string_view text) {
  if (text.empty() || text.front() != '$') return base::fail("A path must begin with '$'");
  if (text.size() > max_path_bytes) return base::fail("The path is too long");
  path out;
  out.text_ = text;
  MDLC_TRY(out.steps_, reader{text}.all());
  for (const auto& s : out.steps_) {
    using enum step::kind;
    if (s->what != name && s->what != index && s->what != function) out.definite_ = false;
  }
  return out;
}

bool path::is_reference() const { return definite_ && (steps_.empty() || steps_.back()->what != step::kind::function); }

const std::string* path::name_at(size_t index) const {
  return index < steps_.size() && steps_[index]->what == step::kind::name ? &steps_[index]->names[0] : nullptr;
}

std::string path::canonical() const {
  std::string out = "$";
  for (const auto& s : steps_) out += s->canonical();
  return out;
}

std::string step::canonical() const {
  switch (what) {
    case kind::name:
      return "['" + names[0] + "']";
    case kind::names:
      return "['" + fmt::format("{}", fmt::join(names, "','")) + "']";
    case kind::wildcard:
      return "[*]";
    case kind::index:
      return fmt::format("[{}]", indexes[0]);
    case kind::indexes:
      return fmt::format("[{}]", fmt::join(indexes, ","));
    case kind::slice:
      return fmt::format("[{}:{}]", from ? std::to_string(*from) : "", to ? std::to_string(*to) : "");
    case kind::filter:
      return "[?]";
    case kind::descend:
      return "..";
    case kind::function:
      return "." + names[0] + "()";
  }
  return {};
}

}  // namespace mdlc::expr::jsonpath
