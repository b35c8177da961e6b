#include "services/sagemaker/data_processing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mdlc::services::sagemaker {
namespace {

TEST(filter, selects_of_csv_rows) {
  const struct {
    const char *path, *row, *selected;
  } cases[] = {
      {"$", "a,b,c", "a,b,c"},          {"$[0]", "a,b,c", "a"},     {"$[-1]", "a,b,c", "c"},
      {"$[1:]", "a,b,c", "b,c"},        {"$[:-1]", "a,b,c", "a,b"}, {"$[1:2]", "a,b,c", "b"},
      {"$[0,2]", "a,b,c", "a,c"},       {"$[:]", "a,b,c", "a,b,c"}, {"$[1:]", "\"a,b\",c", "c"},
      {"$[0]", "\"a,b\",c", "\"a,b\""}, {"$[1:9]", "a,b", "b"},     {"$[-2:]", "a,b,c", "b,c"},
      {"$[2,0]", "a,b,c", "c,a"},       {"$[0]", "", ""},           {"$[0,5:]", "a,b,c,d,e,f,g", "a,f,g"},
      {"$[:2,-1]", "a,b,c,d", "a,b,d"}, {"$[0,5:]", "a,b", "a"},
  };
  for (const auto& c : cases) {
    const auto f = filter::parse(c.path);
    ASSERT_TRUE(f) << c.path;
    EXPECT_EQ(f->apply_to_csv(c.row).value_or("(nothing)"), c.selected) << c.path << " of " << c.row;
  }
}

TEST(filter, selects_of_json) {
  const struct {
    const char *path, *of, *selected;
  } cases[] = {
      {"$", R"({"a":1})", R"({"a":1})"},
      {"$.a", R"({"a":{"b":2}})", R"({"b":2})"},
      {"$.a.b", R"({"a":{"b":2}})", "2"},
      {"$['a','c']", R"({"a":1,"b":2,"c":3})", R"({"a":1,"c":3})"},
      {"$['id','SageMakerOutput']", R"({"id":7,"x":0,"SageMakerOutput":[1]})", R"({"id":7,"SageMakerOutput":[1]})"},
      {"$.a[0,2:]", R"({"a":[5,6,7,8]})", "[5,7,8]"},
      {"$.a[0]", R"({"a":[5,6]})", "5"},
      {"$.a[1:]", R"({"a":[5,6,7]})", "[6,7]"},
      {"$['a']", R"({"a":1})", "1"},
  };
  for (const auto& c : cases) {
    const auto f = filter::parse(c.path);
    ASSERT_TRUE(f) << c.path;
    const auto selected = f->apply_to(*json::parse(c.of));
    ASSERT_TRUE(selected) << c.path;
    EXPECT_EQ(json::print(*selected), c.selected);
  }
}

TEST(filter, of_nothing_is_an_error) {
  EXPECT_FALSE(filter::parse("$[5]")->apply_to_csv("a,b"));
  EXPECT_FALSE(filter::parse("$[5:]")->apply_to_csv("a,b"));
  EXPECT_FALSE(filter::parse("$.x")->apply_to_csv("a,b"));
  EXPECT_FALSE(filter::parse("$.x")->apply_to(*json::parse("{}")));
  EXPECT_FALSE(filter::parse("$[0]")->apply_to(*json::parse("{}")));
}

TEST(filter, of_an_element_that_is_not_there_is_an_error) {
  EXPECT_TRUE(filter::parse("$[0,1]")->apply_to_csv("a,b"));
  EXPECT_FALSE(filter::parse("$[0,2]")->apply_to_csv("a,b"));
  EXPECT_TRUE(filter::parse("$[0,-2]")->apply_to_csv("a,b"));
  EXPECT_FALSE(filter::parse("$[0,-3]")->apply_to_csv("a,b"));
  EXPECT_FALSE(filter::parse("$[2]")->apply_to(*json::parse("[1,2]")));
}

TEST(filter, that_is_no_path_is_refused) {
  for (auto path :
       {"a", "$a", "$[", "$[a]", "$[1", "$.", "$..a", "$['a", "$['a' 'b']", "$[1:a]", "$[]", "$[0,]", "$[0,a]"})
    EXPECT_FALSE(filter::parse(path)) << path;
}

data_processing make(const char* input, const char* output, bool joins) {
  return {*filter::parse(input), *filter::parse(output), joins};
}

TEST(data_processing, joins_and_filters) {
  const struct {
    data_processing p;
    const char *type, *record, *answer, *written;
  } cases[] = {
      {make("$", "$", false), "text/csv", "1,2", "0.5", "0.5"},
      {make("$", "$", true), "text/csv; charset=utf-8", "1,2", "0.5", "1,2,0.5"},
      {make("$", "$[0,-1]", true), "text/csv", "id,2", "0.5", "id,0.5"},
      {make("$", "$", true), "application/jsonlines", R"({"a":1})", R"({"score":2})",
       R"({"a":1,"SageMakerOutput":{"score":2}})"},
      {make("$", "$", true), "application/json", "[1]", "[2]", R"({"SageMakerInput":[1],"SageMakerOutput":[2]})"},
      {make("$", "$.SageMakerOutput", true), "application/json", "{}", "[2]", "[2]"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(process_output(c.p, c.type, c.record, c.answer).value_or("(error)"), c.written) << c.written;
  EXPECT_EQ(filter_input(make("$[1:]", "$", false), "text/csv", "id,1,2").value_or("?"), "1,2");
  EXPECT_EQ(filter_input(make("$.x", "$", false), "application/json", R"({"x":[1]})").value_or("?"), "[1]");
  EXPECT_FALSE(filter_input(make("$.x", "$", false), "application/json", "no json"));
}

}  // namespace
}  // namespace mdlc::services::sagemaker
