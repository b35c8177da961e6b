#include "wire/pattern.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "json/value.h"

namespace mdlc::wire {
namespace {

struct row {
  std::string_view java;
  std::vector<std::string> matching, other;
};

std::string times(size_t n, char c) { return std::string(n, c); }

// Patterns of AWS's models, each with texts at its edges.
const row rows[] = {
    {"[a-zA-Z0-9_.-]+", {"a", "a.b-c_9"}, {"", "a b", "a\n"}},
    {"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", {"a", "a--b"}, {"-a", "a-", times(64, 'a')}},
    {"", {""}, {"a"}},
    // Counts above RE2's bound.
    {"x{1,1001}", {"x", times(1000, 'x'), times(1001, 'x')}, {"", times(1002, 'x')}},
    {"x{1000}", {times(1000, 'x')}, {times(999, 'x'), times(1001, 'x')}},
    {"(ab){1001,}",
     {[] {
       std::string s;
       for (int i = 0; i < 1001; ++i) s += "ab";
       return s;
     }()},
     {"ab"}},
    {"a/[\\S]{1,2048}", {"a/" + times(2048, 'x')}, {"a/" + times(2049, 'x'), "a/x y"}},
    {"a{2,3}?b", {"aab", "aaab"}, {"b", "ab"}},
    {"a{x}", {"a{x}"}, {"ax"}},
    // Java's escapes.
    {"[\\u0020-\\u00FF]+", {"a \xC3\xBF"}, {"\t", "\xC4\x80"}},
    {"(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)", {"/", "/a/b/"}, {"", "/a", "a/"}},
    {"[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*", {"a \xF0\x9F\x98\x80"}, {"a\n"}},
    {"[\\p{Alnum}\\-]+", {"a-1"}, {"a_1"}},
    {"\\p{ASCII}*", {"", "a~"}, {"\xC3\xBF"}},
    {"\\P{Digit}", {"a"}, {"1"}},
    {"([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)", {"\xC3\xA9t\xC3\xA9 2013"}, {"a#"}},
    // Look-around.
    {"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", {"prod", "1a"}, {"1", "123", "a b", ""}},
    {"[0-9A-Za-z\\.\\-_]*(?<!\\.)", {"a.b", ""}, {"a.", "."}},
    {"(arn:/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)", {"a", "a-b", "arn:/a"}, {"a-", "arn:/a-", "-"}},
    {"([a-z-]{1,9})(?<!-)(\\/[0-9]{1,9})?", {"a", "a/1"}, {"a-", "a-/1"}},
    {"^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$", {"1a", "a"}, {"1", ""}},
    {"/(?!.*\\.\\.)[a-zA-Z0-9/_.\\-]+", {"/a.b"}, {"/a..b", "/", "a"}},
    {"(?=.{1,4}$)[a-z]+(-[a-z]+)*", {"a-b"}, {"abcde"}},
    {"(?<=a)b?", {}, {"b", ""}},
};

TEST(pattern, matches_as_java_does) {
  for (const row& r : rows) {
    const pattern p(r.java);
    EXPECT_EQ(p.problem(), "") << r.java;
    for (const std::string& text : r.matching) EXPECT_TRUE(p.matches(text)) << r.java << " on " << text;
    for (const std::string& text : r.other) EXPECT_FALSE(p.matches(text)) << r.java << " on " << text;
  }
}

TEST(pattern, says_what_it_cannot_carry_over_and_lets_all_pass) {
  for (const std::string_view java : {"(a|b(?!c))d", "(?=a)b|c", "(a)\\1", "(a"}) {
    const pattern p(java);
    EXPECT_NE(p.problem(), "") << java;
    EXPECT_TRUE(p.matches("anything")) << java;
  }
}

// Every pattern of the models that we serve; ctest says where the sources are.
TEST(pattern, carries_over_all_of_our_models) {
  const char* root = std::getenv("MDLC_SOURCE_DIR");
  const std::filesystem::path models = std::filesystem::path(root ? root : ".") / "models";
  ASSERT_TRUE(std::filesystem::is_directory(models)) << "run it with ctest, or from the repository's root";
  size_t patterns = 0;
  for (const auto& file : std::filesystem::directory_iterator(models)) {
    if (file.path().extension() != ".json") continue;
    std::ifstream in(file.path());
    const auto model = json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
    ASSERT_TRUE(model) << file.path();
    for (const auto& [name, shape] : json::find(*model, "shapes")->get_object()) {
      const std::string_view java = json::text(shape, "pattern");
      if (java.empty()) continue;
      ++patterns;
      EXPECT_EQ(pattern(java).problem(), "") << file.path() << ": " << name;
    }
  }
  EXPECT_GT(patterns, 100u);
}

TEST(pattern, is_compiled_once) { EXPECT_EQ(&pattern::of("[a-z]+"), &pattern::of(std::string("[a-z]+"))); }

}  // namespace
}  // namespace mdlc::wire
