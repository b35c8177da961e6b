// What a host gives: variables, functions of its own, time, seed; and what it can ask.
#include <gtest/gtest.h>

#include "expr/jsonata/aws.h"
#include "expr/jsonata/testing.h"

namespace mdlc::expr::jsonata {
namespace {

using testing::shown;

TEST(host, variables) {
  const json::value states = {{"input", {{"n", 5}}}}, seven = 7;
  const variable_binding variables[] = {{"states", &states}, {"sum", &seven}};
  environment given{.variables = variables};
  EXPECT_EQ(shown("$states.input.n + 1", "", given), "6");
  EXPECT_EQ(shown("$sum", "", given), "7");
  EXPECT_EQ(shown("$sum([1])", "", given), "T1006 at 5: Attempted to invoke a non-function");
  EXPECT_EQ(shown("($states := 1; $states)", "", given), "1");
  EXPECT_EQ(shown("$states.input = $states.input", "", given), "true");
}

TEST(host, functions) {
  library mine;
  ASSERT_TRUE(mine.add("twice", "<n-:n>", [](auto arguments) -> base::result<std::optional<json::value>, error> {
    return json::to_double(*arguments[0]) * 2;
  }));
  ASSERT_TRUE(mine.add("none", "", [](auto arguments) -> base::result<std::optional<json::value>, error> {
    EXPECT_EQ(arguments.size(), 2u);
    EXPECT_FALSE(arguments[1]);
    return std::nullopt;
  }));
  ASSERT_TRUE(mine.add("fails", "", [](auto) -> base::result<std::optional<json::value>, error> {
    return tl::unexpected(error{.code = "X1", .message = "no", .token = {}, .value = {}});
  }));
  ASSERT_TRUE(mine.add("list", "", [](auto) -> base::result<std::optional<json::value>, error> {
    return json::parse("[{\"a\": 1}, {\"a\": 2}]").value();
  }));
  mine.hide("eval");
  mine.hide("nothing_of_that_name");
  environment given{.functions = &mine};
  EXPECT_EQ(shown("$twice(4) & [3].$twice()", "", given), "\"86\"");
  EXPECT_EQ(shown("$twice('x')", "", given),
            "T0410 at 7: Argument 1 of function \"twice\" does not match function signature");
  EXPECT_EQ(shown("$map([1, 2], $twice)", "", given), "[2,4]");
  EXPECT_EQ(shown("$none(1, zz)", "", given), "nothing");
  EXPECT_EQ(shown("$fails()", "", given), "X1 at 7: no");
  EXPECT_EQ(shown("$list().a", "", given), "[1,2]");
  EXPECT_EQ(shown("$eval('1')", "", given), "T1006 at 6: Attempted to invoke a non-function");
  EXPECT_EQ(shown("$eval('1')"), "1");
  EXPECT_EQ(shown("$list()"), "T1006 at 6: Attempted to invoke a non-function");
  EXPECT_EQ(mine.add("bad", "<n<s>:n>", {}).error().code, "S0401");
}

TEST(host, a_function_s_answers_count_as_memory) {
  library mine;
  ASSERT_TRUE(mine.add("big", "", [](auto) -> base::result<std::optional<json::value>, error> {
    return json::value(json::string(std::string(100'000, 'x')));
  }));
  environment given{.functions = &mine, .bounds = {.memory_bytes = 1'000'000}};
  EXPECT_EQ(shown("$length($big())", "", given), "100000");
  EXPECT_EQ(shown("$count([1..20].$big())", "", given).substr(0, 5), "D0903");
}

TEST(host, time_and_chance) {
  environment given{.now = base::from_ms(1510067557121), .seed = 1};
  EXPECT_EQ(shown("$now()", "", given), "\"2017-11-07T15:12:37.121Z\"");
  EXPECT_EQ(shown("$millis()", "", given), "1510067557121");
  EXPECT_EQ(shown("$now('[Y]', '+0000')", "", given), "\"2017\"");
  EXPECT_EQ(shown("$toMillis('1:00', '[H]:[m]')", "", given), "1510016400000");
  EXPECT_EQ(shown("[$random(), $random()]", "", given), shown("[$random(), $random()]", "", given));
  EXPECT_NE(shown("$random()", "", given), shown("$random()", "", {.seed = 2}));
  EXPECT_EQ(shown("$random() != $random()", "", given), "true");
  EXPECT_EQ(shown("$sort($shuffle([1..100])) = [1..100] and $shuffle([1..100]) != [1..100]", "", given), "true");
  EXPECT_EQ(shown("$count([1..1000].$random()[$ >= 0 and $ < 1])", "", given), "1000");
}

TEST(host, input) {
  EXPECT_EQ(shown("$"), "nothing");
  EXPECT_EQ(shown("$", "null"), "null");
  EXPECT_EQ(shown("a", "[{\"a\": 1}, {\"a\": 2}]"), "[1,2]");
  EXPECT_EQ(shown("$count($)", "[1, 2]"), "2");
  EXPECT_EQ(shown("$[0]", "[[1], 2]"), "[1]");
  // Integers that a double cannot hold.
  EXPECT_EQ(shown("id", "{\"id\": 9007199254740993}"), "9007199254740993");
  EXPECT_EQ(shown("{\"x\": id}", "{\"id\": 9007199254740993}"), "{\"x\":9007199254740993}");
  EXPECT_EQ(shown("$string(id)", "{\"id\": 9007199254740993}"), "\"9007199254740993\"");
  EXPECT_EQ(shown("id = 9007199254740993", "{\"id\": 9007199254740993}"), "true");
  EXPECT_EQ(shown("id + 0", "{\"id\": 9007199254740993}"), "9007199254740992");
  EXPECT_EQ(shown("[1.0, 2.5, 1e15, 1e16]"), "[1,2.5,1000000000000000,10000000000000000]");
  EXPECT_EQ(shown("'\\ud83d' & '\\ude02'"), "\"\U0001F602\"");
  EXPECT_EQ(shown("'\\ud83d'"), "\"\uFFFD\"");
  EXPECT_EQ(shown("1/0").substr(0, 5), "D1001");
}

std::string references(std::string_view text) {
  auto e = expression::parse(text);
  if (!e) return e.error().text();
  std::string out;
  for (const auto& r : e->references()) {
    out += out.empty() ? "" : " ";
    out += r.name;
    for (const auto& name : r.path) out += "." + name;
    if (r.called) out += "()";
  }
  return out;
}

TEST(host, references) {
  EXPECT_EQ(references("$states.input.a & $x"), "states.input.a x");
  EXPECT_EQ(references("$states.input[0].a"), "states.input");
  EXPECT_EQ(references("$states[0].a"), "states");
  EXPECT_EQ(references("$sum($x) + $sum($y) + $x"), "sum() x y");
  EXPECT_EQ(references("($a := 1; $a + $b)"), "b");
  EXPECT_EQ(references("($a := $a + 1; $a)"), "a");
  EXPECT_EQ(references("function($p){$p + $q}"), "q");
  EXPECT_EQ(references("($f := function(){$g()}; $g := function(){1}; $f())"), "");
  EXPECT_EQ(references("a@$x#$i.b[$x = $i and $y]"), "y");
  EXPECT_EQ(references("$ + $$.a"), "");
  EXPECT_EQ(references("|$a|{'x': $b}, $c|"), "a b c");
  EXPECT_EQ(references("`$a` & '$b' /* $c */"), "");
  EXPECT_EQ(references("$f(?, $x) ~> $g"), "f() x g");
  EXPECT_EQ(references("sum(1)"), "");
}

TEST(host, syntax_errors_have_a_place) {
  auto e = expression::parse("a.b +");
  ASSERT_FALSE(e);
  EXPECT_EQ(e.error().code, "S0207");
  EXPECT_EQ(e.error().position, 5u);
  EXPECT_EQ(e.error().text(), "S0207: Unexpected end of expression");
  // In UTF-16 units.
  EXPECT_EQ(expression::parse("'\U0001F602' + )").error().position, 8u);
  EXPECT_EQ(expression::parse("[1, 2").error().value, json::value("]"));
}

std::string on_aws(std::string_view text, std::string_view input = {}) {
  return shown(text, input, {.functions = &aws_library(), .seed = 3});
}

TEST(aws, functions) {
  EXPECT_EQ(on_aws("$partition([1..5], 2)"), "[[1,2],[3,4],[5]]");
  EXPECT_EQ(on_aws("$partition([0], 5)"), "[[0]]");
  EXPECT_EQ(on_aws("$partition([], 5)"), "[]");
  EXPECT_EQ(on_aws("$partition(a, 2)", "{\"a\": [1, 2, 3]}"), "[[1,2],[3]]");
  EXPECT_EQ(on_aws("$partition([1], 0)").substr(0, 5), "D0911");
  EXPECT_EQ(on_aws("$partition([1], 1.5)").substr(0, 5), "D0911");
  EXPECT_EQ(on_aws("$range(0, 10, 3)"), "[0,3,6,9]");
  EXPECT_EQ(on_aws("$range(1, 9, 9)"), "1");
  EXPECT_EQ(on_aws("$range(10, 0, -5)"), "[10,5,0]");
  EXPECT_EQ(on_aws("$range(1, 0, 1)"), "nothing");
  EXPECT_EQ(on_aws("$range(0, 1, 0)").substr(0, 5), "D0912");
  EXPECT_EQ(on_aws("$range(0, 1e7, 1)").substr(0, 5), "D2014");
  EXPECT_EQ(on_aws("$hash('input data', 'SHA-1')"), "\"aaff4a450a104cd177d28d18d74485e8cae074b7\"");
  EXPECT_EQ(on_aws("$hash('', 'MD5')"), "\"d41d8cd98f00b204e9800998ecf8427e\"");
  EXPECT_EQ(on_aws("[$hash('a', 'SHA-256'), $hash('a', 'SHA-384'), $hash('a', 'SHA-512')].$length()"), "[64,96,128]");
  EXPECT_EQ(on_aws("$hash('a', 'CRC')").substr(0, 5), "D0913");
  EXPECT_EQ(on_aws("$random(5) = $random(5) and $random(5) != $random(6) and $random() != $random()"), "true");
  EXPECT_EQ(on_aws("$contains($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)"),
            "true");
  EXPECT_EQ(on_aws("$uuid() != $uuid()"), "true");
  EXPECT_EQ(on_aws("$parse('{\"a\": [1, 2.5]}').a[1]"), "2.5");
  EXPECT_EQ(on_aws("$parse('{')").substr(0, 5), "D0914");
  EXPECT_EQ(on_aws("$eval('1')"), "T1006 at 6: Attempted to invoke a non-function");
  EXPECT_EQ(on_aws("$randomSeeded(1)"), "T1006 at 14: Attempted to invoke a non-function");
  EXPECT_EQ(shown("$partition([1], 1)"), "T1006 at 11: Attempted to invoke a non-function");
}

}  // namespace
}  // namespace mdlc::expr::jsonata
