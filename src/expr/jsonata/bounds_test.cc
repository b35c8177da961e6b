// Every bound at its edge, and what a stranger may try.
#include <thread>

#include <gtest/gtest.h>
#include <pthread.h>

#include "expr/jsonata/testing.h"

namespace mdlc::expr::jsonata {
namespace {

using testing::shown;

environment with(limits bounds) { return {.bounds = bounds}; }

std::string code(std::string_view text, const environment& given = {}) {
  auto s = shown(text, std::string_view{}, given);
  return s.substr(0, s.find(' '));
}

std::string repeated(std::string_view s, size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += s;
  return out;
}

// The smallest value of a bound with which `text` does not fail with `code_below`.
template <class F>
size_t edge(std::string_view text, std::string_view code_below, const F& bounds) {
  size_t low = 0, high = size_t{1} << 30;
  while (low + 1 < high) {
    size_t middle = low + (high - low) / 2;
    (code(text, with(bounds(middle))) == code_below ? low : high) = middle;
  }
  return high;
}

TEST(bounds, steps) {
  constexpr std::string_view text = "$sum($map([1..100], function($x){$x * 2}))";
  auto bounds = [](size_t n) { return limits{.steps = n}; };
  size_t n = edge(text, "D0901", bounds);
  EXPECT_GT(n, 400u);
  EXPECT_LT(n, 2000u);
  EXPECT_EQ(shown(text, "", with(bounds(n))), "10100");
  EXPECT_EQ(code(text, with(bounds(n - 1))), "D0901");
}

TEST(bounds, depth) {
  constexpr std::string_view text = "($f := function($n){$n = 0 ? 0 : 1 + $f($n - 1)}; $f(100))";
  auto bounds = [](size_t n) { return limits{.depth = n}; };
  size_t n = edge(text, "D1011", bounds);
  EXPECT_EQ(shown(text, "", with(bounds(n))), "100");
  EXPECT_EQ(code(text, with(bounds(n - 1))), "D1011");
  // Calls at the end of a function are not within each other.
  EXPECT_EQ(shown("($f := function($n){$n = 0 ? 'done' : $f($n - 1)}; $f(100000))", "", with({.depth = 10})),
            "\"done\"");
}

TEST(bounds, memory) {
  constexpr std::string_view text = "$length($pad('', 1000000))";
  auto bounds = [](size_t n) { return limits{.memory_bytes = n}; };
  size_t n = edge(text, "D0903", bounds);
  EXPECT_GE(n, 1000000u);
  EXPECT_LT(n, 5000000u);
  EXPECT_EQ(shown(text, "", with(bounds(n))), "1000000");
  EXPECT_EQ(code(text, with(bounds(n - 1))), "D0903");
}

// Small while it is made, 2^n when it is looked at.
std::string doubled(size_t n) {
  return fmt::format("$reduce([1..{}], function($a, $i){{{{'l': $a, 'r': $a}}}}, 1)", n);
}

TEST(bounds, answer) {
  auto bounds = [](size_t n) { return limits{.memory_bytes = n}; };
  size_t n = edge(doubled(10), "D0903", bounds);
  EXPECT_GT(n, size_t{1} << 16);
  EXPECT_EQ(code(doubled(10), with(bounds(n))).substr(0, 2), "{\"");
  EXPECT_EQ(code(doubled(10), with(bounds(n - 1))), "D0903");
  EXPECT_EQ(code(doubled(40)), "D0903");
  EXPECT_EQ(code("$length($string(" + doubled(40) + "))", with({.memory_bytes = 1 << 20})), "D0903");
  EXPECT_EQ(code(doubled(40) + " = " + doubled(40), with({.steps = 1'000'000})), "D0901");
  EXPECT_EQ(code("$count(" + doubled(40) + ".**)"), "D0903");
  EXPECT_EQ(code("$count($clone(" + doubled(40) + "))"), "D0903");
}

TEST(bounds, value_depth) {
  auto nested = [](size_t n) { return fmt::format("$count($reduce([1..{}], function($a, $i){{[[$a]]}}, [1]))", n); };
  EXPECT_EQ(shown(nested(max_value_depth - 1)), "1");
  EXPECT_EQ(code(nested(max_value_depth)), "D0904");
}

TEST(bounds, source) {
  auto padded = [](size_t n) { return "1" + std::string(n - 1, ' '); };
  EXPECT_EQ(shown(padded(max_source_bytes)), "1");
  EXPECT_EQ(code(padded(max_source_bytes + 1)), "S0901");
  auto nested = [](size_t n) { return repeated("(", n) + "1" + repeated(")", n); };
  EXPECT_EQ(shown(nested(max_source_depth - 1)), "1");
  EXPECT_EQ(code(nested(max_source_depth)), "S0902");
  EXPECT_EQ(code(repeated("[", 500'000)), "S0902");
  // Operators in a row nest to the left.
  EXPECT_EQ(shown("1" + repeated("+1", max_source_depth - 1)), std::to_string(max_source_depth));
  EXPECT_EQ(code("1" + repeated("+1", max_source_depth)), "S0902");
  EXPECT_EQ(code("a" + repeated(".a", 300'000)), "S0902");
}

TEST(bounds, arguments) {
  auto call = [](size_t n) { return "$count($zip(1" + repeated(",1", n - 1) + "))"; };
  EXPECT_EQ(shown(call(max_arguments)), "1");
  EXPECT_EQ(code(call(max_arguments + 1)), "S0903");
}

TEST(bounds, places_of_variables) {
  // Each mention of $x may mean any of the blocks around it.
  auto blocks = [](size_t blocks, size_t mentions) {
    return repeated("(1 ? $x := 1; ", blocks) + "[$x" + repeated(",$x", mentions - 1) + "]" + repeated(")", blocks);
  };
  EXPECT_EQ(code(blocks(450, 2000)).substr(0, 2), "[1");
  EXPECT_EQ(code(blocks(450, 2500)), "S0902");
}

TEST(bounds, patterns) {
  auto nested = [](size_t n) { return "$contains('a', /" + repeated("(", n) + "a" + repeated(")", n) + "/)"; };
  EXPECT_EQ(shown(nested(max_pattern_depth)), "true");
  EXPECT_EQ(code(nested(max_pattern_depth + 1)), "S0303");
  // The second takes the backtracking matcher, whose programs have a bound.
  EXPECT_EQ(shown("$contains('aa', /^(?=a){1}a{2}$/)"), "true");
  EXPECT_EQ(code("$contains('a', /(?=a)(?:a{200}){200}/)"), "false");
  EXPECT_EQ(code("$contains('a', /(?=a)(?:a{300}){300}/)"), "S0303");
  EXPECT_EQ(code("$contains('a', /a{1000000000}/)"), "S0303");
}

TEST(bounds, catastrophic_patterns) {
  auto on_as = [](std::string_view pattern) {
    return fmt::format("$contains($pad('', 5000, 'a') & 'b', {})", pattern);
  };
  EXPECT_EQ(shown(on_as("/^(a+)+$/")), "false");
  EXPECT_EQ(shown(on_as("/^(a|aa)+$/")), "false");
  limits few{.steps = 1'000'000};
  EXPECT_EQ(code(on_as("/^(a+)+\\1c$/"), with(few)), "D0905");
  EXPECT_EQ(code(on_as("/^(?=(a+)+c)/"), with(few)), "D0905");
  // Each of the matches is only sure at the end of the text.
  EXPECT_EQ(code("$count($match($pad('', 200000, 'a'), /a.*b|a/))", with(few)), "D0905");
  EXPECT_EQ(shown("$count($split($pad('', 300000, 'line of text, here\n'), /\\n/))"), "15790");
}

// What must end with an error, soon and with nothing broken.
TEST(hostile, expressions) {
  const std::pair<std::string, std::string> all[] = {
      {"($f := function(){$f()}; $f())", "D0901"},
      {"($f := function(){1 + $f()}; $f())", "D1011"},
      {"($f := function($x){$map([1], $f)}; $f(1))", "D1011"},
      {"($f := function($x){[1].($f(1))}; $f(1))", "D1011"},
      {"($f := function($x){$reduce([1, 2], function($a, $b){$f(1)})}; $f(1))", "D1011"},
      {"($f := function($x){1 ~> $f ~> $f}; $f(1))", "D1011"},
      {"($f := function($x){$sort([1, 2], function($a, $b){$f(1) > 0})}; $f(1))", "D1011"},
      {"($f := function($x){$replace('a', /a/, function($m){$f(1)})}; $f(1))", "D1011"},
      {"($s := '$eval($s)'; $eval($s))", "D1011"},
      {"($g := function($f, $n){$n = 0 ? $f : $g($f ~> $abs, $n - 1)}; $g($abs, 10000)(1))", "D1011"},
      {"($g := function($f, $n){$n = 0 ? $f : $g($f(?), $n - 1)}; $g($abs, 10000)(1))", "D1011"},
      {"($g := function($f, $n){$n = 0 ? $f : $g(function(){$f()}, $n - 1)}; $g(function(){1}, 10000)())", "1"},
      {"$pad('x', 1e300)", "D0903"},
      {"$pad('x', -1e15, 'abc')", "D0903"},
      {"[1..10000001]", "D2014"},
      {"[1..10000000].[1..10000000]", "D0901"},
      {"[1..10000000][$ > 0]", "D0901"},
      {"$map([1..10000000], function($x){$x})", "D0901"},
      {"$length($string([1..1000000]))", "6888897"},
      {"$reduce([1..100], function($a, $i){$a & $a}, 'x')", "D0903"},
      {"$reduce([1..100], function($a, $i){$append($a, $a)}, [1, 2])", "D0903"},
      {"$reduce([1..100000], function($a, $i){{'a': $a}}, 1)", "D0904"},
      {"$distinct([1..100000].{'a': $})", "D0901"},
      {"([1..3000] ~> $map(function($x){$string($x)}) ~> $join)[$ in $split($pad('', 1000, 'x'), '')]", "nothing"},
      {"$match($pad('', 10000000, 'a'), /a/)", "D0903"},
      {"$split($pad('', 20000000, 'a'), '')", "D0901"},
      {"$formatInteger(1e300, 'I')", "D1001"},
      {"$formatInteger(1/0, 'w')", "D1001"},
      {"$formatInteger(1e308, 'w') ~> $length() > 100", "true"},
      {"$fromMillis(1e300)", "D1001"},
      {"$formatNumber(1, $pad('', 1000000, '0')) ~> $length()", "1000000"},
      {"$formatNumber(1/0, '0.0e0')", "\"Infinity\""},
      {"$fromMillis(0, $pad('', 10000, '[Y]'))", "D0907"},
      {"$eval($pad('', 100000, '('))", "D3120"},
      {"{'a': {'b': 1}} ~> |$|{'self': $}|", "{\"a\":{\"b\":1},\"self\":{\"a\":{\"b\":1}}}"},
      {"$reduce([1..600], function($a, $i){$a ~> |$|{'x': $}|}, {'a': 1}) ~> $string() ~> $length() > 0", "D0904"},
      {"**.**.**.**", "nothing"},
      {"$round(1e300, 1e300)", "null"},
      {"$power(10, 400)", "D3061"},
      {"$parseInteger('one' & $pad('', 1000000, ' one'), 'w') > 0", "true"},
  };
  for (const auto& [text, wanted] : all) EXPECT_EQ(code(text, with({.steps = 5'000'000})), wanted) << text;
}

TEST(hostile, signatures_are_matched_in_bounded_time) {
  std::string arguments = "'a'" + repeated(",'a'", 200);
  EXPECT_EQ(code("function($a)<" + repeated("s+", 60) + "n>{1}(" + arguments + ")"), "T0410");
}

TEST(hostile, deepest_recursion_fits_a_small_stack) {
  // Half of what threads have by default.
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 4 << 20), 0);
  auto run = [](void*) -> void* {
    for (std::string_view text : {"($f := function(){1 + $f()}; $f())", "($f := function($x){$map([1], $f)}; $f(1))",
                                  "($f := function($x){$replace('a', /a/, function($m){$f(1)})}; $f(1))",
                                  "($f := function($x){[1]^($f($)).a[$f($)]{$f(1): 1}}; $f(1))",
                                  "($f := function($x){$x.a@$y.a[$f($x)].%.{'x': $f($x)}}; $f({'a': {'b': 1}}))",
                                  "($f := function($x){{'a': 1} ~> |$|{'a': $f(1)}|}; $f(1))",
                                  "($s := '$eval($s)'; $eval($s))", "($f := function($x)<n:n>{$x ~> $f(?)}; $f(1))"})
      EXPECT_EQ(code(text), "D1011") << text;
    EXPECT_EQ(code(repeated("(", max_source_depth - 1) + "1" + repeated(")", max_source_depth - 1)), "1");
    EXPECT_EQ(shown(repeated("{'a':", max_source_depth - 1) + "1" + repeated("}", max_source_depth - 1)).size(),
              6 * (max_source_depth - 1) + 1);
    return nullptr;
  };
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, run, nullptr), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST(expressions, are_shared_by_threads) {
  auto e = expression::parse(
      "($f := function($n){$n < 2 ? $n : $f($n - 1) + $f($n - 2)}; $f(12) & $match(s, /l+/)[0].match & $random())");
  ASSERT_TRUE(e);
  std::vector<std::thread> threads;
  std::vector<std::string> answers(4);
  for (auto& answer : answers)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        auto r = e->evaluate(&testing::document(), {.seed = 7});
        answer = r ? to_json_text(r->value) : r.error().text();
      }
    });
  for (auto& t : threads) t.join();
  for (const auto& answer : answers) EXPECT_EQ(answer, answers[0]);
  EXPECT_EQ(answers[0].substr(0, 8), "\"144ll0.");
}

}  // namespace
}  // namespace mdlc::expr::jsonata
