// $match $contains $replace $split: with texts, regular expressions, or functions that find matches.
#include <cmath>

#include "expr/jsonata/evaluator.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

struct found {
  std::string_view match;
  size_t begin = 0, end = 0;  // bytes of the text
  val start;                  // as JSONata shows it
  val groups;
  val object;
};

// The matches in a text, one after the other.
class matches {
 public:
  matches(call& c, const val& matcher, std::string_view text) : run_(c.run), at_(c.at), text_(text), matcher_(matcher) {
    if (matcher.function->what == function_node::kind::regex) pattern_ = matcher.function;
  }

  // False at the end, and where something fails: see run.failing().
  bool next() { return pattern_ ? next_of_pattern() : next_of_function(); }
  const found& now() const { return now_; }
  // The whole of it, as a function that replaces it gets it.
  val object() { return pattern_ ? run_.match_object(text_, match_, begin_unit_, *pattern_) : now_.object; }

 private:
  bool next_of_pattern() {
    if (started_ && from_ >= text_.size()) return false;
    auto answer = pattern_->pattern->find(text_, from_, match_, run_.steps_left());
    if (answer == regex::answer::exhausted) {
      run_.fail("D0905");
      return false;
    }
    if (answer == regex::answer::none) return false;
    auto [begin, end] = match_.groups[0];
    if (started_ && begin == end) {
      run_.fail({.code = "D1004", .position = pattern_->at, .value = json_text(pattern_->pattern->source())});
      return false;
    }
    begin_unit_ = from_unit_ + utf::units(text_.substr(from_, begin - from_));
    from_unit_ = begin_unit_ + utf::units(text_.substr(begin, end - begin));
    from_ = end;
    started_ = true;
    now_.match = text_.substr(begin, end - begin);
    now_.begin = begin;
    now_.end = end;
    now_.start = number(static_cast<double>(begin_unit_));
    list groups(run_.memory());
    for (size_t i = 1; i < match_.groups.size(); ++i) {
      auto [b, e] = match_.groups[i];
      groups.push(b == std::string_view::npos ? val{} : string(text_.substr(b, e - b)));
    }
    now_.groups = groups.done(0);
    return true;
  }

  bool next_of_function() {
    const val argument = string(text_);
    const val made =
        started_ ? run_.apply(next_, {}, null_value(), at_) : run_.apply(matcher_, {&argument, 1}, null_value(), at_);
    started_ = true;
    if (made.failed() || made.is_nothing()) return false;
    val start, end, groups, after, match;
    if (made.is_object()) {
      start = find(made, "start");
      end = find(made, "end");
      groups = find(made, "groups");
      after = find(made, "next");
      match = find(made, "match");
    }
    if (!start.is_number() || !match.is_string()) {
      run_.fail("T1010");
      return false;
    }
    if (!run_.spend_bytes(text_.size())) {
      run_.stopped();
      return false;
    }
    next_ = after;
    now_.match = match.text();
    now_.start = start;
    now_.begin = place(start.number());
    now_.end = end.is_number() ? place(end.number()) : now_.begin + match.size;
    now_.groups = groups.is_array() ? groups : empty_sequence();
    now_.object = made;
    return true;
  }

  size_t place(double unit) const {
    return unit > 0 ? utf::byte_of_unit(text_, static_cast<size_t>(std::min(unit, 4e9))) : 0;
  }

  evaluator& run_;
  frame* at_;
  std::string_view text_;
  val matcher_;
  const function_node* pattern_ = nullptr;
  regex::match match_;
  size_t from_ = 0, from_unit_ = 0, begin_unit_ = 0;
  val next_;
  bool started_ = false;
  found now_;
};

// Of a limit that may be left out.
struct limit {
  explicit limit(const val& v) : most(v.is_nothing() ? INFINITY : v.number()) {}
  double most;
  double count = 0;
  bool reached() const { return !(count < most); }
};

val match(call& c) {
  if (c[0].is_nothing()) return {};
  if (!c[2].is_nothing() && c[2].number() < 0) return c.run.fail("D3040", c[2], 3);
  list out(c.run.memory());
  limit l(c[2]);
  matches all(c, c[1], c[0].text());
  while (!l.reached() && all.next()) {
    auto* o = c.run.memory().make<object_node>();
    o->set(c.run.memory(), "match", string(all.now().match));
    o->set(c.run.memory(), "index", all.now().start);
    o->set(c.run.memory(), "groups", all.now().groups);
    out.push(object_of(o));
    ++l.count;
    if (!c.run.spend(1)) return c.run.stopped();
  }
  return c.run.failing() ? failure() : out.done(sequence);
}

val contains(call& c) {
  if (c[0].is_nothing() || c[1].is_nothing()) return {};
  if (c[1].is_string()) {
    if (!c.run.spend_bytes(c[0].size)) return c.run.stopped();
    return boolean(c[0].text().find(c[1].text()) != std::string_view::npos);
  }
  matches all(c, c[1], c[0].text());
  bool any = all.next();
  return c.run.failing() ? failure() : boolean(any);
}

std::optional<size_t> digits_at(std::string_view s, size_t at, size_t most) {
  size_t out = 0, n = 0;
  for (; n < most && at + n < s.size() && s[at + n] >= '0' && s[at + n] <= '9'; ++n)
    out = out * 10 + static_cast<size_t>(s[at + n] - '0');
  if (n == 0) return std::nullopt;
  return out;
}

// The replacement text with $0, $1 … filled in.
void fill_in(std::string_view with, const found& f, text& out) {
  size_t groups = f.groups.size;
  size_t most = groups == 0 ? 1 : std::to_string(groups).size();
  for (size_t at = 0; at < with.size();) {
    size_t dollar = with.find('$', at);
    out.append(with.substr(at, dollar == std::string_view::npos ? dollar : dollar - at));
    if (dollar == std::string_view::npos) return;
    at = dollar + 1;
    if (with.substr(at, 1) == "$") {
      out.append('$');
      ++at;
      continue;
    }
    if (with.substr(at, 1) == "0") {
      out.append(f.match);
      ++at;
      continue;
    }
    auto index = digits_at(with, at, most);
    if (index && most > 1 && *index > groups) index = digits_at(with, at, most - 1);
    if (!index) {
      out.append('$');
      continue;
    }
    if (*index >= 1 && *index <= groups) {
      const val g = item(f.groups, *index - 1);
      if (g.is_string()) out.append(g.text());
    }
    at += std::to_string(*index).size();
  }
}

val replace_text(call& c, std::string_view s, limit l) {
  auto pattern = c[1].text();
  if (!c[2].is_string()) return c.run.fail("D3012", c[2], 3);
  text out(c.run.memory());
  size_t at = 0;
  if (!c.run.spend_bytes(s.size())) return c.run.stopped();
  for (; !l.reached(); ++l.count) {
    size_t next = s.find(pattern, at);
    if (next == std::string_view::npos) break;
    out.append(s.substr(at, next - at));
    out.append(c[2].text());
    at = next + pattern.size();
    if (!c.run.spend_bytes(c[2].size)) return c.run.stopped();
  }
  out.append(s.substr(at));
  return out.done();
}

val replace(call& c) {
  if (c[0].is_nothing()) return {};
  auto s = c[0].text();
  if (c[1].is_string() && c[1].size == 0) return c.run.fail("D3010", c[1], 2);
  if (!c[3].is_nothing() && c[3].number() < 0) return c.run.fail("D3011", c[3], 4);
  limit l(c[3]);
  if (l.reached() || c[1].is_nothing()) return c[0];
  if (c[1].is_string()) return replace_text(c, s, l);
  text out(c.run.memory());
  size_t at = 0;
  matches all(c, c[1], s);
  for (; !l.reached() && all.next(); ++l.count) {
    const found& f = all.now();
    if (f.begin > at) out.append(s.substr(at, f.begin - at));
    if (c[2].is_string()) {
      if (!c.run.spend_bytes(c[2].size)) return c.run.stopped();
      fill_in(c[2].text(), f, out);
    } else {
      const val object = all.object();
      LET(with, c.run.apply(c[2], {&object, 1}, null_value(), c.at));
      if (!with.is_string()) return c.run.fail("D3012", with);
      out.append(with.text());
    }
    at = std::min(s.size(), f.begin + f.match.size());
  }
  if (c.run.failing()) return failure();
  if (l.count == 0) return c[0];
  out.append(s.substr(at));
  return out.done();
}

// As JavaScript splits by nothing: into units, so that pairs come apart.
void split_units(std::string_view s, limit& l, list& out, arena& memory) {
  for (size_t i = 0; i < s.size() && !l.reached();) {
    size_t begin = i;
    char32_t u = utf::next(s, i);
    if (u <= 0xFFFF) {
      out.push(string(s.substr(begin, i - begin)));
      ++l.count;
      continue;
    }
    for (char32_t half : {0xD800 + ((u - 0x10000) >> 10), 0xDC00 + (u & 0x3FF)}) {
      if (l.reached()) return;
      std::string bytes;
      utf::append(bytes, half);
      out.push(string(memory.keep(bytes)));
      ++l.count;
    }
  }
}

val split(call& c) {
  if (c[0].is_nothing()) return {};
  auto s = c[0].text();
  if (!c[2].is_nothing() && c[2].number() < 0) return c.run.fail("D3020", c[2], 3);
  limit l(c[2]);
  list out(c.run.memory());
  if (c[1].is_nothing()) {
    if (!l.reached()) out.push(c[0]);
    return out.done(0);
  }
  if (!c.run.spend_bytes(s.size())) return c.run.stopped();
  if (c[1].is_string()) {
    l.most = std::trunc(l.most);
    auto by = c[1].text();
    if (by.empty()) {
      if (!c.run.spend(s.size())) return c.run.stopped();
      split_units(s, l, out, c.run.memory());
      return out.done(0);
    }
    for (size_t at = 0; !l.reached(); ++l.count) {
      size_t next = s.find(by, at);
      out.push(string(s.substr(at, next == std::string_view::npos ? next : next - at)));
      if (next == std::string_view::npos) break;
      at = next + by.size();
      if (!c.run.spend(1)) return c.run.stopped();
    }
    return out.done(0);
  }
  size_t at = 0;
  matches all(c, c[1], s);
  for (; !l.reached() && all.next(); ++l.count) {
    const found& f = all.now();
    out.push(string(f.begin > at ? s.substr(at, f.begin - at) : std::string_view{}));
    at = std::min(s.size(), f.end);
    if (!c.run.spend(1)) return c.run.stopped();
  }
  if (c.run.failing()) return failure();
  if (!l.reached()) out.push(string(s.substr(at)));
  return out.done(0);
}

}  // namespace

val evaluator::match_object(std::string_view text, const regex::match& m, size_t unit, const function_node& of) {
  auto* o = memory_.make<object_node>();
  auto [begin, end] = m.groups[0];
  auto matched = text.substr(begin, end - begin);
  size_t end_unit = unit + utf::units(matched);
  o->set(memory_, "match", string(matched));
  o->set(memory_, "start", number(static_cast<double>(unit)));
  o->set(memory_, "end", number(static_cast<double>(end_unit)));
  list groups(memory_);
  for (size_t i = 1; i < m.groups.size(); ++i) {
    auto [b, e] = m.groups[i];
    groups.push(b == std::string_view::npos ? val{} : string(text.substr(b, e - b)));
  }
  o->set(memory_, "groups", groups.done(0));
  function_node next{.what = function_node::kind::next, .arity = 0};
  next.pattern = of.pattern;
  next.at = of.at;
  next.text = text;
  next.from = end;
  next.from_unit = end_unit;
  o->set(memory_, "next", function_value(next));
  return object_of(o);
}

val evaluator::call_regex(const function_node& fn, std::string_view text, size_t from, size_t from_unit, bool first) {
  if (!first && from >= text.size()) return {};
  regex::match m;
  auto answer = fn.pattern->find(text, from, m, steps_left_);
  if (answer == regex::answer::exhausted) return fail("D0905");
  if (answer == regex::answer::none) return {};
  auto [begin, end] = m.groups[0];
  if (!first && begin == end)
    return fail({.code = "D1004", .position = fn.at, .value = json_text(fn.pattern->source())});
  return match_object(text, m, from_unit + utf::units(text.substr(from, begin - from)), fn);
}

std::span<const definition> match_functions() {
  static const std::vector<definition> all{
      native_function("match", "<s-f<s:o>n?:a<o>>", 3, match),
      native_function("contains", "<s-(sf):b>", 2, contains),
      native_function("replace", "<s-(sf)(sf)n?:s>", 4, replace),
      native_function("split", "<s-(sf)n?:a<s>>", 3, split),
  };
  return all;
}

}  // namespace mdlc::expr::jsonata
