#include "wire/pattern.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <re2/re2.h>

namespace mdlc::wire {

namespace {

constexpr int max_count = 1000;  // RE2's, of one repetition
// What a compiled pattern may take. Counts of 2048 over Unicode classes need more than RE2's own 8 MB.
constexpr int64_t max_memory = 64 << 20;

// Java's names of POSIX classes.
const std::map<std::string_view, std::string_view> posix_classes = {
    {"Alnum", "alnum"}, {"Alpha", "alpha"}, {"ASCII", "ascii"},  {"Blank", "blank"}, {"Cntrl", "cntrl"},
    {"Digit", "digit"}, {"Graph", "graph"}, {"Lower", "lower"},  {"Print", "print"}, {"Punct", "punct"},
    {"Space", "space"}, {"Upper", "upper"}, {"XDigit", "xdigit"}};

// Java's syntax rewritten as RE2's; look-around is not its business.
class translator {
 public:
  explicit translator(std::string_view java) : in_(java) {}

  std::string run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if (c == '\\')
        escape();
      else if (in_class_)
        inside_class(c);
      else if (c == '{')
        count();
      else
        plain(c);
    }
    return std::move(out_);
  }

 private:
  void begin_atom() {
    if (!in_class_) atom_ = out_.size();
  }

  void copy(size_t n) {
    out_ += in_.substr(at_, n);
    at_ += n;
  }

  void inside_class(char c) {
    if (c == ']') in_class_ = false;
    copy(1);
  }

  void plain(char c) {
    if (c == '[') {
      begin_atom();
      in_class_ = true;
    } else if (c == '(') {
      groups_.push_back(out_.size());
    } else if (c == ')' && !groups_.empty()) {
      atom_ = groups_.back();
      groups_.pop_back();
    } else if (c != '?' && c != '*' && c != '+') {
      begin_atom();
    }
    copy(1);
  }

  void escape() {
    begin_atom();
    const char kind = at_ + 1 < in_.size() ? in_[at_ + 1] : 0;
    if (kind == 'u') {
      code_point();
    } else if ((kind == 'p' || kind == 'P') && posix_class(kind == 'P')) {
      return;
    } else {
      copy(2);
    }
  }

  // \uD83D\uDE00 is one character, in UTF-16.
  void code_point() {
    uint32_t c = code_unit();
    if (c >= 0xD800 && c < 0xDC00 && in_.substr(at_, 2) == "\\u")
      c = 0x10000 + ((c - 0xD800) << 10) + (code_unit() - 0xDC00);
    out_ += fmt::format("\\x{{{:X}}}", c);
  }

  uint32_t code_unit() {
    const std::string digits(in_.substr(at_ + 2, 4));
    at_ += 2 + digits.size();
    return static_cast<uint32_t>(std::strtoul(digits.c_str(), nullptr, 16));
  }

  bool posix_class(bool negated) {
    const size_t end = in_.find('}', at_);
    if (end == in_.npos || in_[at_ + 2] != '{') return false;
    const auto found = posix_classes.find(in_.substr(at_ + 3, end - at_ - 3));
    if (found == posix_classes.end()) return false;
    const std::string name = (negated ? "[:^" : "[:") + std::string(found->second) + ":]";
    out_ += in_class_ ? name : "[" + name + "]";
    at_ = end + 1;
    return true;
  }

  // {m}, {m,} and {m,n}; what exceeds RE2's bound is written as several repetitions of the atom.
  void count() {
    const size_t end = in_.find('}', at_);
    int low = 0, high = 0;
    if (end == in_.npos || !read_count(in_.substr(at_ + 1, end - at_ - 1), low, high)) return plain('{');
    at_ = end + 1;
    // Reluctant or possessive: the same where the whole text must match, but for patterns that nobody writes.
    if (at_ < in_.size() && (in_[at_] == '?' || in_[at_] == '+')) ++at_;
    const std::string atom = out_.substr(atom_);
    out_.resize(atom_);
    out_ += "(?:";
    repeat(atom, low, "{", "}");
    if (high < 0)
      out_ += atom + "*";
    else
      repeat(atom, high - low, "{0,", "}");
    out_ += ")";
  }

  // `high` is -1 where there is no bound.
  static bool read_count(std::string_view text, int& low, int& high) {
    const size_t comma = text.find(',');
    const auto number = [](std::string_view digits, int& n) {
      n = 0;
      if (digits.empty() || digits.size() > 6) return false;
      for (const char d : digits) {
        if (d < '0' || d > '9') return false;
        n = n * 10 + (d - '0');
      }
      return true;
    };
    if (!number(text.substr(0, comma), low)) return false;
    if (comma == text.npos) {
      high = low;
      return true;
    }
    if (comma + 1 == text.size()) {
      high = -1;
      return true;
    }
    return number(text.substr(comma + 1), high) && high >= low;
  }

  void repeat(const std::string& atom, int n, std::string_view open, std::string_view close) {
    for (; n > 0; n -= max_count) {
      out_ += atom;
      out_ += open;
      out_ += std::to_string(std::min(n, max_count));
      out_ += close;
    }
  }

  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
  bool in_class_ = false;
  size_t atom_ = 0;             // where the last atom begins in out_
  std::vector<size_t> groups_;  // where the open groups begin in out_
};

// Look-around at the outermost level.
struct look {
  size_t begin, end;  // in the pattern, with its parentheses
  std::string_view inner;
  bool behind, wanted;
};

std::optional<look> read_look(std::string_view java, size_t at) {
  static const struct {
    std::string_view opening;
    bool behind, wanted;
  } kinds[] = {{"(?=", false, true}, {"(?!", false, false}, {"(?<=", true, true}, {"(?<!", true, false}};
  for (const auto& kind : kinds) {
    if (java.substr(at, kind.opening.size()) == kind.opening) {
      const size_t inner = at + kind.opening.size();
      return look{at, inner, java.substr(inner), kind.behind, kind.wanted};
    }
  }
  return std::nullopt;
}

// The outermost look-around of a pattern; false if there is some that does not stand alone at that level.
bool find_looks(std::string_view java, std::vector<look>& found) {
  int depth = 0;
  bool in_class = false, alternatives = false;
  std::optional<look> open;
  for (size_t i = 0; i < java.size(); ++i) {
    const char c = java[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
    } else if (c == '|' && depth == 0) {
      alternatives = true;
    } else if (c == '(') {
      if (auto l = read_look(java, i)) {
        if (depth > 0) return false;
        open = l;
      }
      ++depth;
    } else if (c == ')' && --depth == 0 && open) {
      open->inner = java.substr(open->end, i - open->end);
      open->end = i + 1;
      found.push_back(*open);
      open.reset();
    }
  }
  return found.empty() || !alternatives;
}

// The pattern's text from `begin` to `end` without the look-around in it.
std::string without(std::string_view java, const std::vector<look>& looks, size_t begin, size_t end) {
  std::string out;
  for (const look& l : looks) {
    if (l.begin < begin || l.end > end) continue;
    out += java.substr(begin, l.begin - begin);
    begin = l.end;
  }
  out += java.substr(begin, end - begin);
  return out;
}

}  // namespace

struct pattern::condition {
  std::unique_ptr<RE2> expression;
  bool wanted;
};

pattern::pattern(std::string_view java) {
  std::vector<look> looks;
  if (!find_looks(java, looks)) {
    problem_ = "look-around inside a group or beside alternatives";
    return;
  }
  require(without(java, looks, 0, java.size()), true);
  for (const look& l : looks) {
    const std::string inner = "(?:" + std::string(l.inner) + ")";
    if (l.behind)
      require("(?s:.*)" + inner + without(java, looks, l.end, java.size()), l.wanted);
    else
      require(without(java, looks, 0, l.begin) + inner + "(?s:.*)", l.wanted);
  }
}

pattern::~pattern() = default;
pattern::pattern(pattern&&) noexcept = default;

void pattern::require(const std::string& java, bool wanted) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_memory);
  auto expression = std::make_unique<RE2>(translator(java).run(), options);
  if (expression->ok())
    conditions_.push_back({std::move(expression), wanted});
  else
    problem_ = expression->error();
}

bool pattern::matches(std::string_view text) const {
  if (!problem_.empty()) return true;
  for (const condition& c : conditions_)
    if (RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *c.expression) != c.wanted) return false;
  return true;
}

const pattern& pattern::of(std::string_view java) {
  static std::mutex mutex;
  static std::map<std::string, pattern, std::less<>> known;
  const std::lock_guard lock(mutex);
  auto found = known.find(java);
  if (found == known.end()) found = known.emplace(std::string(java), pattern(java)).first;
  return found->second;
}

}  // namespace mdlc::wire
