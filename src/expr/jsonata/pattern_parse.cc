// JavaScript's syntax of regular expressions, with what its Annex B forgives.
#include <algorithm>
#include <map>

#include "expr/jsonata/jsonata.h"
#include "expr/jsonata/pattern.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

using node = pattern_node;

char_set set_of(std::initializer_list<std::pair<char32_t, char32_t>> ranges, bool negated = false) {
  return {.ranges = ranges, .negated = negated};
}
char_set digits(bool negated) { return set_of({{'0', '9'}}, negated); }
char_set words(bool negated) { return set_of({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}, negated); }
char_set blanks(bool negated) {
  return set_of({{'\t', '\r'},
                 {' ', ' '},
                 {0xA0, 0xA0},
                 {0x1680, 0x1680},
                 {0x2000, 0x200A},
                 {0x2028, 0x2029},
                 {0x202F, 0x202F},
                 {0x205F, 0x205F},
                 {0x3000, 0x3000},
                 {0xFEFF, 0xFEFF}},
                negated);
}
char_set line_ends(bool negated) { return set_of({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}, negated); }

node set_node(char_set s) { return {.what = node::kind::set, .set = std::move(s)}; }
node character_node(char32_t c) { return {.what = node::kind::character, .character = c}; }

class parser {
 public:
  parser(std::string_view text, pattern& out) : text_(text), out_(out) { survey(); }

  base::result<node> all() {
    MDLC_TRY(node n, choice(0));
    if (at_ < text_.size()) return base::fail("Unmatched ')'");
    return n;
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool done() const { return at_ >= text_.size(); }
  bool take(std::string_view s) {
    if (text_.substr(at_, s.size()) != s) return false;
    at_ += s.size();
    return true;
  }

  // How many groups there are, and their names: a reference may come ahead of its group.
  void survey() {
    bool in_set = false;
    for (size_t i = 0; i < text_.size(); ++i) {
      char c = text_[i];
      if (c == '\\') {
        ++i;
      } else if (in_set) {
        in_set = c != ']';
      } else if (c == '[') {
        in_set = true;
      } else if (c == '(') {
        if (text_.substr(i + 1, 1) != "?") {
          ++count_;
        } else if (text_.substr(i + 1, 2) == "?<" && text_.substr(i + 3, 1) != "=" && text_.substr(i + 3, 1) != "!") {
          ++count_;
          size_t end = text_.find('>', i);
          if (end != std::string_view::npos) names_.try_emplace(text_.substr(i + 3, end - i - 3), count_);
        }
      }
    }
    out_.groups = count_;
  }

  base::result<node> choice(size_t depth) {
    if (depth > max_pattern_depth) return base::fail("Too deeply nested");
    node out{.what = node::kind::choice};
    do {
      MDLC_TRY(node part, sequence(depth));
      out.parts.push_back(std::move(part));
    } while (take("|"));
    if (out.parts.size() == 1) return std::move(out.parts[0]);
    return out;
  }

  base::result<node> sequence(size_t depth) {
    node out{.what = node::kind::sequence};
    while (!done() && peek() != '|' && peek() != ')') {
      size_t group = next_group_;
      MDLC_TRY(node part, atom(depth));
      MDLC_TRY(bool repeated, quantifier(part, group));
      (void)repeated;
      out.parts.push_back(std::move(part));
    }
    return out;
  }

  // {n}, {n,}, {n,m}; anything else is text.
  bool counts(size_t& least, size_t& most) {
    size_t start = at_;
    auto number = [&](size_t& n) {
      size_t begin = at_;
      for (n = 0; peek() >= '0' && peek() <= '9'; ++at_)
        n = std::min<size_t>(n * 10 + static_cast<size_t>(peek() - '0'), 1u << 30);
      return at_ > begin;
    };
    if (take("{") && number(least)) {
      most = least;
      if (take(",") && !number(most)) most = node::unlimited;
      if (take("}")) return true;
    }
    at_ = start;
    return false;
  }

  base::result<bool> quantifier(node& of, size_t first_group) {
    size_t least = 0, most = node::unlimited;
    if (take("*")) {
    } else if (take("+")) {
      least = 1;
    } else if (take("?")) {
      most = 1;
    } else if (!counts(least, most)) {
      return false;
    }
    if (least > most) return base::fail("numbers out of order in {} quantifier");
    bool anchor = of.what == node::kind::begin || of.what == node::kind::end || of.what == node::kind::boundary ||
                  of.what == node::kind::no_boundary || (of.what == node::kind::look && of.behind);
    if (anchor) return base::fail("Nothing to repeat");
    node out{.what = node::kind::repeat, .least = least, .most = most, .lazy = take("?")};
    // Of groups in a loop JavaScript forgets what they held in the round before.
    if (most > 1 && next_group_ > first_group && (may_be_empty(of) || may_skip_group(of, false)))
      out_.captures_in_loops = true;
    out.parts.push_back(std::move(of));
    of = std::move(out);
    return true;
  }

  static bool may_be_empty(const node& n) {
    switch (n.what) {
      case node::kind::character:
      case node::kind::set:
        return false;
      case node::kind::group:
      case node::kind::sequence:
        return std::all_of(n.parts.begin(), n.parts.end(), may_be_empty);
      case node::kind::choice:
        return std::any_of(n.parts.begin(), n.parts.end(), may_be_empty);
      case node::kind::repeat:
        return n.least == 0 || may_be_empty(n.parts[0]);
      default:
        return true;
    }
  }
  static bool may_skip_group(const node& n, bool skippable) {
    if (n.what == node::kind::group && n.index && skippable) return true;
    bool inner = skippable || n.what == node::kind::choice || (n.what == node::kind::repeat && n.least == 0);
    return std::any_of(n.parts.begin(), n.parts.end(), [&](const node& p) { return may_skip_group(p, inner); });
  }

  base::result<node> atom(size_t depth) {
    char c = peek();
    switch (c) {
      case '^':
      case '$':
        ++at_;
        out_.line_anchors = out_.line_anchors || out_.with.multiline;
        return node{.what = c == '^' ? node::kind::begin : node::kind::end};
      case '.':
        ++at_;
        return set_node(line_ends(true));
      case '(':
        return group(depth);
      case '[':
        return set();
      case '\\':
        return escape();
      case '*':
      case '+':
      case '?':
        return base::fail("Nothing to repeat");
      case '{': {
        size_t least, most;
        if (counts(least, most)) return base::fail("Nothing to repeat");
        break;
      }
      default:
        break;
    }
    return character_node(utf::next(text_, at_));
  }

  base::result<node> group(size_t depth) {
    ++at_;
    node out{.what = node::kind::group};
    if (take("?:")) {
    } else if (take("?=") || take("?!")) {
      out.what = node::kind::look;
      out.negated = text_[at_ - 1] == '!';
    } else if (take("?<=") || take("?<!")) {
      out.what = node::kind::look;
      out.behind = true;
      out.negated = text_[at_ - 1] == '!';
    } else if (take("?<")) {
      size_t end = text_.find('>', at_);
      if (end == std::string_view::npos || end == at_) return base::fail("Invalid capture group name");
      at_ = end + 1;
      out.index = next_group_++;
    } else if (peek() == '?') {
      return base::fail("Invalid group");
    } else {
      out.index = next_group_++;
    }
    out_.looks = out_.looks || out.what == node::kind::look;
    MDLC_TRY(node inner, choice(depth + 1));
    if (!take(")")) return base::fail("Unterminated group");
    out.parts.push_back(std::move(inner));
    return out;
  }

  // The sets that \d and its kin stand for.
  static bool named_set(char c, char_set& out) {
    switch (c) {
      case 'd':
      case 'D':
        out = digits(c == 'D');
        return true;
      case 'w':
      case 'W':
        out = words(c == 'W');
        return true;
      case 's':
      case 'S':
        out = blanks(c == 'S');
        return true;
      default:
        return false;
    }
  }

  base::result<node> escape() {
    if (at_ + 1 >= text_.size()) return base::fail("\\ at end of pattern");
    char c = text_[at_ + 1];
    char_set named;
    if (named_set(c, named)) {
      at_ += 2;
      return set_node(std::move(named));
    }
    if (c == 'b' || c == 'B') {
      at_ += 2;
      return node{.what = c == 'b' ? node::kind::boundary : node::kind::no_boundary};
    }
    if (c >= '1' && c <= '9') {
      size_t index = 0, end = at_ + 1;
      while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9' && index < 100'000)
        index = index * 10 + static_cast<size_t>(text_[end++] - '0');
      if (index <= count_) {
        at_ = end;
        out_.refers = true;
        return node{.what = node::kind::reference, .index = index};
      }
    }
    if (c == 'k' && !names_.empty()) {
      at_ += 2;
      size_t end = text_.find('>', at_);
      if (peek() != '<' || end == std::string_view::npos) return base::fail("Invalid named reference");
      auto there = names_.find(text_.substr(at_ + 1, end - at_ - 1));
      if (there == names_.end()) return base::fail("Invalid named capture referenced");
      at_ = end + 1;
      out_.refers = true;
      return node{.what = node::kind::reference, .index = there->second};
    }
    return character_node(escaped(false));
  }

  bool hex(size_t n, char32_t& out) {
    if (at_ + n > text_.size()) return false;
    char32_t value = 0;
    for (size_t i = 0; i < n; ++i) {
      char c = text_[at_ + i];
      auto lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9')
        value = value * 16 + static_cast<char32_t>(c - '0');
      else if (lower >= 'a' && lower <= 'f')
        value = value * 16 + static_cast<char32_t>(lower - 'a' + 10);
      else
        return false;
    }
    at_ += n;
    out = value;
    return true;
  }

  // One character written with a backslash, at which at_ stands.
  char32_t escaped(bool in_set) {
    ++at_;
    char c = peek();
    char32_t value = 0;
    constexpr std::string_view names = "tnvfr", meant = "\t\n\v\f\r";
    if (size_t i = names.find(c); c && i != std::string_view::npos) {
      ++at_;
      return static_cast<unsigned char>(meant[i]);
    }
    if (c == 'b' && in_set) {
      ++at_;
      return '\b';
    }
    if (c == 'x' || c == 'u') {
      ++at_;
      if (!hex(c == 'x' ? 2 : 4, value)) return static_cast<unsigned char>(c);
      size_t before = at_;
      char32_t low = 0;
      if (value >= 0xD800 && value < 0xDC00 && take("\\u") && hex(4, low) && low >= 0xDC00 && low < 0xE000)
        return 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
      at_ = before;
      return value;
    }
    if (c == 'c') {
      char letter = static_cast<char>(peek(1) | 0x20);
      if (letter < 'a' || letter > 'z') return '\\';
      at_ += 2;
      return static_cast<char32_t>(letter - 'a' + 1);
    }
    if (c >= '0' && c <= '7') {
      for (int n = 0; n < 3 && peek() >= '0' && peek() <= '7' && value * 8 + static_cast<char32_t>(peek() - '0') < 256;
           ++n, ++at_)
        value = value * 8 + static_cast<char32_t>(peek() - '0');
      return value;
    }
    return utf::next(text_, at_);
  }

  base::result<node> set() {
    ++at_;
    char_set out;
    out.negated = take("^");
    while (true) {
      if (done()) return base::fail("Unterminated character class");
      if (take("]")) return set_node(std::move(out));
      char_set named;
      char32_t first = 0, last = 0;
      bool is_set = member(first, named);
      if (peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size()) {
        ++at_;
        char_set named_last;
        bool last_is_set = member(last, named_last);
        if (!is_set && !last_is_set) {
          if (first > last) return base::fail("Range out of order in character class");
          out.add(first, last);
          continue;
        }
        // \d-z: the hyphen is one of the characters.
        out.add('-', '-');
        if (last_is_set)
          out.add_all(named_last);
        else
          out.add(last, last);
      }
      if (is_set)
        out.add_all(named);
      else
        out.add(first, first);
    }
  }

  // A character, or a set within a set.
  bool member(char32_t& c, char_set& named) {
    if (peek() == '\\' && at_ + 1 < text_.size()) {
      if (named_set(text_[at_ + 1], named)) {
        at_ += 2;
        return true;
      }
      c = escaped(true);
      return false;
    }
    c = utf::next(text_, at_);
    return false;
  }

  std::string_view text_;
  pattern& out_;
  size_t at_ = 0;
  size_t count_ = 0;
  size_t next_group_ = 1;
  std::map<std::string_view, size_t> names_;
};

}  // namespace

bool char_set::has(char32_t c) const {
  bool in = std::any_of(ranges.begin(), ranges.end(), [c](const auto& r) { return c >= r.first && c <= r.second; });
  return in != negated;
}

void char_set::add_all(const char_set& other) {
  if (!other.negated) {
    ranges.insert(ranges.end(), other.ranges.begin(), other.ranges.end());
    return;
  }
  // What lies between its ranges, which are in order.
  char32_t from = 0;
  for (auto [first, last] : other.ranges) {
    if (first > from) add(from, first - 1);
    from = last + 1;
  }
  add(from, 0x10FFFF);
}

base::result<pattern> pattern::parse(std::string_view text, regex::flags with) {
  pattern out;
  out.with = with;
  MDLC_TRY(out.root, parser(text, out).all());
  return out;
}

}  // namespace mdlc::expr::jsonata
