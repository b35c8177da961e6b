#include "asl/intrinsic.h"

#include <gtest/gtest.h>

namespace mdlc::asl {
namespace {

const char* const input_text =
    R"({"s": "Hello", "n": 3, "f": -2.5, "a": [1, 2, 2, "x"], "o": {"k": 1, "l": [true, null]}, "j": "{\"a\":1}", "z": null,
        "t": "It's {}!"})";

std::string evaluate(std::string_view text) {
  auto e = parse_expression(text);
  if (!e) return "refused";
  auto input = document::from_text(input_text);
  execution_info info;
  info.id = "arn:x";
  info.name = "e";
  context_object context;
  context.info = &info;
  context.state_name = "S";
  auto v = document::from_text(R"({"w": [7]})");
  std::function<document(std::string_view)> variable = [&](std::string_view name) {
    return name == "v" ? v : document{};
  };
  chance luck{1};
  auto out = (*e)->evaluate({input, context, variable, luck});
  if (out) return json::print(out->get());
  return (out.error().what == trouble::kind::function ? "! " : "missing ") + out.error().detail;
}

struct row {
  const char *call, *result;
};

TEST(intrinsic, functions) {
  row rows[] = {
      {"$.s", "\"Hello\""},
      {"$", nullptr},
      {"$v.w[0]", "7"},
      {"$$.Execution.Name", "\"e\""},
      {"$$.State.Name", "\"S\""},
      {"States.Array()", "[]"},
      {"States.Array(1, 'a', $.n, true, null, $v.w)", R"([1,"a",3,true,null,[7]])"},
      {"States.ArrayPartition($.a, 3)", R"([[1,2,2],["x"]])"},
      {"States.ArrayPartition($.a, 0)",
       "! The second argument to States.ArrayPartition must be a positive, non-zero integer."},
      {"States.ArrayContains($.a, 'x')", "true"},
      {"States.ArrayContains($.a, 5)", "false"},
      {"States.ArrayRange(1, 9, 4)", "[1,5,9]"},
      {"States.ArrayRange(3, 0, -2)", "[3,1]"},
      {"States.ArrayRange(1, 2, 0)", "! The third argument to States.ArrayRange must not be zero."},
      {"States.ArrayLength(States.ArrayRange(1, 1000, 1))", "1000"},
      {"States.ArrayRange(1, 1001, 1)", "! States.ArrayRange must not generate more than 1000 elements."},
      {"States.ArrayGetItem($.a, 3)", "\"x\""},
      {"States.ArrayGetItem($.a, 4)", "! The index 4 is out of the bounds of the array."},
      {"States.ArrayLength($.a)", "4"},
      {"States.ArrayUnique($.a)", R"([1,2,"x"])"},
      {"States.Base64Encode($.s)", "\"SGVsbG8=\""},
      {"States.Base64Decode('SGVsbG8=')", "\"Hello\""},
      {"States.Base64Decode('agey/w==')", "\"j\\u0007\uFFFD\uFFFD\""},
      {"States.Base64Decode('%')", "! The argument to States.Base64Decode is not valid Base64."},
      {"States.Hash($.s, 'MD5')", "\"8b1a9953c4611296a827abf8c47804d7\""},
      {"States.Hash($.s, 'SHA-1')", "\"f7ff9e8b7bb2e09b70935a5d785e0cc5d9d0abf0\""},
      {"States.Hash($.s, 'CRC')",
       "! The second argument to States.Hash must be one of: MD5, SHA-1, SHA-256, SHA-384, SHA-512."},
      {"States.JsonMerge($.o, States.StringToJson($.j), false)", R"({"k":1,"l":[true,null],"a":1})"},
      {"States.JsonMerge($.o, $.o, true)",
       "! States.JsonMerge only supports the shallow merging mode: its third argument must be false."},
      {"States.StringToJson($.j)", R"({"a":1})"},
      {"States.StringToJson(' ')", "null"},
      {"States.JsonToString($.o)", R"("{\"k\":1,\"l\":[true,null]}")"},
      {"States.MathAdd($.n, -5)", "-2"},
      {"States.MathAdd($.f, 0)", "-2"},
      {"States.MathAdd(9223372036854775807, 1)", "! The result of States.MathAdd is out of range."},
      {"States.MathAdd('1', 1)", "! The arguments to States.MathAdd must be numbers."},
      {"States.MathRandom(7, 8)", "7"},
      {"States.MathRandom(8, 8)", "! The first argument to States.MathRandom must be less than the second."},
      {"States.StringSplit('1,2;3;,4', ',;')", R"(["1","2","3","4"])"},
      {"States.StringSplit('aöbÃc¶d', 'öb')", R"(["a","Ãc¶d"])"},
      {"States.StringSplit('abc', '')", R"(["abc"])"},
      {"States.Format('{} and {}', $.o, $.a)", R"("{k=1, l=[true, null]} and [1, 2, 2, x]")"},
      {"States.Format($.t, $.z)", "\"It's null!\""},
      {"States.Format('a\\'b \\{\\} \\\\ {}', 1)", R"("a'b {} \\ 1")"},
      {"States.Format('{} {}', 1)", "! Invalid arguments: the template has more places than there are arguments."},
      {"States.Format('{}', States.Format('{}', $.n))", "\"3\""},
      {"States.Format('{}', $.nope)", "missing $.nope"},
      {"States.ArrayLength($.a[7])", "missing $.a[7]"},
      {"  States.Array( 1 , 2 )  ", "[1,2]"},
      // No calls.
      {"States.Nope()", "refused"},
      {"States.Array(", "refused"},
      {"States.Array(1", "refused"},
      {"States.Array(1,)", "refused"},
      {"States.Array(1) x", "refused"},
      {"States.Array('a)", "refused"},
      {"States.Array([1])", "refused"},
      {"States.UUID(1)", "refused"},
      {"States.MathAdd(1)", "refused"},
      {"States.Format('\\n')", "refused"},
      {"Hello", "refused"},
      {"", "refused"},
  };
  for (const auto& r : rows)
    if (r.result) {
      EXPECT_EQ(evaluate(r.call), r.result) << r.call;
    }
  EXPECT_EQ(json::parse(evaluate("$")).value(), json::parse(input_text).value());
  EXPECT_EQ(evaluate("States.UUID()").size(), 38u);
}

TEST(intrinsic, a_seed_decides) {
  EXPECT_EQ(evaluate("States.MathRandom(0, 1000000, 7)"), evaluate("States.MathRandom(0, 1000000, 7)"));
  // java.util.Random(42).nextInt(10) and of a power of two
  EXPECT_EQ(evaluate("States.MathRandom(0, 10, 42)"), "0");
  EXPECT_EQ(evaluate("States.MathRandom(0, 16, 42)"), "11");
}

TEST(intrinsic, nests_ten_deep) {
  auto nested = [](int depth) {
    std::string out = "1";
    for (int i = 0; i < depth; ++i) out = "States.Array(" + out + ")";
    return out;
  };
  EXPECT_NE(evaluate(nested(max_intrinsic_depth)), "refused");
  EXPECT_EQ(evaluate(nested(max_intrinsic_depth + 1)), "refused");
}

TEST(intrinsic, bounds_its_arguments) {
  auto of = [](std::string_view call, size_t bytes) {
    return evaluate(fmt::format("{}('{}')", call, std::string(bytes, 'A')));
  };
  EXPECT_NE(of("States.Base64Encode", max_base64_bytes)[0], '!');
  EXPECT_EQ(of("States.Base64Encode", max_base64_bytes + 1)[0], '!');
  EXPECT_NE(of("States.Base64Decode", max_base64_bytes)[0], '!');
  EXPECT_EQ(of("States.Base64Decode", max_base64_bytes + 4)[0], '!');
  auto hash = [](size_t bytes) { return evaluate(fmt::format("States.Hash('{}', 'MD5')", std::string(bytes, 'a'))); };
  EXPECT_NE(hash(max_hash_bytes)[0], '!');
  EXPECT_EQ(hash(max_hash_bytes + 1)[0], '!');
}

}  // namespace
}  // namespace mdlc::asl
