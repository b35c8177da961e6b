#include "expr/dynamo/projection.h"

#include <gtest/gtest.h>

#include "expr/dynamo/attribute.h"
#include "expr/dynamo/key_condition.h"

namespace mdlc::expr::dynamo {
namespace {

json::object object(std::string_view text) { return json::parse(text).value().as_object(); }

TEST(projection, shows_what_is_there) {
  const auto item = object(R"({"id": {"S": "a"}, "lst": {"L": [{"S": "0"}, {"M": {"k": {"S": "v"}, "l": {"N": "1"}}}]},
                               "tree": {"M": {"a": {"M": {"b": {"N": "1"}}}, "c": {"N": "2"}}}})");
  const std::vector<std::pair<const char*, const char*>> table{
      {"id", R"({"id":{"S":"a"}})"},
      {"#i, gone", R"({"id":{"S":"a"}})"},
      {"gone", "{}"},
      {"lst[1], lst[0]", R"({"lst":{"L":[{"S":"0"},{"M":{"k":{"S":"v"},"l":{"N":"1"}}}]}})"},
      {"lst[1].k", R"({"lst":{"L":[{"M":{"k":{"S":"v"}}}]}})"},
      {"lst[1].k,lst[1].l", R"({"lst":{"L":[{"M":{"k":{"S":"v"},"l":{"N":"1"}}}]}})"},
      {"tree.a.b, tree.c", R"({"tree":{"M":{"a":{"M":{"b":{"N":"1"}}},"c":{"N":"2"}}}})"},
      {"tree.a.x", "{}"},
      {"tree[0]", "{}"},
      {"id.x", "{}"},
  };
  for (const auto& [text, expected] : table) {
    auto all = placeholders::make(placeholders::names{{"#i", "id"}}, std::nullopt).value();
    const auto parsed = projection::parse(text, all);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(json::print(parsed->apply(item)), expected) << text;
  }
}

TEST(projection, refuses_in_dynamodbs_words) {
  const std::vector<std::pair<const char*, const char*>> table{
      {"", "The expression can not be empty;"},
      {"a,", R"(Syntax error; token: "<EOF>", near: ",")"},
      {"a b", R"(Syntax error; token: "b", near: "a b")"},
      {"status", "Attribute name is a reserved keyword; reserved keyword: status"},
      {"#n", "An expression attribute name used in the document path is not defined; attribute name: #n"},
      {"a, a.b",
       "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path "
       "two: [a, b]"},
  };
  for (const auto& [text, words] : table) {
    placeholders none;
    const auto parsed = projection::parse(text, none);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, std::string("Invalid ProjectionExpression: ") + words) << text;
  }
}

std::string show(const key_condition& k) {
  auto out = json::print(k.partition);
  if (!k.sort) return out;
  out += fmt::format(" {} {}", spelling(k.sort->what), json::print(k.sort->low));
  if (!k.sort->high.is_null()) out += " " + json::print(k.sort->high);
  return out;
}

TEST(key_condition, is_read_or_refused) {
  const std::vector<std::pair<const char*, std::string>> table{
      {"p = :a", R"({"S":"a"})"},
      {"p = :a AND s = :b", R"({"S":"a"} = {"S":"b"})"},
      {"s > :b AND p = :a", R"({"S":"a"} > {"S":"b"})"},
      {":a = p AND :b <= s", R"({"S":"a"} >= {"S":"b"})"},
      {"(p = :a) AND (s BETWEEN :a AND :b)", R"({"S":"a"} BETWEEN {"S":"a"} {"S":"b"})"},
      {"p = :a AND begins_with(s, :b)", R"({"S":"a"} begins_with {"S":"b"})"},
      {"s = :b", "Query condition missed key schema element: p"},
      {"p = :a AND another = :b", "Query condition missed key schema element: s"},
      {"p > :a", "Query key condition not supported"},
      {"p = :a AND p = :b", "KeyConditionExpressions must only contain one condition per key"},
      {"p = :a OR s = :b", "Invalid operator used in KeyConditionExpression: OR"},
      {"p = :a AND s <> :b", "Invalid operator used in KeyConditionExpression: <>"},
      {"p = :a AND NOT s = :b", "Invalid operator used in KeyConditionExpression: NOT"},
      {"p = :a AND contains(s, :b)", "Invalid operator used in KeyConditionExpression: contains"},
      {"p = :a AND size(s) = :b", "Invalid operator used in KeyConditionExpression: size"},
      {"p = :a AND s.t = :b", "KeyConditionExpressions cannot have conditions on nested attributes"},
      {"p = s", "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"},
      {":a = :b", "Invalid condition in KeyConditionExpression: No key attribute specified"},
      {"p = :a AND", R"(Invalid KeyConditionExpression: Syntax error; token: "<EOF>", near: "AND")"},
  };
  for (const auto& [text, expected] : table) {
    auto all =
        placeholders::make(std::nullopt, placeholders::values{{":a", {{"S", "a"}}}, {":b", {{"S", "b"}}}}).value();
    const auto parsed = key_condition::parse(text, all, "p", "s");
    EXPECT_EQ(parsed ? show(*parsed) : parsed.error().message, expected) << text;
  }
}

}  // namespace
}  // namespace mdlc::expr::dynamo
