#include "expr/dynamo/update.h"

#include <gtest/gtest.h>

#include "expr/dynamo/attribute.h"

namespace mdlc::expr::dynamo {
namespace {

json::object object(std::string_view text) { return json::parse(text).value().as_object(); }

placeholders given() {
  return placeholders::make(placeholders::names{{"#s", "size"}, {"#c", "count"}},
                            placeholders::values{{":one", {{"N", "1"}}},
                                                 {":huge", {{"N", "9.9E125"}}},
                                                 {":s", {{"S", "s"}}},
                                                 {":x", object(R"({"SS": ["x"]})")},
                                                 {":xz", object(R"({"SS": ["x", "z"]})")},
                                                 {":ns", object(R"({"NS": ["1"]})")},
                                                 {":l", object(R"({"L": [{"S": "new"}]})")},
                                                 {":empty", object(R"({"L": []})")},
                                                 {":m", object(R"({"M": {}})")}})
      .value();
}

answer<update> parse(std::string_view text) {
  auto all = given();
  return update::parse(text, all);
}

const json::object& item() {
  static const auto parsed = object(R"({
    "id": {"S": "a"}, "n": {"N": "10"}, "txt": {"S": "t"}, "ss": {"SS": ["x", "y"]}, "one": {"SS": ["x"]},
    "lst": {"L": [{"S": "a"}, {"S": "b"}, {"S": "c"}]}, "tree": {"M": {"k": {"N": "1"}, "inner_": {"M": {}}}}})");
  return parsed;
}

// The attributes of the updated item that are not as before; null for what is gone.
std::string changes(const json::object& after) {
  json::object out;
  for (const auto& member : item())
    if (!after.contains(member.key())) out[member.key()] = nullptr;
  for (const auto& member : after) {
    const auto* before = item().if_contains(member.key());
    if (!before || !(*before == member.value())) out[member.key()] = member.value();
  }
  return json::print(out);
}

TEST(update, applies) {
  const std::vector<std::pair<const char*, const char*>> table{
      {"SET a = :s", R"({"a":{"S":"s"}})"},
      {"SET n = n + :one", R"({"n":{"N":"11"}})"},
      {"SET n = :one - n", R"({"n":{"N":"-9"}})"},
      {"SET n = (n + :one)", R"({"n":{"N":"11"}})"},
      {"SET #c = if_not_exists(#c, :one) + :one", R"({"count":{"N":"2"}})"},
      {"SET n = if_not_exists(n, :one)", "{}"},
      {"SET a = n, n = :one", R"({"n":{"N":"1"},"a":{"N":"10"}})"},
      {"SET a = b, n = :one", "The provided expression refers to an attribute that does not exist in the item"},
      {"SET a = lst[1]", R"({"a":{"S":"b"}})"},
      {"SET tree.k = tree.k + :one", R"({"tree":{"M":{"k":{"N":"2"},"inner_":{"M":{}}}}})"},
      {"SET tree.#s = :s", R"({"tree":{"M":{"k":{"N":"1"},"inner_":{"M":{}},"size":{"S":"s"}}}})"},
      {"SET lst[1] = :s", R"({"lst":{"L":[{"S":"a"},{"S":"s"},{"S":"c"}]}})"},
      {"SET lst[9] = :s, lst[7] = :one", R"({"lst":{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"N":"1"},{"S":"s"}]}})"},
      {"SET lst = list_append(lst, :l)", R"({"lst":{"L":[{"S":"a"},{"S":"b"},{"S":"c"},{"S":"new"}]}})"},
      {"SET a = list_append(if_not_exists(a, :empty), :l)", R"({"a":{"L":[{"S":"new"}]}})"},
      {"REMOVE txt", R"({"txt":null})"},
      {"REMOVE gone", "{}"},
      {"REMOVE lst[0], lst[2]", R"({"lst":{"L":[{"S":"b"}]}})"},
      {"REMOVE lst[7]", "{}"},
      {"REMOVE tree.k", R"({"tree":{"M":{"inner_":{"M":{}}}}})"},
      {"REMOVE tree.another", "{}"},
      {"SET lst[0] = lst[2] REMOVE lst[2]", R"({"lst":{"L":[{"S":"c"},{"S":"b"}]}})"},
      {"ADD n :one", R"({"n":{"N":"11"}})"},
      {"ADD a :one", R"({"a":{"N":"1"}})"},
      {"ADD ss :xz", R"({"ss":{"SS":["x","y","z"]}})"},
      {"ADD a :xz", R"({"a":{"SS":["x","z"]}})"},
      {"ADD tree.k :one", R"({"tree":{"M":{"k":{"N":"2"},"inner_":{"M":{}}}}})"},
      {"DELETE ss :xz", R"({"ss":{"SS":["y"]}})"},
      {"DELETE one :x", R"({"one":null})"},
      {"DELETE gone :x", "{}"},
      {"set a = :s remove txt add n :one delete one :x", R"({"txt":null,"one":null,"n":{"N":"11"},"a":{"S":"s"}})"},
      {"SET a.b = :s", "The document path provided in the update expression is invalid for update"},
      {"SET tree.inner_.x.y = :s", "The document path provided in the update expression is invalid for update"},
      {"SET tree[0] = :s", "The document path provided in the update expression is invalid for update"},
      {"SET lst.a = :s", "The document path provided in the update expression is invalid for update"},
      {"REMOVE a.b", "The document path provided in the update expression is invalid for update"},
      {"SET n = txt + :one", "An operand in the update expression has an incorrect data type"},
      {"SET a = list_append(txt, :l)", "An operand in the update expression has an incorrect data type"},
      {"ADD txt :one", "An operand in the update expression has an incorrect data type"},
      {"ADD ss :ns", "An operand in the update expression has an incorrect data type"},
      {"DELETE ss :ns", "An operand in the update expression has an incorrect data type"},
      {"SET n = :huge + :huge",
       "Number overflow. Attempting to store a number with magnitude larger than supported range"},
  };
  for (const auto& [text, expected] : table) {
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    const auto after = parsed->apply(item());
    EXPECT_EQ(after ? changes(*after) : after.error().message, expected) << text;
  }
}

TEST(update, refuses_in_dynamodbs_words) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "The expression can not be empty;"},
      {"a = :s", R"(Syntax error; token: "a", near: "a =")"},
      {"SET", R"(Syntax error; token: "<EOF>", near: "SET")"},
      {"SET a", R"(Syntax error; token: "<EOF>", near: "a")"},
      {"SET a = :s,", R"(Syntax error; token: "<EOF>", near: ",")"},
      {"SET a = n + :one + :one", R"(Syntax error; token: "+", near: ":one + :one")"},
      {"SET a = :s SET b = :s", "The \"SET\" section can only be used once in an update expression;"},
      {"ADD a b", R"(Syntax error; token: "b", near: "a b")"},
      {"REMOVE :s", R"(Syntax error; token: ":s", near: "REMOVE :s")"},
      {"SET a = size(b)", "The function is not allowed in an update expression; function: size"},
      {"SET a = foo(b)", "Invalid function name; function: foo"},
      {"SET count = :one", "Attribute name is a reserved keyword; reserved keyword: count"},
      {"SET a = :no", "An expression attribute value used in expression is not defined; attribute value: :no"},
      {"SET a = if_not_exists(:s, :s)",
       "Operator or function requires a document path; operator or function: if_not_exists"},
      {"SET a = list_append(:l)",
       "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: "
       "1"},
      {"SET a = list_append(:l, :s)",
       "Incorrect operand type for operator or function; operator or function: list_append, operand type: S"},
      {"SET a = a + :s", "Incorrect operand type for operator or function; operator or function: +, operand type: S"},
      {"ADD a :s",
       "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: "
       "ALLOWED_FOR_ADD_OPERAND"},
      {"DELETE a :one",
       "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: "
       "ALLOWED_FOR_DELETE_OPERAND"},
      {"SET a = :s, a = :one",
       "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path "
       "two: [a]"},
      {"SET a.b = :s REMOVE a",
       "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path "
       "two: [a]"},
      {"SET a[0] = :s, c = :s, a.b = :s",
       "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, [0]], "
       "path two: [a, b]"},
  };
  for (const auto& [text, words] : table) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, "Invalid UpdateExpression: " + words) << text;
  }
}

TEST(update, makes_an_item_that_was_not_there) {
  EXPECT_EQ(json::print(*parse("SET a = :s ADD n :one")->apply({})), R"({"a":{"S":"s"},"n":{"N":"1"}})");
}

}  // namespace
}  // namespace mdlc::expr::dynamo
