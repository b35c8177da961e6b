#include "expr/dynamo/condition.h"

#include <gtest/gtest.h>

#include "expr/dynamo/attribute.h"
#include "expr/dynamo/parser.h"

namespace mdlc::expr::dynamo {
namespace {

json::object object(std::string_view text) { return json::parse(text).value().as_object(); }

const json::object& item() {
  static const auto parsed = object(R"({
    "id": {"S": "a"}, "n": {"N": "10"}, "m": {"N": "9"}, "txt": {"S": "hello"}, "bin": {"B": "AQID"},
    "yes": {"BOOL": true}, "nothing": {"NULL": true}, "ss": {"SS": ["x", "y"]}, "ns": {"NS": ["1", "2"]},
    "bs": {"BS": ["AQ=="]}, "lst": {"L": [{"S": "x"}, {"N": "5"}, {"M": {"k": {"S": "v"}}}]},
    "tree": {"M": {"leaf": {"N": "1"}, "size": {"S": "big"}}}, "smile": {"S": "a😀"}, "dotted.name": {"S": "d"}
  })");
  return parsed;
}

placeholders given() {
  return placeholders::make(placeholders::names{{"#s", "size"}, {"#d", "dotted.name"}, {"#t", "txt"}},
                            placeholders::values{{":ten", {{"N", "10.0"}}},
                                                 {":nine", {{"N", "9"}}},
                                                 {":five", {{"N", "5"}}},
                                                 {":two", {{"N", "2"}}},
                                                 {":three", {{"N", "3"}}},
                                                 {":hello", {{"S", "hello"}}},
                                                 {":hel", {{"S", "hel"}}},
                                                 {":x", {{"S", "x"}}},
                                                 {":z", {{"S", "z"}}},
                                                 {":yes", {{"BOOL", true}}},
                                                 {":null", {{"NULL", true}}},
                                                 {":bin", {{"B", "AQ=="}}},
                                                 {":yx", object(R"({"SS": ["y", "x"]})")},
                                                 {":map", object(R"({"M": {"k": {"S": "v"}}})")},
                                                 {":list", object(R"({"L": [{"S": "x"}]})")},
                                                 {":S", {{"S", "S"}}},
                                                 {":SS", {{"S", "SS"}}},
                                                 {":wrong", {{"S", "Q"}}}})
      .value();
}

TEST(condition, holds_or_not) {
  const std::vector<std::pair<const char*, bool>> table{
      {"n = :ten", true},
      {"n <> :ten", false},
      {"n > m", true},
      {"n >= :ten AND n <= :ten", true},
      {"m < :ten", true},
      {"txt < :x", true},
      {"bin >= :bin", true},
      {"txt = :ten", false},
      {"txt <> :ten", true},
      {"txt < :ten", false},
      {"ss = :yx", true},
      {"lst[2] = :map", true},
      {"lst[2].k = :hello", false},
      {"yes = :yes", true},
      {"nothing = :null", true},
      {"gone = :ten", false},
      {"gone <> :ten", true},
      {"gone < :ten", false},
      {"NOT gone < :ten", true},
      {"NOT NOT n = :ten", true},
      {"n BETWEEN :nine AND :ten", true},
      {"m BETWEEN :ten AND n", false},
      {":nine BETWEEN m AND n", true},
      {"txt IN (:x, :hello)", true},
      {"txt IN (:x)", false},
      {"n IN (:x, m, :ten)", true},
      {"attribute_exists(tree.leaf)", true},
      {"attribute_exists(tree.another)", false},
      {"attribute_exists(lst[7])", false},
      {"attribute_not_exists(gone)", true},
      {"attribute_type(ss, :SS)", true},
      {"attribute_type(n, :S)", false},
      {"attribute_type(gone, :S)", false},
      {"begins_with(txt, :hel)", true},
      {"begins_with(#t, :x)", false},
      {"begins_with(bin, :bin)", true},
      {"begins_with(n, :hel)", false},
      {"contains(txt, :hel)", true},
      {"contains(ss, :x)", true},
      {"contains(ss, :z)", false},
      {"contains(ns, :two)", true},
      {"contains(ns, :x)", false},
      {"contains(lst, :five)", true},
      {"contains(lst, :map)", true},
      {"contains(bin, :bin)", true},
      {"size(txt) = :five", true},
      {"size(ss) = :two", true},
      {"size(lst) = :three", true},
      {"size(tree) = :two", true},
      {"size(bin) = :three", true},
      {"size(smile) = :three", true},
      {"size(n) = :two", false},
      {"size(gone) < :ten", false},
      {":five = size(txt)", true},
      {"tree.#s = :x OR tree.leaf < :two", true},
      {"#d <> :x", true},
      {"n = :x OR n = :ten AND m = :x", false},
      {"(n = :ten OR n = :x) AND m = :nine", true},
      {"NOT (n = :ten AND m = :nine)", false},
      {"n=:ten and not(m=:ten)or gone=:x", true},
      {"(n) = (:ten)", true},
      {"txt Between :hel AnD :x", true},
  };
  for (const auto& [text, expected] : table) {
    auto all = given();
    const auto parsed = condition::parse("ConditionExpression", text, all);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(parsed->holds(item()), expected) << text;
  }
}

TEST(condition, refuses_in_dynamodbs_words) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "The expression can not be empty;"},
      {"n", R"(Syntax error; token: "<EOF>", near: "n")"},
      {"n = :ten :x", R"(Syntax error; token: ":x", near: ":ten :x")"},
      {"n == :ten", R"(Syntax error; token: "=", near: "== :ten")"},
      {"n = 5", R"(Syntax error; token: "5", near: "= 5")"},
      {"user-id = :x", R"(Syntax error; token: "-", near: "user-id")"},
      {"_n = :x", R"(Syntax error; token: "_", near: "_n")"},
      {"n = :ten AND", R"(Syntax error; token: "<EOF>", near: "AND")"},
      {"AND n = :ten", R"(Syntax error; token: "AND", near: "AND n")"},
      {"n AND m = :ten", R"(Syntax error; token: "AND", near: "n AND m")"},
      {"n = m = :ten", R"(Syntax error; token: "=", near: "m = :ten")"},
      {"(n = :ten", R"(Syntax error; token: "<EOF>", near: ":ten")"},
      {"size()", R"x(Syntax error; token: ")", near: "()")x"},
      {"lst[x] = :x", R"(Syntax error; token: "x", near: "[x]")"},
      {"n = 'é'", R"(Syntax error; token: "'", near: "= 'é")"},
      {"((n = :ten))", "The expression has redundant parentheses;"},
      {"foo(n)", "Invalid function name; function: foo"},
      {"Size(txt) = :five", "Invalid function name; function: Size"},
      {"if_not_exists(n, :ten) = :ten",
       "The function is not allowed in a condition expression; function: if_not_exists"},
      {"name = :x", "Attribute name is a reserved keyword; reserved keyword: name"},
      {"tree.Size = :x", "Attribute name is a reserved keyword; reserved keyword: Size"},
      {"#no = :x", "An expression attribute name used in the document path is not defined; attribute name: #no"},
      {"n = :no", "An expression attribute value used in expression is not defined; attribute value: :no"},
      {"size(txt)", "The function is not allowed to be used this way in an expression; function: size"},
      {"attribute_exists(n) = :yes",
       "The function is not allowed to be used this way in an expression; function: attribute_exists"},
      {"size(attribute_exists(n)) = :ten",
       "The function is not allowed to be used this way in an expression; function: attribute_exists"},
      {"contains(txt)",
       "Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1"},
      {"attribute_exists(:x)", "Operator or function requires a document path; operator or function: attribute_exists"},
      {"attribute_type(n, :wrong)",
       "Invalid attribute type name found; type: Q, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
      {"begins_with(txt, :ten)",
       "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
      {"size(:ten) = n",
       "Incorrect operand type for operator or function; operator or function: size, operand type: N"},
      {"n < :map", "Incorrect operand type for operator or function; operator: <, operand type: M"},
      {"n = n",
       "The first operand must be distinct from the remaining operands for this operator or function; operator: =, "
       "first operand: [n]"},
      {"n BETWEEN :ten AND :nine",
       "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: "
       "AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:9}"},
      {"n BETWEEN :ten AND :x",
       "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: "
       "{N:10}, upper bound operand: AttributeValue: {S:x}"},
      {"lst[2147483648] = :x", "List index is not within the allowable range; index: [2147483648]"},
  };
  for (const auto& [text, words] : table) {
    auto all = given();
    const auto parsed = condition::parse("FilterExpression", text, all);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, "Invalid FilterExpression: " + words) << text;
  }
}

answer<condition> parse(const std::string& text) {
  auto all = given();
  return condition::parse("ConditionExpression", text, all);
}

std::string repeat(const std::string& what, size_t count, const std::string& between) {
  std::string out = what;
  for (size_t i = 1; i < count; ++i) out += between + what;
  return out;
}

TEST(condition, is_bounded) {
  const std::string shortest = "n = :ten";
  EXPECT_TRUE(parse(shortest + std::string(max_expression_bytes - shortest.size(), ' ')));
  const auto longer = parse(shortest + std::string(max_expression_bytes + 1 - shortest.size(), ' '));
  EXPECT_EQ(longer.error().message,
            "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; "
            "expression size: 4097");

  EXPECT_TRUE(parse(repeat("NOT", max_operators - 1, " ") + " n = :ten"));
  const auto more = parse(repeat("NOT", max_operators, " ") + " n = :ten");
  EXPECT_EQ(more.error().message,
            "Invalid ConditionExpression: The expression contains too many operators; operator count: 301");

  EXPECT_TRUE(parse("n IN (" + repeat(":ten", max_in_operands, ",") + ")"));
  EXPECT_EQ(parse("n IN (" + repeat(":ten", max_in_operands + 1, ",") + ")").error().message,
            "Invalid ConditionExpression: The IN operator is provided with too many operands; number of operands: 101");

  EXPECT_TRUE(parse("attribute_exists(" + repeat("a", max_path_elements, ".") + ")"));
  EXPECT_EQ(parse("attribute_exists(" + repeat("a", max_path_elements + 1, ".") + ")").error().message,
            "Invalid ConditionExpression: The document path has too many nesting elements; nesting levels: 33");

  // Neither of these may exhaust the stack.
  EXPECT_FALSE(parse(std::string(max_expression_bytes, '(')));
  EXPECT_FALSE(parse(repeat("size(", max_expression_bytes / 5, "")));
  EXPECT_TRUE(parse(repeat("NOT (", 290, "") + "n = :ten" + std::string(290, ')')));
}

TEST(condition, uses_all_placeholders) {
  auto some = placeholders::make(placeholders::names{{"#a", "a"}, {"#b", "b"}},
                                 placeholders::values{{":a", {{"S", "a"}}}, {":b", {{"S", "b"}}}})
                  .value();
  ASSERT_TRUE(condition::parse("ConditionExpression", "#a = :a", some));
  EXPECT_EQ(some.check_all_used().error().message,
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}");
  ASSERT_TRUE(condition::parse("FilterExpression", "#b = :a", some));
  EXPECT_EQ(some.check_all_used().error().message,
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}");
  ASSERT_TRUE(condition::parse("FilterExpression", "#b = :b", some));
  EXPECT_TRUE(some.check_all_used());
}

TEST(placeholders, are_checked) {
  using names = placeholders::names;
  using values = placeholders::values;
  const auto words = [](std::optional<names> n, std::optional<values> v) {
    return placeholders::make(n, v).error().message;
  };
  EXPECT_EQ(words(names{}, {}), "ExpressionAttributeNames must not be empty");
  EXPECT_EQ(words({}, values{}), "ExpressionAttributeValues must not be empty");
  EXPECT_EQ(words(names{{"a", "a"}}, {}), "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\"");
  EXPECT_EQ(words(names{{"#", "a"}}, {}), "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#\"");
  EXPECT_EQ(words({}, values{{":a-b", {{"S", "a"}}}}),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \":a-b\"");
  EXPECT_EQ(words({}, values{{":a", json::object{}}}),
            "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly "
            "one of the supported datatypes for key :a");
  EXPECT_EQ(words({}, values{{":a", {{"N", "x"}}}}),
            "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x "
            "for key :a");
}

}  // namespace
}  // namespace mdlc::expr::dynamo
