// JavaScript's regular expressions, on both matchers. What the tables say is what Node answers.
#include "expr/jsonata/regex.h"

#include <gtest/gtest.h>

#include "expr/jsonata/pattern.h"

namespace mdlc::expr::jsonata {
namespace {

// The first match and its groups, as "ab|a|-"; "none"; or what is wrong with the pattern.
std::string found(std::string_view pattern, std::string_view text, regex::flags with = {}) {
  auto compiled = regex::compile(pattern, with);
  if (!compiled) return compiled.error().message;
  regex::match m;
  size_t steps = 100'000;
  auto answer = (*compiled)->find(text, 0, m, steps);
  if (answer != regex::answer::found) return answer == regex::answer::none ? "none" : "exhausted";
  std::string out;
  for (auto [begin, end] : m.groups) {
    if (!out.empty() || begin != m.groups[0].first || end != m.groups[0].second) out += '|';
    out += begin == std::string_view::npos ? "-" : std::string{text.substr(begin, end - begin)};
  }
  return out;
}

struct row {
  std::string_view pattern, text, wanted;
};

constexpr row plain[] = {
    {"b+", "abbc", "bb"},
    {"(a)|(b)", "b", "b|-|b"},
    {"a{2,3}", "aaaa", "aaa"},
    {"a{2,3}?", "aaaa", "aa"},
    {"a{,3}", "a{,3}", "a{,3}"},
    {"x{", "x{", "x{"},
    {"]", "]", "]"},
    {"}", "}", "}"},
    {"[^]", "\n", "\n"},
    {"[]", "a", "none"},
    {"[\\]]", "]", "]"},
    {"[a-]", "-", "-"},
    {"[\\w-z]", "-", "-"},
    {"[\\d\\D]+", "a1", "a1"},
    {"[^\\D]+", "a12", "12"},
    {"\\s", "\u00a0", "\u00a0"},
    {"\\S+", " \u2003x\ufeff", "x"},
    {".", "\u2028", "none"},
    {".", "\u00e9", "\u00e9"},
    {"\\u00e9", "\u00e9", "\u00e9"},
    {"\\ud83d\\ude02", "\U0001F602", "\U0001F602"},
    {"\\x41\\101\\0", std::string_view{"AA\0", 3}, std::string_view{"AA\0", 3}},
    {"\\cA", "\x01", "\x01"},
    {"\\q\\-\\/", "q-/", "q-/"},
    {"\\bfoo\\b", "a foo b", "foo"},
    {"\\Boo", "foo", "oo"},
    {"^a$", "a\n", "none"},
    {"(?<year>\\d+)-(?<day>\\d+)", "12-3", "12-3|12|3"},
    {"(?:a|b)+", "abab", "abab"},
    {"\\t\\n\\v\\f\\r", "\t\n\v\f\r", "\t\n\v\f\r"},
    {"\\8", "8", "8"},
};

constexpr row backtracked[] = {
    {"(a)\\1", "aa", "aa|a"},
    {"\\1(a)", "a", "a|a"},
    {"(?<q>['\"])x\\k<q>", "'x'", "'x'|'"},
    {"a(?=b)", "acab", "a"},
    {"a(?!b)", "abac", "a"},
    {"\\d(?=(\\d{3})+$)", "12345", "2|345"},
    {"(?<=\\$)\\d+", "a1$23", "23"},
    {"(?<!\\$)\\b\\d+", "$23 45", "45"},
    {"(?<=(\\w)(\\w))c", "abc", "c|a|b"},
    {"(?<=(\\d+)(\\d+))$", "1053", "|1|053"},
    {"(?=(a+))a*b\\1", "baaabac", "aba|a"},
    {"(?:(a)|b)*", "ab", "ab|-"},
    {"(z)((a+)?(b+)?(c))*", "zaacbbbcac", "zaacbbbcac|z|ac|a|-|c"},
    {"(a*)*", "b", "|-"},
    {"(?:a?)*?$", "aa", "aa"},
    {"(a*?)*?b\\1", "aab", "b|-"},
    {"(?!(a)b)a\\1c", "ac", "ac|-"},
    {"(?:a{2}){2}(?=b)", "aaaab", "aaaa"},
    {"(?=x)", "ax", ""},
};

constexpr row wrong[] = {
    {"(", "", "Unterminated group"},
    {")", "", "Unmatched ')'"},
    {"[a", "", "Unterminated character class"},
    {"*", "", "Nothing to repeat"},
    {"a**", "", "Nothing to repeat"},
    {"{1}", "", "Nothing to repeat"},
    {"^*", "", "Nothing to repeat"},
    {"a{2,1}", "", "numbers out of order in {} quantifier"},
    {"[b-a]", "", "Range out of order in character class"},
    {"\\", "", "\\ at end of pattern"},
    {"(?<>a)", "", "Invalid capture group name"},
    {"(?<n>a)\\k<m>", "", "Invalid named capture referenced"},
    {"(?x)", "", "Invalid group"},
};

TEST(regex, plain) {
  for (const auto& [pattern, text, wanted] : plain) EXPECT_EQ(found(pattern, text), wanted) << pattern;
}

TEST(regex, what_re2_has_not) {
  for (const auto& [pattern, text, wanted] : backtracked) EXPECT_EQ(found(pattern, text), wanted) << pattern;
}

TEST(regex, wrong) {
  for (const auto& [pattern, text, wanted] : wrong) EXPECT_EQ(found(pattern, text), wanted) << pattern;
}

TEST(regex, both_matchers_agree) {
  for (const auto& [pattern, text, wanted] : plain) {
    auto p = pattern::parse(pattern, {});
    ASSERT_TRUE(p) << pattern;
    auto other = backtracker::compile(*p);
    ASSERT_TRUE(other);
    regex::match m;
    size_t steps = 100'000;
    auto answer = (*other)->find(text, 0, m, steps);
    if (wanted == "none") {
      EXPECT_EQ(answer, regex::answer::none) << pattern;
      continue;
    }
    ASSERT_EQ(answer, regex::answer::found) << pattern;
    EXPECT_EQ(text.substr(m.groups[0].first, m.groups[0].second - m.groups[0].first),
              wanted.substr(0, m.groups[0].second - m.groups[0].first))
        << pattern;
  }
}

TEST(regex, case_and_lines) {
  regex::flags i{.ignore_case = true}, m{.multiline = true};
  EXPECT_EQ(found("straSSe|\u00c9t\u00e9", "\u00e9T\u00c9", i), "\u00e9T\u00c9");
  EXPECT_EQ(found("[A-C]+(?=d)", "xabCD", i), "abC");
  EXPECT_EQ(found("(a)\\1", "aA", i), "aA|a");
  EXPECT_EQ(found("^b$", "a\nb\nc", m), "b");
  EXPECT_EQ(found("^b$", "a\r\nb\r\nc", m), "b");
  EXPECT_EQ(found("^b$", "a\u2028b\u2029c", m), "b");
  EXPECT_EQ(found("^b$", "a\nb\nc"), "none");
}

TEST(regex, steps_end_a_search) {
  auto compiled = regex::compile("(a+)+\\1c", {});
  ASSERT_TRUE(compiled);
  regex::match m;
  size_t steps = 1000;
  EXPECT_EQ((*compiled)->find(std::string(40, 'a'), 0, m, steps), regex::answer::exhausted);
  EXPECT_EQ(steps, 0u);
}

}  // namespace
}  // namespace mdlc::expr::jsonata
