#include "wire/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mdlc::wire {
namespace {

// A small model with each kind of constraint.
constexpr std::string_view attribute_types[] = {"B", "N", "S"};
constexpr shape name{
    .name = "Name", .type = kind::string, .has_min = true, .has_max = true, .min = 3, .max = 8, .pattern = "[a-z.]+"};
constexpr shape attribute_type{.name = "AttributeType", .type = kind::string, .values = attribute_types};
constexpr shape secret{.name = "Secret", .type = kind::string, .has_max = true, .max = 4, .sensitive = true};
constexpr shape limit{.name = "Limit", .type = kind::integer, .has_min = true, .has_max = true, .min = 1, .max = 10};
constexpr shape huge{.name = "Huge", .type = kind::long_integer, .has_max = true, .max = 9223372036854775807.0};
constexpr shape share{.name = "Share", .type = kind::double_, .has_min = true, .has_max = true, .min = 0.5, .max = 1};
constexpr shape flag{.name = "Flag", .type = kind::boolean};
constexpr shape bytes{.name = "Bytes", .type = kind::blob, .has_max = true, .max = 3};
constexpr shape when{.name = "When", .type = kind::timestamp};
constexpr shape anything{.name = "Anything", .type = kind::document};
constexpr shape body{.name = "Body", .type = kind::blob, .streaming = true};

constexpr member attribute_members[] = {
    {.name = "AttributeName", .target = &name, .required = true},
    {.name = "AttributeType", .target = &attribute_type, .required = true},
    {.name = "Secret", .target = &secret},
};
constexpr shape attribute{.name = "Attribute", .type = kind::structure, .members = attribute_members};
constexpr member attribute_item{.name = "member", .target = &attribute};
constexpr shape attributes{
    .name = "Attributes", .type = kind::list, .element = &attribute_item, .has_max = true, .max = 2};
constexpr member name_item{.name = "member", .target = &name};
constexpr shape names{.name = "Names", .type = kind::list, .element = &name_item, .has_min = true, .min = 1};
constexpr member names_item{.name = "member", .target = &names};
constexpr shape groups{.name = "Groups", .type = kind::list, .element = &names_item};
constexpr member key{.name = "key", .target = &name};
constexpr member attributes_value{.name = "value", .target = &attributes};
constexpr shape requests{.name = "Requests", .type = kind::map, .element = &attributes_value, .key = &key};
constexpr member secret_value{.name = "value", .target = &secret};
constexpr shape secrets{.name = "Secrets", .type = kind::map, .element = &secret_value, .key = &key};
constexpr member attribute_value{.name = "value", .target = &attribute};
constexpr shape by_name{.name = "ByName", .type = kind::map, .element = &attribute_value, .key = &key};

constexpr member members[] = {
    {.name = "TableName", .target = &name},
    {.name = "Limit", .target = &limit},
    {.name = "Huge", .target = &huge},
    {.name = "Share", .target = &share},
    {.name = "Flag", .target = &flag},
    {.name = "Blob", .target = &bytes},
    {.name = "When", .target = &when},
    {.name = "Document", .target = &anything},
    {.name = "Secret", .target = &secret},
    {.name = "Attribute", .target = &attribute},
    {.name = "AttributeDefinitions", .target = &attributes},
    {.name = "Names", .target = &names},
    {.name = "Groups", .target = &groups},
    {.name = "RequestItems", .target = &requests},
    {.name = "Secrets", .target = &secrets},
    {.name = "ByName", .target = &by_name},
    {.name = "Body", .target = &body, .required = true},
};
constexpr shape input{.name = "Input", .type = kind::structure, .members = members};

struct row {
  std::string_view json;
  std::vector<std::string> violations;
};

std::string at(std::string_view value, std::string_view path, std::string_view constraint) {
  return fmt::format("Value {} at '{}' failed to satisfy constraint: {}", value, path, constraint);
}

const std::string of_names =
    "[Member must have length less than or equal to 8, Member must have length greater than or equal to 3, "
    "Member must satisfy regular expression pattern: [a-z.]+, Member must not be null]";

const row rows[] = {
    {R"({})", {}},
    {R"({"Unknown":1,"TableName":null})", {}},
    {R"({"TableName":"abc"})", {}},
    {R"({"TableName":"abcdefgh"})", {}},
    {R"({"TableName":"ab"})", {at("'ab'", "tableName", "Member must have length greater than or equal to 3")}},
    {R"({"TableName":"abcdefghi"})",
     {at("'abcdefghi'", "tableName", "Member must have length less than or equal to 8")}},
    {R"({"TableName":"a;c"})", {at("'a;c'", "tableName", "Member must satisfy regular expression pattern: [a-z.]+")}},
    {R"({"TableName":""})",
     {at("''", "tableName", "Member must have length greater than or equal to 3"),
      at("''", "tableName", "Member must satisfy regular expression pattern: [a-z.]+")}},
    // Characters, not bytes: the length is right, the pattern alone is not met.
    {"{\"TableName\":\"\u00e9\u00e9\u00e9\u00e9\u00e9\"}",
     {at("'\u00e9\u00e9\u00e9\u00e9\u00e9'", "tableName", "Member must satisfy regular expression pattern: [a-z.]+")}},
    {R"({"Limit":1})", {}},
    {R"({"Limit":10})", {}},
    {R"({"Limit":0})", {at("'0'", "limit", "Member must have value greater than or equal to 1")}},
    {R"({"Limit":11})", {at("'11'", "limit", "Member must have value less than or equal to 10")}},
    {R"({"Huge":9223372036854775807})", {}},
    {R"({"Share":0.4})", {at("'0.4'", "share", "Member must have value greater than or equal to 0.5")}},
    {R"({"Blob":"AAAA"})", {}},
    {R"({"Blob":"AAAAAA=="})", {at("'AAAAAA=='", "blob", "Member must have length less than or equal to 3")}},
    {R"({"Secret":"swordfish"})",
     {"Value at 'secret' failed to satisfy constraint: Member must have length less than or equal to 4"}},
    {R"({"Attribute":{}})",
     {at("null", "attribute.attributeName", "Member must not be null"),
      at("null", "attribute.attributeType", "Member must not be null")}},
    {R"({"AttributeDefinitions":[{"AttributeName":"abc","AttributeType":"S"},{"AttributeName":"abc","AttributeType":"SS"}]})",
     {at("'SS'", "attributeDefinitions.2.member.attributeType", "Member must satisfy enum value set: [B, N, S]")}},
    {R"({"AttributeDefinitions":[{"AttributeType":"S"}]})",
     {at("null", "attributeDefinitions.1.member.attributeName", "Member must not be null")}},
    {R"({"Names":[]})", {at("'[]'", "names", "Member must have length greater than or equal to 1")}},
    {R"({"Names":["abc","d"]})", {at("'[abc, d]'", "names", "Member must satisfy constraint: " + of_names)}},
    {R"({"Groups":[["abc"],[]]})",
     {at("'[[abc], []]'", "groups",
         "Member must satisfy constraint: [Member must have length greater than or equal to 1, Member must not be "
         "null]")}},
    {R"({"Groups":[["abc"],["x"]]})", {at("'[x]'", "groups.2.member", "Member must satisfy constraint: " + of_names)}},
    {R"({"RequestItems":{"T":[]}})", {at("'{T=[]}'", "requestItems", "Map keys must satisfy constraint: " + of_names)}},
    {R"({"RequestItems":{"abc":[{"AttributeName":"abc","AttributeType":"S","Secret":"x"},{"AttributeName":"abc","AttributeType":"S"},{"AttributeName":"abc"}]}})",
     {at("'{abc=[Attribute(attributeName=abc, attributeType=S), Attribute(attributeName=abc, attributeType=S), "
         "Attribute(attributeName=abc)]}'",
         "requestItems",
         "Map value must satisfy constraint: [Member must have length less than or equal to 2, Member must not be "
         "null]"),
      at("null", "requestItems.abc.member.3.member.attributeType", "Member must not be null")}},
    {R"({"ByName":{"abc":{"AttributeName":"abc"}}})",
     {at("null", "byName.abc.member.attributeType", "Member must not be null")}},
    {R"({"Secrets":{"abc":"swordfish"}})",
     {"Value at 'secrets' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length "
      "less "
      "than or equal to 4, Member must not be null]"}},
};

TEST(validate, says_what_aws_says) {
  for (const row& r : rows) {
    const auto v = json::parse(r.json);
    ASSERT_TRUE(v) << r.json;
    EXPECT_EQ(check_types(input, *v), std::nullopt) << r.json;
    EXPECT_THAT(validate(input, *v), testing::ElementsAreArray(r.violations)) << r.json;
  }
}

TEST(validate, tells_ten_violations_at_most) {
  const auto with = [](int n) {
    json::array items;
    for (int i = 0; i < n; ++i) items.push_back(json::object{{"AttributeName", "abc"}});
    return validate(input, json::object{{"RequestItems", json::object{{"abc", std::move(items)}}}}).size();
  };
  // One for the list that is too long, and one an item.
  EXPECT_EQ(with(8), 9u);
  EXPECT_EQ(with(9), max_violations);
  EXPECT_EQ(with(10), max_violations);
}

TEST(validate, joins_violations) {
  EXPECT_EQ(describe({"a"}), "1 validation error detected: a");
  EXPECT_EQ(describe({"a", "b"}), "2 validation errors detected: a; b");
}

TEST(validate, names_the_error_as_the_service_does) {
  EXPECT_EQ(validation_code(
                {.name = "iam", .id = "IAM", .signing_name = "iam", .speaks = protocol::query, .api_version = ""}),
            "ValidationError");
  EXPECT_EQ(
      validation_code({.name = "logs", .id = "", .signing_name = "logs", .speaks = protocol::json, .api_version = ""}),
      "InvalidParameterException");
  EXPECT_EQ(validation_code(
                {.name = "states", .id = "SFN", .signing_name = "states", .speaks = protocol::json, .api_version = ""}),
            "ValidationException");
}

TEST(check_types, says_what_aws_says) {
  const std::pair<std::string_view, std::string_view> wrong[] = {
      {R"({"TableName":true})", "TRUE_VALUE cannot be converted to String"},
      {R"({"TableName":false})", "FALSE_VALUE cannot be converted to String"},
      {R"({"TableName":23})", "NUMBER_VALUE cannot be converted to String"},
      {R"({"TableName":34.56})", "DECIMAL_VALUE cannot be converted to String"},
      {R"({"TableName":[]})", "Unrecognized collection type class java.lang.String"},
      {R"({"TableName":{}})", "Start of structure or map found where not expected"},
      {R"({"Flag":"true"})", "Unexpected token received from parser"},
      {R"({"Flag":1})", "NUMBER_VALUE cannot be converted to Boolean"},
      {R"({"Flag":[]})", "Unrecognized collection type class java.lang.Boolean"},
      {R"({"Limit":"1"})", "STRING_VALUE cannot be converted to Integer"},
      {R"({"Limit":[]})", "Unrecognized collection type class java.lang.Integer"},
      {R"({"Huge":"1"})", "STRING_VALUE cannot be converted to Long"},
      {R"({"Share":"1"})", "STRING_VALUE cannot be converted to Double"},
      {R"({"When":"yesterday"})", "STRING_VALUE cannot be converted to Date"},
      {R"({"Blob":1})", "only base-64-encoded strings are convertible to bytes"},
      {R"({"Blob":[]})", "Unrecognized collection type class java.nio.ByteBuffer"},
      {R"({"Blob":"23456"})", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"},
      {R"({"Blob":"=+/="})", "Invalid last non-pad Base64 character dectected"},
      {R"({"Names":"abc"})", "Unexpected field type"},
      {R"({"Names":{}})", "Start of structure or map found where not expected"},
      {R"({"Names":["abc",1]})", "NUMBER_VALUE cannot be converted to String"},
      {R"({"Attribute":"abc"})", "Unexpected field type"},
      {R"({"Attribute":[]})", "Unrecognized collection type class Attribute"},
      {R"({"AttributeDefinitions":["abc"]})", "Unexpected value type in payload"},
      {R"({"RequestItems":1})", "Unexpected field type"},
      {R"({"RequestItems":[]})", "Unrecognized collection type java.util.Map<java.lang.String, Attributes>"},
      {R"({"RequestItems":{"abc":[{"AttributeName":1}]}})", "NUMBER_VALUE cannot be converted to String"},
      {R"([])", "Unrecognized collection type class Input"},
      {R"("x")", "Unexpected value type in payload"},
  };
  for (const auto& [json, message] : wrong) {
    const auto v = json::parse(json);
    ASSERT_TRUE(v) << json;
    EXPECT_EQ(check_types(input, *v), message) << json;
  }
}

TEST(check_types, takes_what_has_the_models_types) {
  for (const std::string_view right :
       {R"({})", R"({"Limit":5.5,"Share":1})", R"({"When":1372636800.5})", R"({"When":"2013-07-01T00:00:00Z"})",
        R"({"Document":[1,{"a":"b"}],"Names":[null],"Flag":null})", R"({"Unknown":[]})"}) {
    const auto v = json::parse(right);
    ASSERT_TRUE(v) << right;
    EXPECT_EQ(check_types(input, *v), std::nullopt) << right;
  }
}

}  // namespace
}  // namespace mdlc::wire
