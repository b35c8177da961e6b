#include "expr/dynamo/attribute.h"

#include <gtest/gtest.h>

namespace mdlc::expr::dynamo {
namespace {

json::value value(std::string_view text) { return json::parse(text).value(); }

std::string nested(int levels) {
  std::string out = R"({"S":"x"})";
  for (int i = 1; i < levels; ++i) out = R"({"L":[)" + out + "]}";
  return out;
}

TEST(attribute, becomes_canonical_or_is_refused) {
  const std::string empty = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
  const std::string several =
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";
  const std::string invalid = "One or more parameter values were invalid: ";
  const std::vector<std::pair<std::string, std::string>> table{
      {R"({"S":""})", R"({"S":""})"},
      {R"({"N":"1.50"})", R"({"N":"1.5"})"},
      {R"({"N":"x"})", "The parameter cannot be converted to a numeric value: x"},
      {R"({"B":"YR=="})", R"({"B":"YQ=="})"},
      {R"({"B":"?"})", invalid + "Invalid base64 encoding of a binary value"},
      {R"({"NS":["1.0","2"]})", R"({"NS":["1","2"]})"},
      {R"({"NS":["1.0","1"]})", "Input collection contains duplicates"},
      {R"({"SS":["a","b","a"]})", invalid + "Input collection [a, b, a] contains duplicates."},
      {R"({"BS":["YQ==","YQ=="]})", invalid + "Input collection [YQ==, YQ==]of type BS contains duplicates."},
      {R"({"SS":[]})", invalid + "An string set  may not be empty"},
      {R"({"NS":[]})", invalid + "An number set  may not be empty"},
      {R"({"BS":[]})", invalid + "Binary sets should not be empty"},
      {R"({"L":[{"N":"01"}]})", R"({"L":[{"N":"1"}]})"},
      {R"({"M":{"a":{"N":"1e1"}}})", R"({"M":{"a":{"N":"10"}}})"},
      {R"({"M":{"a":{}}})", empty},
      {R"({"NULL":true})", R"({"NULL":true})"},
      {R"({"NULL":false})", invalid + "Null attribute value types must have the value of true"},
      {R"({"BOOL":false})", R"({"BOOL":false})"},
      {"{}", empty},
      {R"({"X":"y"})", empty},
      {R"({"S":5})", empty},
      {R"({"S":"a","N":"1"})", several},
      {nested(max_nesting_levels), nested(max_nesting_levels)},
      {nested(max_nesting_levels + 1), "Nesting Levels have exceeded supported limits"},
  };
  for (const auto& [text, expected] : table) {
    auto v = value(text);
    const auto ok = canonicalize(v);
    EXPECT_EQ(ok ? json::print(v) : ok.error().message, expected) << text;
  }
}

TEST(attribute, has_dynamodbs_size) {
  const std::vector<std::pair<const char*, int64_t>> table{
      {R"({"S":"é"})", 2},     {R"({"N":"0"})", 1},          {R"({"N":"1"})", 2},
      {R"({"N":"-1"})", 3},    {R"({"N":"1234.5"})", 4},     {R"({"N":"100000"})", 2},
      {R"({"N":"1001"})", 3},  {R"({"B":"AQID"})", 3},       {R"({"B":"AQ=="})", 1},
      {R"({"BOOL":true})", 1}, {R"({"NULL":true})", 1},      {R"({"SS":["ab","c"]})", 3},
      {R"({"L":[]})", 3},      {R"({"L":[{"S":"ab"}]})", 6}, {R"({"M":{"k":{"S":"ab"}}})", 7},
  };
  for (const auto& [text, size] : table) EXPECT_EQ(size_of(value(text)), size) << text;
  EXPECT_EQ(size_of(value(R"({"id":{"S":"abc"},"n":{"N":"7"}})").as_object()), 2 + 3 + 1 + 2);
}

TEST(attribute, equals_by_type_and_value) {
  const std::vector<std::tuple<const char*, const char*, bool>> table{
      {R"({"S":"1"})", R"({"N":"1"})", false},
      {R"({"SS":["a","b"]})", R"({"SS":["b","a"]})", true},
      {R"({"SS":["a","b"]})", R"({"SS":["b","c"]})", false},
      {R"({"L":[{"S":"a"},{"S":"b"}]})", R"({"L":[{"S":"b"},{"S":"a"}]})", false},
      {R"({"L":[{"SS":["a","b"]}]})", R"({"L":[{"SS":["b","a"]}]})", true},
      {R"({"M":{"a":{"S":"x"},"b":{"S":"y"}}})", R"({"M":{"b":{"S":"y"},"a":{"S":"x"}}})", true},
      {R"({"M":{"a":{"S":"x"}}})", R"({"M":{"b":{"S":"x"}}})", false},
      {R"({"NULL":true})", R"({"NULL":true})", true},
      {R"({"BOOL":true})", R"({"BOOL":false})", false},
  };
  for (const auto& [a, b, same] : table) {
    EXPECT_EQ(equal(value(a), value(b)), same) << a << b;
    EXPECT_EQ(equal(value(b), value(a)), same) << a << b;
  }
}

}  // namespace
}  // namespace mdlc::expr::dynamo
