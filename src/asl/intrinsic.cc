#include "asl/intrinsic.h"

#include "asl/intrinsic_functions.h"

namespace mdlc::asl {
namespace {

// Either a literal or something to be evaluated.
struct argument {
  json::value literal;
  std::shared_ptr<const expression> computed{};
  bool is_path = false;
};

class call_expression : public expression {
 public:
  std::string whole;
  const intrinsic_function* function = nullptr;
  std::vector<argument> arguments;

  base::result<found, trouble> evaluate(const scope&) const override;
  const std::string& text() const override { return whole; }
  void variables(std::set<std::string>&) const override;
};

base::result<found, trouble> call_expression::evaluate(const scope& s) const {
  std::vector<json::value> values;
  values.reserve(arguments.size());
  for (const auto& a : arguments) {
    if (!a.computed) {
      values.push_back(a.literal);
      continue;
    }
    auto hit = a.computed->evaluate(s);
    if (!hit && a.is_path) return tl::unexpected(trouble{trouble::kind::missing_argument, a.computed->text()});
    if (!hit) return tl::unexpected(std::move(hit).error());
    values.push_back(std::move(*hit).take());
  }
  auto out = function->call(values, s.luck);
  if (!out) return tl::unexpected(trouble{trouble::kind::function, std::move(out).error().message});
  return found::made(std::move(*out));
}

void call_expression::variables(std::set<std::string>& out) const {
  for (const auto& a : arguments)
    if (a.computed) a.computed->variables(out);
}

class reader {
 public:
  explicit reader(std::string_view text) : text_(text) {}

  base::result<std::shared_ptr<call_expression>> whole() {
    MDLC_TRY(auto out, call(1));
    skip();
    if (at_ != text_.size()) return base::fail(fmt::format("unexpected text after the call at position {}", at_ + 1));
    out->whole = text_;
    return out;
  }

 private:
  base::result<std::shared_ptr<call_expression>> call(int depth) {
    if (depth > max_intrinsic_depth) return base::fail("intrinsic functions are nested too deeply");
    skip();
    size_t begin = at_;
    if (!text_.substr(at_).starts_with("States.")) return base::fail("an intrinsic function begins with 'States.'");
    at_ += 7;
    size_t name = at_;
    while (at_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[at_]))) ++at_;
    auto out = std::make_shared<call_expression>();
    out->function = find_intrinsic(text_.substr(name, at_ - name));
    if (!out->function) return base::fail(fmt::format("there is no function {}", text_.substr(begin, at_ - begin)));
    skip();
    if (peek() != '(') return base::fail(fmt::format("expected '(' at position {}", at_ + 1));
    ++at_;
    skip();
    while (peek() != ')') {
      bool is_template = out->arguments.empty() && out->function->name == "Format";
      MDLC_TRY(auto a, one(depth, is_template));
      out->arguments.push_back(std::move(a));
      skip();
      if (peek() == ',') {
        ++at_;
        skip();
        if (peek() == ')') return base::fail("an argument is missing");
      } else if (peek() != ')') {
        return base::fail(fmt::format("expected ',' or ')' at position {}", at_ + 1));
      }
    }
    ++at_;
    size_t count = out->arguments.size();
    if (count < out->function->least || count > out->function->most)
      return base::fail(fmt::format("States.{} does not take {} arguments", out->function->name, count));
    out->whole = text_.substr(begin, at_ - begin);
    return out;
  }

  base::result<argument> one(int depth, bool is_template) {
    argument out;
    if (peek() == '\'') {
      MDLC_TRY(auto text, quoted(is_template));
      out.literal = json::string(text);
      return out;
    }
    if (peek() == '$') {
      MDLC_TRY(out.computed, path_expression::parse(path()));
      out.is_path = true;
      return out;
    }
    if (text_.substr(at_).starts_with("States.")) {
      MDLC_TRY(out.computed, call(depth + 1));
      return out;
    }
    size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ')' && text_[at_] != ' ') ++at_;
    auto literal = json::parse(text_.substr(begin, at_ - begin));
    if (!literal || literal->is_structured() || literal->is_string())
      return base::fail(fmt::format("not an argument at position {}", begin + 1));
    out.literal = std::move(*literal);
    return out;
  }

  // Escapes are undone here; in the template of States.Format those of braces and backslashes are left to it.
  base::result<std::string> quoted(bool is_template) {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != '\''; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        char next = text_[++at_];
        if (std::string_view{"\\'{}"}.find(next) == std::string_view::npos)
          return base::fail(fmt::format("'\\{}' is no escape", next));
        if (is_template && next != '\'') out += '\\';
        out += next;
      } else {
        out += text_[at_];
      }
    }
    if (at_ >= text_.size()) return base::fail("a string is not closed");
    ++at_;
    return out;
  }

  std::string_view path() {
    size_t begin = at_;
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
      if (open && (c == '\'' || c == '"')) quote = c;
      if (c == '[' || c == '(') ++open;
      if (open == 0 && (c == ',' || c == ')' || c == ' ')) break;
      if (c == ']' || c == ')') --open;
    }
    at_ = std::min(at_, text_.size());
    return text_.substr(begin, at_ - begin);
  }

  void skip() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

base::result<std::shared_ptr<const expression>> parse_intrinsic(std::string_view text) {
  MDLC_TRY(auto out, reader{text}.whole());
  return out;
}

}  // namespace mdlc::asl
