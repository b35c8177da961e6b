#include "expr/jsonata/regex.h"

#include <algorithm>

#include <fmt/format.h>
#include <re2/re2.h>

#include "expr/jsonata/pattern.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr int64_t re2_bytes = 4 << 20;  // of one pattern's automata
constexpr size_t re2_repeats = 1000;    // RE2's own bound of {n,m}

std::string code_point(char32_t c) { return fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(c)); }

void write(const pattern_node& n, bool multiline, std::string& out) {
  switch (n.what) {
    case pattern_node::kind::empty:
    case pattern_node::kind::look:
    case pattern_node::kind::reference:
      break;
    case pattern_node::kind::character:
      out += code_point(n.character);
      break;
    case pattern_node::kind::set: {
      if (n.set.ranges.empty()) {
        out += n.set.negated ? "[\\x{0}-\\x{10ffff}]" : "[^\\x{0}-\\x{10ffff}]";
        break;
      }
      out += n.set.negated ? "[^" : "[";
      for (auto [first, last] : n.set.ranges) {
        out += code_point(first);
        if (last != first) out += "-" + code_point(last);
      }
      out += ']';
      break;
    }
    case pattern_node::kind::begin:
      out += multiline ? "(?m:^)" : "\\A";
      break;
    case pattern_node::kind::end:
      out += multiline ? "(?m:$)" : "\\z";
      break;
    case pattern_node::kind::boundary:
      out += "\\b";
      break;
    case pattern_node::kind::no_boundary:
      out += "\\B";
      break;
    case pattern_node::kind::group:
      out += n.index ? "(" : "(?:";
      write(n.parts[0], multiline, out);
      out += ')';
      break;
    case pattern_node::kind::sequence:
      for (const auto& p : n.parts) {
        if (p.what == pattern_node::kind::choice) out += "(?:";
        write(p, multiline, out);
        if (p.what == pattern_node::kind::choice) out += ')';
      }
      break;
    case pattern_node::kind::choice:
      for (size_t i = 0; i < n.parts.size(); ++i) {
        if (i) out += '|';
        write(n.parts[i], multiline, out);
      }
      break;
    case pattern_node::kind::repeat: {
      out += "(?:";
      write(n.parts[0], multiline, out);
      out += ')';
      if (n.most == pattern_node::unlimited)
        out += n.least == 0 ? "*" : n.least == 1 ? "+" : fmt::format("{{{},}}", n.least);
      else if (n.least == 0 && n.most == 1)
        out += '?';
      else
        out += fmt::format("{{{},{}}}", n.least, n.most);
      if (n.lazy) out += '?';
      break;
    }
  }
}

bool has_large_repeat(const pattern_node& n) {
  if (n.what == pattern_node::kind::repeat &&
      (n.least > re2_repeats || (n.most > re2_repeats && n.most != pattern_node::unlimited)))
    return true;
  for (const auto& p : n.parts)
    if (has_large_repeat(p)) return true;
  return false;
}

// Whether a match has no longest length. To find one such RE2 may have to read to the end of the text.
bool is_unlimited(const pattern_node& n) {
  if (n.what == pattern_node::kind::repeat && n.most == pattern_node::unlimited) return true;
  return std::any_of(n.parts.begin(), n.parts.end(), is_unlimited);
}

// What RE2 reads while an expression makes one step.
constexpr size_t found_bytes_a_step = 64;
constexpr size_t read_bytes_a_step = 128;

class compiled final : public regex {
 public:
  compiled(const pattern& p, std::string_view text, std::unique_ptr<RE2> linear,
           std::shared_ptr<const backtracker> other)
      : linear_(std::move(linear)),
        other_(std::move(other)),
        line_anchors_(p.line_anchors),
        unlimited_(is_unlimited(p.root)) {
    source_ = text;
  }

  answer find(std::string_view text, size_t from, match& m, size_t& steps) const override {
    // A line ends at \n alone for RE2, at three more characters for JavaScript.
    bool foreign_line_ends =
        line_anchors_ && (text.find('\r') != std::string_view::npos || text.find("\u2028") != std::string_view::npos ||
                          text.find("\u2029") != std::string_view::npos);
    if (!linear_ || foreign_line_ends) return other_->find(text, from, m, steps);
    std::vector<re2::StringPiece> groups(static_cast<size_t>(linear_->NumberOfCapturingGroups()) + 1);
    bool any = linear_->Match(re2::StringPiece(text.data(), text.size()), from, text.size(), RE2::UNANCHORED,
                              groups.data(), static_cast<int>(groups.size()));
    size_t end = any ? static_cast<size_t>(groups[0].data() - text.data()) + groups[0].size() : text.size();
    size_t cost = 1 + (end - from) / found_bytes_a_step + (unlimited_ ? (text.size() - from) / read_bytes_a_step : 0);
    if (cost >= steps) {
      steps = 0;
      return answer::exhausted;
    }
    steps -= cost;
    if (!any) return answer::none;
    m.groups.clear();
    for (const auto& g : groups) {
      if (!g.data()) {
        m.groups.emplace_back(std::string_view::npos, std::string_view::npos);
        continue;
      }
      auto begin = static_cast<size_t>(g.data() - text.data());
      m.groups.emplace_back(begin, begin + g.size());
    }
    return answer::found;
  }

 private:
  std::unique_ptr<RE2> linear_;
  std::shared_ptr<const backtracker> other_;
  bool line_anchors_;
  bool unlimited_;
};

}  // namespace

std::string re2_text(const pattern& p) {
  std::string out;
  write(p.root, p.with.multiline, out);
  return out;
}

base::result<std::shared_ptr<const regex>> regex::compile(std::string_view text, flags with) {
  MDLC_TRY(pattern p, pattern::parse(text, with));
  std::unique_ptr<RE2> linear;
  bool like_re2 = !p.looks && !p.refers && !p.captures_in_loops && !has_large_repeat(p.root);
  if (like_re2) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!with.ignore_case);
    options.set_max_mem(re2_bytes);
    linear = std::make_unique<RE2>(re2_text(p), options);
    if (!linear->ok()) linear.reset();
  }
  std::shared_ptr<const backtracker> other;
  if (!linear || p.line_anchors) {
    MDLC_TRY(other, backtracker::compile(p));
  }
  return std::make_shared<const compiled>(p, text, std::move(linear), std::move(other));
}

}  // namespace mdlc::expr::jsonata
