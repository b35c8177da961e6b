// A matcher for what RE2 leaves out. It tries one way after the other, so some patterns take very long on some texts:
// each step counts, and at the bound the answer is `exhausted`.
#include <algorithm>

#include "expr/jsonata/case_map.h"
#include "expr/jsonata/jsonata.h"
#include "expr/jsonata/pattern.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr size_t nowhere = std::string_view::npos;
constexpr size_t max_pending = 1'000'000;  // ways not yet tried
constexpr size_t instructions_a_step = 8;

char32_t single(const std::string& s, char32_t otherwise) {
  size_t at = 0;
  char32_t c = s.empty() ? otherwise : utf::next(s, at);
  return at == s.size() ? c : otherwise;
}

// What letters are compared by where case does not count.
char32_t canonical(char32_t c) {
  if (c < 0x80) return c - U'a' < 26 ? c - 32 : c;
  std::string s;
  utf::append(s, c);
  char32_t upper = single(upper_case(s), c);
  return upper < 0x80 ? c : upper;
}

bool has_in_any_case(const char_set& set, char32_t c) {
  if (set.has(c) != set.negated) return !set.negated;
  std::string s;
  utf::append(s, c);
  char_set plain{.ranges = set.ranges};
  return (plain.has(single(upper_case(s), c)) || plain.has(single(lower_case(s), c))) != set.negated;
}

bool is_word(std::string_view s, size_t at) {
  return at < s.size() &&
         ((s[at] >= '0' && s[at] <= '9') || (static_cast<unsigned>(s[at] | 0x20) - 'a' < 26u) || s[at] == '_');
}

bool ends_line(std::string_view s, size_t at) {
  return s[at] == '\n' || s[at] == '\r' || s.substr(at, 3) == "\u2028" || s.substr(at, 3) == "\u2029";
}

size_t before(std::string_view s, size_t at) {
  do {
    --at;
  } while (at > 0 && utf::continues(s[at]));
  return at;
}

}  // namespace

class backtracker::builder {
 public:
  explicit builder(backtracker& out) : out_(out) {}

  bool all(const pattern& p) {
    emit({op::save, false, false, 0});
    add(p.root, false);
    emit({op::save, false, false, 1});
    emit({op::done});
    return !too_large_;
  }

 private:
  size_t emit(instruction i) {
    if (out_.code_.size() >= max_pattern_size) {
      too_large_ = true;
      return 0;
    }
    out_.code_.push_back(i);
    return out_.code_.size() - 1;
  }
  uint32_t here() const { return static_cast<uint32_t>(out_.code_.size()); }

  void add(const pattern_node& n, bool back) {
    if (too_large_) return;
    using kind = pattern_node::kind;
    switch (n.what) {
      case kind::empty:
        break;
      case kind::character:
        emit({.what = op::character,
              .back = back,
              .character = out_.with_.ignore_case ? canonical(n.character) : n.character});
        break;
      case kind::set:
        emit({.what = op::set, .back = back, .a = static_cast<uint32_t>(out_.sets_.size())});
        out_.sets_.push_back(n.set);
        break;
      case kind::begin:
        emit({op::begin});
        break;
      case kind::end:
        emit({op::end});
        break;
      case kind::boundary:
        emit({op::boundary});
        break;
      case kind::no_boundary:
        emit({op::no_boundary});
        break;
      case kind::reference:
        emit({.what = op::reference, .back = back, .a = static_cast<uint32_t>(n.index)});
        break;
      case kind::group: {
        auto slot = static_cast<uint32_t>(n.index * 2);
        if (n.index) emit({.what = op::save, .a = slot + (back ? 1 : 0)});
        add(n.parts[0], back);
        if (n.index) emit({.what = op::save, .a = slot + (back ? 0 : 1)});
        break;
      }
      case kind::sequence:
        if (back)
          for (auto p = n.parts.rbegin(); p != n.parts.rend(); ++p) add(*p, back);
        else
          for (const auto& p : n.parts) add(p, back);
        break;
      case kind::choice:
        choice(n, back);
        break;
      case kind::repeat:
        repeat(n, back);
        break;
      case kind::look: {
        size_t at = emit({.what = op::look, .negated = n.negated});
        add(n.parts[0], n.behind);
        emit({op::done});
        if (!too_large_) out_.code_[at].a = here();
        break;
      }
    }
  }

  void choice(const pattern_node& n, bool back) {
    std::vector<size_t> ends;
    for (size_t i = 0; i < n.parts.size(); ++i) {
      size_t split = 0;
      bool last = i + 1 == n.parts.size();
      if (!last) split = emit({.what = op::split, .a = here() + 1});
      add(n.parts[i], back);
      if (last) break;
      ends.push_back(emit({op::jump}));
      if (too_large_) return;
      out_.code_[split].b = here();
    }
    for (size_t e : ends)
      if (!too_large_) out_.code_[e].a = here();
  }

  static void groups_in(const pattern_node& n, uint32_t& first, uint32_t& last) {
    if (n.what == pattern_node::kind::group && n.index) {
      first = std::min(first, static_cast<uint32_t>(n.index));
      last = std::max(last, static_cast<uint32_t>(n.index));
    }
    for (const auto& p : n.parts) groups_in(p, first, last);
  }

  void round(const pattern_node& n, bool back, uint32_t first, uint32_t last) {
    if (first <= last) emit({.what = op::reset, .a = first * 2, .b = last * 2 + 1});
    add(n.parts[0], back);
  }

  void repeat(const pattern_node& n, bool back) {
    uint32_t first = UINT32_MAX, last = 0;
    groups_in(n, first, last);
    for (size_t i = 0; i < n.least && !too_large_; ++i) round(n, back, first, last);
    auto branch = [&](size_t split, uint32_t end) {
      auto& s = out_.code_[split];
      s.a = static_cast<uint32_t>(split + 1);
      s.b = end;
      if (n.lazy) std::swap(s.a, s.b);
    };
    std::vector<size_t> splits;
    bool loop = n.most == pattern_node::unlimited;
    for (size_t i = n.least; i < (loop ? n.least + 1 : n.most) && !too_large_; ++i) {
      splits.push_back(emit({op::split}));
      // A round that takes nothing ends the loop.
      auto reg = static_cast<uint32_t>(loop ? (out_.groups_ + 1) * 2 + out_.registers_++ : 0);
      if (loop) emit({.what = op::mark, .a = reg});
      round(n, back, first, last);
      if (loop) {
        emit({.what = op::progress, .a = reg});
        emit({.what = op::jump, .a = static_cast<uint32_t>(splits.back())});
      }
    }
    for (size_t s : splits)
      if (!too_large_) branch(s, here());
  }

  backtracker& out_;
  bool too_large_ = false;
};

class backtracker::run {
 public:
  run(const backtracker& p, std::string_view text, size_t& steps)
      : p_(p), text_(text), steps_(steps), slots_((p.groups_ + 1) * 2 + p.registers_, nowhere) {}

  regex::answer from(size_t start) {
    std::fill(slots_.begin(), slots_.end(), nowhere);
    pending_.clear();
    return match(0, start);
  }
  const std::vector<size_t>& slots() const { return slots_; }

 private:
  struct way {
    uint32_t pc;    // where to go on; or, with `slot`, nothing but to restore it
    uint32_t slot;  // slot + 1; 0: none
    size_t value;   // position, or the slot's
  };

  void set(uint32_t slot, size_t value) {
    pending_.push_back({0, slot + 1, slots_[slot]});
    slots_[slot] = value;
  }

  bool step_over(const instruction& i, size_t& at) {
    if (i.back ? at == 0 : at >= text_.size()) return false;
    size_t here = i.back ? before(text_, at) : at, after = here;
    char32_t c = utf::next(text_, after);
    bool ignore = p_.with_.ignore_case;
    bool fits = i.what == op::character ? (ignore ? canonical(c) : c) == i.character
                : ignore                ? has_in_any_case(p_.sets_[i.a], c)
                                        : p_.sets_[i.a].has(c);
    at = i.back ? here : after;
    return fits;
  }

  bool repeats(const instruction& i, size_t& at) {
    size_t begin = slots_[i.a * 2], end = slots_[i.a * 2 + 1];
    if (begin == nowhere || end == nowhere) return true;
    auto held = text_.substr(begin, end - begin);
    if (i.back ? at < held.size() : text_.size() - at < held.size()) return false;
    size_t from = i.back ? at - held.size() : at;
    auto there = text_.substr(from, held.size());
    bool is = there == held || (p_.with_.ignore_case && upper_case(there) == upper_case(held));
    at = i.back ? from : from + held.size();
    return is;
  }

  bool holds(op what, size_t at) const {
    bool lines = p_.with_.multiline;
    switch (what) {
      case op::begin:
        return at == 0 || (lines && ends_line(text_, before(text_, at)));
      case op::end:
        return at == text_.size() || (lines && ends_line(text_, at));
      default:
        return ((at > 0 && is_word(text_, at - 1)) != is_word(text_, at)) == (what == op::boundary);
    }
  }

  // Whether what stands in a (?=…) matches here; with what it captured.
  regex::answer look(const instruction& i, uint32_t pc, size_t at) {
    auto held = slots_;
    size_t bottom = bottom_;
    bottom_ = pending_.size();
    auto answer = match(pc + 1, at);
    // The ways not tried within are gone; those that restore slots stay, for what comes to backtrack over this.
    auto kept = std::remove_if(pending_.begin() + static_cast<ptrdiff_t>(bottom_), pending_.end(),
                               [](const way& w) { return !w.slot; });
    pending_.erase(kept, pending_.end());
    if (i.negated && answer == regex::answer::found) {
      pending_.resize(bottom_);
      slots_ = held;
    }
    bottom_ = bottom;
    if (answer == regex::answer::exhausted) return answer;
    return (answer == regex::answer::found) != i.negated ? regex::answer::found : regex::answer::none;
  }

  bool spent() {
    if (++count_ % instructions_a_step) return false;
    if (steps_ == 0) return true;
    return --steps_ == 0;
  }

  regex::answer match(uint32_t pc, size_t at) {
    while (true) {
      if (spent() || pending_.size() > max_pending) return regex::answer::exhausted;
      const instruction& i = p_.code_[pc];
      bool good = true;
      ++pc;
      switch (i.what) {
        case op::character:
        case op::set:
          good = step_over(i, at);
          break;
        case op::begin:
        case op::end:
        case op::boundary:
        case op::no_boundary:
          good = holds(i.what, at);
          break;
        case op::split:
          pending_.push_back({i.b, 0, at});
          pc = i.a;
          break;
        case op::jump:
          pc = i.a;
          break;
        case op::save:
        case op::mark:
          set(i.a, at);
          break;
        case op::progress:
          good = slots_[i.a] != at;
          break;
        case op::reset:
          for (uint32_t slot = i.a; slot <= i.b; ++slot)
            if (slots_[slot] != nowhere) set(slot, nowhere);
          break;
        case op::reference:
          good = repeats(i, at);
          break;
        case op::look: {
          auto answer = look(i, pc - 1, at);
          if (answer == regex::answer::exhausted) return answer;
          good = answer == regex::answer::found;
          pc = i.a;
          break;
        }
        case op::done:
          return regex::answer::found;
      }
      if (good) continue;
      // The last way not tried; what was saved since is as it was.
      while (pending_.size() > bottom_ && pending_.back().slot) {
        slots_[pending_.back().slot - 1] = pending_.back().value;
        pending_.pop_back();
      }
      if (pending_.size() == bottom_) return regex::answer::none;
      pc = pending_.back().pc;
      at = pending_.back().value;
      pending_.pop_back();
    }
  }

  const backtracker& p_;
  std::string_view text_;
  size_t& steps_;
  std::vector<size_t> slots_;
  std::vector<way> pending_;
  size_t bottom_ = 0;
  size_t count_ = 0;
};

base::result<std::shared_ptr<const backtracker>> backtracker::compile(const pattern& p) {
  auto out = std::make_shared<backtracker>();
  out->groups_ = p.groups;
  out->with_ = p.with;
  if (!builder(*out).all(p)) return base::fail("Regular expression too large");
  return std::shared_ptr<const backtracker>(std::move(out));
}

regex::answer backtracker::find(std::string_view text, size_t from, regex::match& m, size_t& steps) const {
  run r(*this, text, steps);
  for (size_t start = from; start <= text.size();) {
    auto answer = r.from(start);
    if (answer == regex::answer::found) {
      m.groups.clear();
      for (size_t g = 0; g <= groups_; ++g) {
        size_t begin = r.slots()[g * 2], end = r.slots()[g * 2 + 1];
        if (begin == nowhere || end == nowhere) begin = end = nowhere;
        m.groups.emplace_back(begin, end);
      }
    }
    if (answer != regex::answer::none) return answer;
    start += start < text.size() ? utf::width(static_cast<unsigned char>(text[start])) : 1;
  }
  return regex::answer::none;
}

}  // namespace mdlc::expr::jsonata
