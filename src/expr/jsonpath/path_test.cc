#include "expr/jsonpath/path.h"

#include <gtest/gtest.h>

namespace mdlc::expr::jsonpath {
namespace {

const char* const store = R"({"store": {"book": [
  {"category": "reference", "author": "Nigel Rees", "title": "Sayings", "price": 8.95},
  {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword", "price": 12.99},
  {"category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553", "price": 8.99},
  {"category": "fiction", "author": "Tolkien", "title": "Rings", "isbn": "0-395", "price": 22.99}],
  "bicycle": {"color": "red", "price": 19.95}},
  "expensive": 10, "empty": [], "nothing": null, "a b": 1, "it's": 2, "n": [3, 1, 2]})";

struct row {
  const char* path;
  const char* result;  // JSON, or what the miss says
};

class finds : public testing::TestWithParam<row> {};

TEST_P(finds, what_it_names) {
  auto root = json::parse(store).value();
  auto p = path::parse(GetParam().path);
  ASSERT_TRUE(p) << p.error().message;
  auto hit = p->evaluate(root);
  EXPECT_EQ(hit ? json::print(hit->get()) : hit.error().message, GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    all, finds,
    testing::Values(
        row{"$.expensive", "10"}, row{"$['expensive']", "10"}, row{"$[\"expensive\"]", "10"}, row{"$['a b']", "1"},
        row{"$['it\\'s']", "2"}, row{"$.store.book[0].author", "\"Nigel Rees\""},
        row{"$.store.book[-1].author", "\"Tolkien\""}, row{"$.store.book[*].price", "[8.95,12.99,8.99,22.99]"},
        row{"$.store.book[0,1].price", "[8.95,12.99]"}, row{"$.store.book[:2].price", "[8.95,12.99]"},
        row{"$.store.book[1:2].price", "[12.99]"}, row{"$.store.book[-2:].price", "[8.99,22.99]"},
        row{"$.store.book[2:].price", "[8.99,22.99]"}, row{"$.store.book[9:].price", "[]"},
        row{"$.store.bicycle['color','price']", R"([{"color":"red","price":19.95}])"},
        row{"$.store.bicycle.*", R"(["red",19.95])"}, row{"$..price", "[8.95,12.99,8.99,22.99,19.95]"},
        row{"$..book[2].author", "[\"Herman Melville\"]"}, row{"$..nope", "[]"},
        row{"$.store.book[?(@.isbn)].title", R"(["Moby Dick","Rings"])"},
        row{"$.store.book[?(!@.isbn)].title", R"(["Sayings","Sword"])"},
        row{"$.store.book[?(@.price < 10)].title", R"(["Sayings","Moby Dick"])"},
        row{"$.store.book[?(@.price <= $.expensive && @.category == 'fiction')].title", R"(["Moby Dick"])"},
        row{"$.store.book[?(@.price > 20 || @.author == \"Nigel Rees\")].title", R"(["Sayings","Rings"])"},
        row{"$.store.book[?((@.price > 20 || @.price < 9) && @.isbn)].title", R"(["Moby Dick","Rings"])"},
        row{"$.store.book[?(@.author =~ /.*rees/i)].title", R"(["Sayings"])"},
        row{"$.store.book[?(@.category in ['reference', 'poetry'])].title", R"(["Sayings"])"},
        row{"$.store.book[?(@.category nin ['fiction'])].title", R"(["Sayings"])"},
        row{"$.store.book[?(@['title'] == 'Sword')].price", "[12.99]"}, row{"$.n[?(@ >= 2)]", "[3,2]"},
        row{"$.store[?(@.color == 'red')].price", "[]"}, row{"$.store.bicycle[?(@.color == 'red')].price", "[19.95]"},
        row{"$.store.book.length()", "4"}, row{"$.n.min()", "1.0"}, row{"$.n.max()", "3.0"}, row{"$.n.sum()", "6.0"},
        row{"$.n.avg()", "2.0"}, row{"$.n.first()", "3"}, row{"$.n.last()", "2"}, row{"$.n.index(1)", "1"},
        row{"$.store.bicycle.keys()", R"(["color","price"])"}, row{"$.nothing", "null"}, row{"$.empty", "[]"},
        // Jayway's words.
        row{"$.nope", "No results for path: $['nope']"}, row{"$.store.nope", "No results for path: $['store']['nope']"},
        row{"$.nope.deep", "Missing property in path $['nope']"}, row{"$.n[7]", "No results for path: $['n'][7]"},
        row{"$.n[-4]", "No results for path: $['n'][-4]"},
        row{"$.expensive[0]", "Filter: [0] can only be applied to arrays. Current context is: 10"},
        row{"$.nothing[0]", "The path $['nothing'] is null"},
        row{"$.expensive.x",
            "Expected to find an object with property ['x'] in path $['expensive'] but found 'java.lang.Integer'. This "
            "is not a "
            "json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonProvider'."}));

TEST(path, refuses_what_is_no_path) {
  for (auto text : {"",
                    "a",
                    ".a",
                    "$.",
                    "$..",
                    "$a",
                    "$[",
                    "$[]",
                    "$['a",
                    "$['a'",
                    "$[a]",
                    "$[1",
                    "$[1:",
                    "$.a b",
                    "$[?(@.a ==)]",
                    "$[?(@.a",
                    "$[?(@.a =~ /(/)]",
                    "$.f()",
                    "$.length().a",
                    "$[?@.a]",
                    "$[1,]",
                    "$[99999999999999999999]"})
    EXPECT_FALSE(path::parse(text)) << text;
  EXPECT_TRUE(path::parse("$." + std::string(max_path_bytes - 2, 'a')));
  EXPECT_FALSE(path::parse("$." + std::string(max_path_bytes - 1, 'a')));
}

TEST(path, bounds_the_nesting_of_filters) {
  auto nested = [](int depth) { return "$[?(" + std::string(depth, '(') + "@.a" + std::string(depth, ')') + ")]"; };
  EXPECT_TRUE(path::parse(nested(max_filter_depth)));
  EXPECT_FALSE(path::parse(nested(max_filter_depth + 1)));
  std::string inside = "@.a";
  for (int i = 0; i < 200; ++i) inside = "@[?(" + inside + ")]";
  EXPECT_FALSE(path::parse("$[?(" + inside + ")]"));
  EXPECT_TRUE(path::parse("$[?(@.a)]"));  // and that left nothing behind
  EXPECT_FALSE(path::parse("$[?(" + std::string(500, '!') + "@.a)]"));
}

TEST(path, bounds_what_it_visits) {
  auto root = json::parse("[1,2,3,4]").value();
  auto p = path::parse("$[*]").value();
  EXPECT_TRUE(p.evaluate(root, 0, {.visits = 5}));
  auto missed = p.evaluate(root, 0, {.visits = 4});
  ASSERT_FALSE(missed);
  EXPECT_EQ(missed.error().why, miss::reason::exceeded);
}

TEST(path, writes_where_a_reference_path_says) {
  struct {
    const char *path, *before, *after;
  } rows[] = {{"$", "1", "7"},
              {"$.a", "{}", R"({"a":7})"},
              {"$.a.b", R"({"x":1})", R"({"x":1,"a":{"b":7}})"},
              {"$.a.b", R"({"a":{"c":1}})", R"({"a":{"c":1,"b":7}})"},
              {"$.a.b", R"({"a":3})", ""},
              {"$.a", "[1]", ""},
              {"$[1]", "[1,2]", "[1,7]"},
              {"$[2]", "[1,2]", ""}};
  for (const auto& r : rows) {
    auto p = path::parse(r.path).value();
    ASSERT_TRUE(p.is_reference());
    auto v = json::parse(r.before).value();
    EXPECT_EQ(p.put(v, 7) ? json::print(v) : "", r.after) << r.path << " " << r.before;
  }
  for (auto text : {"$[*]", "$..a", "$['a','b']", "$[0:1]", "$[?(@.a)]", "$.a.length()"})
    EXPECT_FALSE(path::parse(text).value().is_reference()) << text;
}

}  // namespace
}  // namespace mdlc::expr::jsonpath
