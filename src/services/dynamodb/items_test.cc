// Items through the operations, over real SQLite. Tables say what is asked and what is answered.
#include <gtest/gtest.h>

#include "api/testing.h"
#include "services/dynamodb/service.h"
#include "services/dynamodb/write.h"

namespace mdlc::services::dynamodb {
namespace {

struct step {
  const char* operation;
  std::string input;
  std::string answer;
};

class items : public ::testing::Test {
 protected:
  items() {
    create("plain", R"("AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
                       "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}])");
    create("sorted", R"("AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},
                          {"AttributeName":"s","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"},
                          {"AttributeName":"l","AttributeType":"S"}],
                        "KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}],
                        "GlobalSecondaryIndexes":[{"IndexName":"by-g","Projection":{"ProjectionType":"KEYS_ONLY"},
                          "KeySchema":[{"AttributeName":"g","KeyType":"HASH"}]}],
                        "LocalSecondaryIndexes":[{"IndexName":"by-l","Projection":{"ProjectionType":"INCLUDE",
                          "NonKeyAttributes":["v"]},
                          "KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"l","KeyType":"RANGE"}]}])");
  }

  void create(const std::string& name, const std::string& rest) {
    const auto out = host.call("dynamodb", "CreateTable",
                               R"({"TableName":")" + name + R"(","BillingMode":"PAY_PER_REQUEST",)" + rest + "}");
    ASSERT_TRUE(out) << out.error().message;
  }

  void run(const std::vector<step>& steps) {
    for (const auto& s : steps) EXPECT_EQ(host.show("dynamodb", s.operation, s.input), s.answer) << s.input;
  }

  api::testing::test_host host;
  service tested{host.host};
};

TEST_F(items, are_put_got_and_deleted) {
  run({
      {"GetItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}}})", "{}"},
      {"PutItem", R"({"TableName":"plain","Item":{"id":{"S":"a"},"n":{"N":"1.50"}}})", "{}"},
      {"GetItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}}})", R"({"Item":{"id":{"S":"a"},"n":{"N":"1.5"}}})"},
      {"GetItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}},"ProjectionExpression":"n"})",
       R"({"Item":{"n":{"N":"1.5"}}})"},
      {"GetItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}},"AttributesToGet":["n"]})",
       R"({"Item":{"n":{"N":"1.5"}}})"},
      {"PutItem", R"({"TableName":"plain","Item":{"id":{"S":"a"},"m":{"BOOL":true}},"ReturnValues":"ALL_OLD"})",
       R"({"Attributes":{"id":{"S":"a"},"n":{"N":"1.5"}}})"},
      {"DeleteItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}},"ReturnValues":"ALL_OLD"})",
       R"({"Attributes":{"id":{"S":"a"},"m":{"BOOL":true}}})"},
      {"DeleteItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}},"ReturnValues":"ALL_OLD"})", "{}"},
      {"PutItem", R"({"TableName":"arn:aws:dynamodb:us-east-1:000000000000:table/plain","Item":{"id":{"S":"b"}},
                      "ReturnConsumedCapacity":"TOTAL"})",
       R"({"ConsumedCapacity":{"TableName":"plain","CapacityUnits":1.0}})"},
  });
}

TEST_F(items, have_keys_that_fit) {
  const std::string invalid = "ValidationException: ";
  const std::string values = invalid + "One or more parameter values were invalid: ";
  const std::string no_match = invalid + "The provided key element does not match the schema";
  const std::string empty = invalid +
                            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
                            "contain an empty string value. Key: id";
  run({
      {"PutItem", R"({"TableName":"none","Item":{"id":{"S":"a"}}})",
       "ResourceNotFoundException: Requested resource not found"},
      {"PutItem", R"({"TableName":"plain","Item":{"n":{"N":"1"}}})", values + "Missing the key id in the item"},
      {"PutItem", R"({"TableName":"plain","Item":{"id":{"N":"1"}}})",
       values + "Type mismatch for key id expected: S actual: N"},
      {"PutItem", R"({"TableName":"plain","Item":{"id":{"S":""}}})", empty},
      {"PutItem", R"({"TableName":"plain","Item":{"id":{"S":"a"},"x":{}}})",
       invalid + "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
      {"GetItem", R"({"TableName":"plain","Key":{"id":{"N":"1"}}})", no_match},
      {"GetItem", R"({"TableName":"plain","Key":{"id":{"S":"a"},"x":{"S":"b"}}})", no_match},
      {"GetItem", R"({"TableName":"sorted","Key":{"p":{"S":"a"}}})", no_match},
      {"PutItem", R"({"TableName":"sorted","Item":{"p":{"S":"a"},"s":{"N":"1"},"g":{"N":"5"}}})",
       values + "Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g"},
      {"UpdateItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}},"UpdateExpression":"SET id = :x",
                         "ExpressionAttributeValues":{":x":{"S":"b"}}})",
       values + "Cannot update attribute id. This attribute is part of the key"},
  });
}

TEST_F(items, have_sizes_that_fit) {
  const auto put = [&](size_t key, size_t rest) {
    return host.show("dynamodb", "PutItem",
                     R"({"TableName":"plain","Item":{"id":{"S":")" + std::string(key, 'k') + R"("},"v":{"S":")" +
                         std::string(rest, 'v') + R"("}}})");
  };
  EXPECT_EQ(put(max_hash_key_bytes, 0), "{}");
  EXPECT_EQ(put(max_hash_key_bytes + 1, 0),
            "ValidationException: One or more parameter values were invalid: Size of hashkey has exceeded the maximum "
            "size limit of2048 bytes");
  const size_t names_and_key = 2 + 1 + 1;
  EXPECT_EQ(put(1, max_item_bytes - names_and_key), "{}");
  EXPECT_EQ(put(1, max_item_bytes - names_and_key + 1),
            "ValidationException: Item size has exceeded the maximum allowed size");
  EXPECT_EQ(host.show("dynamodb", "UpdateItem", R"({"TableName":"plain","Key":{"id":{"S":"k"}},
                      "UpdateExpression":"SET v2 = v"})"),
            "ValidationException: Item size to update has exceeded the maximum allowed size");
}

TEST_F(items, are_written_conditionally) {
  const std::string failed = "ConditionalCheckFailedException: The conditional request failed";
  run({
      {"PutItem", R"j({"TableName":"plain","Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_not_exists(id)"})j",
       "{}"},
      {"PutItem", R"j({"TableName":"plain","Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_not_exists(id)"})j",
       failed},
      {"PutItem", R"({"TableName":"plain","Item":{"id":{"S":"a"}},"Expected":{"id":{"Exists":false}}})", failed},
      {"PutItem",
       R"({"TableName":"plain","Item":{"id":{"S":"a"},"v":{"N":"1"}},"Expected":{"id":{"Value":{"S":"a"}}}})", "{}"},
      {"DeleteItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}},"ConditionExpression":"v > :x",
                         "ExpressionAttributeValues":{":x":{"N":"1"}}})",
       failed},
      {"DeleteItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}},
                         "Expected":{"v":{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"N":"0"},{"N":"2"}]}}})",
       "{}"},
      {"PutItem", R"j({"TableName":"plain","Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_exists(#x)"})j",
       "ValidationException: Invalid ConditionExpression: An expression attribute name used in the document path is "
       "not "
       "defined; attribute name: #x"},
      {"PutItem", R"({"TableName":"plain","Item":{"id":{"S":"a"}},"ExpressionAttributeValues":{":x":{"N":"1"}}})",
       "ValidationException: ExpressionAttributeValues can only be specified when using expressions: "
       "ConditionExpression is null"},
      {"PutItem", R"j({"TableName":"plain","Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_exists(id)",
                      "Expected":{"id":{"Exists":false}}})j",
       "ValidationException: Can not use both expression and non-expression parameters in the same request: "
       "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}"},
  });
  const auto refused = [&](const char* shown) {
    return host.call("dynamodb", "PutItem",
                     std::string(R"({"TableName":"plain","Item":{"id":{"S":"a"}},"ConditionExpression":"v = :v",
                      "ExpressionAttributeValues":{":v":{"N":"2"}},"ReturnValuesOnConditionCheckFailure":")") +
                         shown + "\"}");
  };
  ASSERT_EQ(host.show("dynamodb", "PutItem", R"({"TableName":"plain","Item":{"id":{"S":"a"},"v":{"N":"1"}}})"), "{}");
  EXPECT_EQ(json::print(refused("ALL_OLD").error().members), R"({"Item":{"id":{"S":"a"},"v":{"N":"1"}}})");
  EXPECT_EQ(json::print(refused("NONE").error().members), "{}");
}

TEST_F(items, are_updated) {
  const std::string key = R"({"TableName":"plain","Key":{"id":{"S":"a"}})";
  const std::string one = R"(,"ExpressionAttributeValues":{":x":{"N":"1"}})";
  run({
      {"UpdateItem", key + R"(,"UpdateExpression":"ADD n :x","ReturnValues":"UPDATED_NEW")" + one + "}",
       R"({"Attributes":{"n":{"N":"1"}}})"},
      {"UpdateItem", key + R"(,"UpdateExpression":"SET n = n + :x","ReturnValues":"UPDATED_OLD")" + one + "}",
       R"({"Attributes":{"n":{"N":"1"}}})"},
      {"UpdateItem", key + R"(,"UpdateExpression":"SET m = :x","ReturnValues":"UPDATED_OLD")" + one + "}", "{}"},
      {"UpdateItem", key + R"(,"UpdateExpression":"REMOVE m","ReturnValues":"ALL_OLD"})",
       R"({"Attributes":{"id":{"S":"a"},"m":{"N":"1"},"n":{"N":"2"}}})"},
      {"UpdateItem", key + R"(,"UpdateExpression":"SET k = :x","ReturnValues":"ALL_NEW")" + one + "}",
       R"({"Attributes":{"id":{"S":"a"},"k":{"N":"1"},"n":{"N":"2"}}})"},
      {"UpdateItem", key + R"(,"AttributeUpdates":{"n":{"Action":"ADD","Value":{"N":"3"}},"k":{"Action":"DELETE"},
                              "t":{"Value":{"S":"t"}}},"ReturnValues":"UPDATED_NEW"})",
       R"({"Attributes":{"n":{"N":"5"},"t":{"S":"t"}}})"},
      {"UpdateItem", key + R"(,"AttributeUpdates":{"t":{"Action":"ADD","Value":{"N":"3"}}}})",
       "ValidationException: Type mismatch for attribute to update"},
      {"UpdateItem", key + R"(,"UpdateExpression":"SET a.b = :x")" + one + "}",
       "ValidationException: The document path provided in the update expression is invalid for update"},
      {"UpdateItem", R"({"TableName":"plain","Key":{"id":{"S":"new"}},"ReturnValues":"ALL_NEW"})",
       R"({"Attributes":{"id":{"S":"new"}}})"},
      {"UpdateItem", R"({"TableName":"plain","Key":{"id":{"S":"gone"}},"AttributeUpdates":{"x":{"Action":"DELETE"}}})",
       "{}"},
      {"GetItem", R"({"TableName":"plain","Key":{"id":{"S":"gone"}}})", "{}"},
  });
}

TEST_F(items, are_queried_in_order) {
  for (const char* n : {"10", "9", "-1", "0.5", "100"})
    ASSERT_EQ(host.show("dynamodb", "PutItem",
                        std::string(R"({"TableName":"sorted","Item":{"p":{"S":"a"},"s":{"N":")") + n + R"("}}})"),
              "{}");
  const auto keys = [&](const std::string& rest) {
    const auto out = host.call("dynamodb", "Query", R"({"TableName":"sorted",)" + rest + "}");
    if (!out) return out.error().message;
    std::string found;
    for (const auto& each : out->at("Items").as_array()) found += " " + std::string(json::text(each.at("s"), "N"));
    if (const auto* last = json::find(*out, "LastEvaluatedKey")) found += " > " + json::print(*last);
    return found;
  };
  const auto where = [&](const std::string& condition, const std::string& rest = "") {
    return keys(R"("KeyConditionExpression":")" + condition + R"(","ExpressionAttributeValues":{":a":{"S":"a"})" +
                (condition.find(":x") == std::string::npos ? "" : R"(,":x":{"N":"9"})") +
                (condition.find(":y") == std::string::npos ? "" : R"(,":y":{"N":"10"})") + "}" + rest);
  };
  EXPECT_EQ(where("p = :a"), " -1 0.5 9 10 100");
  EXPECT_EQ(where("p = :a", R"(,"ScanIndexForward":false)"), " 100 10 9 0.5 -1");
  EXPECT_EQ(where("p = :a AND s = :x"), " 9");
  EXPECT_EQ(where("p = :a AND s < :x"), " -1 0.5");
  EXPECT_EQ(where("p = :a AND s <= :x"), " -1 0.5 9");
  EXPECT_EQ(where("p = :a AND s > :x"), " 10 100");
  EXPECT_EQ(where("p = :a AND s >= :x"), " 9 10 100");
  EXPECT_EQ(where("p = :a AND s BETWEEN :x AND :y"), " 9 10");
  EXPECT_EQ(where("p = :a", R"(,"Limit":2)"), R"( -1 0.5 > {"p":{"S":"a"},"s":{"N":"0.5"}})");
  const std::string start = R"(,"ExclusiveStartKey":{"p":{"S":"a"},"s":{"N":"9"}})";
  EXPECT_EQ(where("p = :a", start), " 10 100");
  EXPECT_EQ(where("p = :a", start + R"(,"ScanIndexForward":false)"), " 0.5 -1");
  EXPECT_EQ(where("p = :a", R"(,"ExclusiveStartKey":{"p":{"S":"b"},"s":{"N":"9"}})"),
            "The provided starting key is outside query boundaries based on provided conditions");
  EXPECT_EQ(where("p = :a", R"(,"ExclusiveStartKey":{"p":{"S":"a"}})"),
            "The provided starting key is invalid: The provided key element does not match the schema");
  EXPECT_EQ(keys(R"("KeyConditions":{"p":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"a"}]},
                    "s":{"ComparisonOperator":"GT","AttributeValueList":[{"N":"9"}]}})"),
            " 10 100");
  EXPECT_EQ(keys(R"("KeyConditionExpression":"p = :a","ExpressionAttributeValues":{":a":{"N":"1"}})"),
            "One or more parameter values were invalid: Condition parameter type does not match schema type");
  EXPECT_EQ(keys(R"("KeyConditionExpression":"p = :a","FilterExpression":"s = :a",
                    "ExpressionAttributeValues":{":a":{"S":"a"}})"),
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: s");
}

TEST_F(items, are_found_by_indexes) {
  const auto put = [&](const std::string& rest) {
    ASSERT_EQ(host.show("dynamodb", "PutItem", R"({"TableName":"sorted","Item":{"p":{"S":"a"},)" + rest + "}}"), "{}");
  };
  put(R"("s":{"N":"1"},"g":{"S":"x"},"l":{"S":"b"},"v":{"S":"v1"},"w":{"S":"w1"})");
  put(R"("s":{"N":"2"},"g":{"S":"x"},"l":{"S":"a"},"v":{"S":"v2"})");
  put(R"("s":{"N":"3"},"g":{"S":"y"})");
  const std::string by_g = R"({"TableName":"sorted","IndexName":"by-g","KeyConditionExpression":"g = :g",
                               "ExpressionAttributeValues":{":g":{"S":"x"}})";
  const std::string by_l = R"({"TableName":"sorted","IndexName":"by-l","KeyConditionExpression":"p = :p",
                               "ExpressionAttributeValues":{":p":{"S":"a"}})";
  run({
      {"Query", by_g + "}",
       R"({"Items":[{"g":{"S":"x"},"p":{"S":"a"},"s":{"N":"1"}},{"g":{"S":"x"},"p":{"S":"a"},"s":{"N":"2"}}],)"
       R"("Count":2,"ScannedCount":2})"},
      {"Query", by_g + R"(,"Limit":1})",
       R"({"Items":[{"g":{"S":"x"},"p":{"S":"a"},"s":{"N":"1"}}],"Count":1,"ScannedCount":1,)"
       R"("LastEvaluatedKey":{"g":{"S":"x"},"p":{"S":"a"},"s":{"N":"1"}}})"},
      {"Query", by_g + R"(,"ExclusiveStartKey":{"g":{"S":"x"},"p":{"S":"a"},"s":{"N":"1"}}})",
       R"({"Items":[{"g":{"S":"x"},"p":{"S":"a"},"s":{"N":"2"}}],"Count":1,"ScannedCount":1})"},
      {"Query", by_g + R"(,"ConsistentRead":true})",
       "ValidationException: Consistent reads are not supported on global secondary indexes"},
      {"Query", by_g + R"(,"Select":"ALL_ATTRIBUTES"})",
       "ValidationException: One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported "
       "for "
       "global secondary index by-g because its projection type is not ALL"},
      {"Query", by_g + R"(,"ProjectionExpression":"v"})",
       "ValidationException: One or more parameter values were invalid: Global secondary index by-g does not project "
       "[v]"},
      {"Query", by_l + "}",
       R"({"Items":[{"l":{"S":"a"},"p":{"S":"a"},"s":{"N":"2"},"v":{"S":"v2"}},)"
       R"({"l":{"S":"b"},"p":{"S":"a"},"s":{"N":"1"},"v":{"S":"v1"}}],"Count":2,"ScannedCount":2})"},
      {"Query", by_l + R"(,"ProjectionExpression":"w","ScanIndexForward":false})",
       R"({"Items":[{"w":{"S":"w1"}},{}],"Count":2,"ScannedCount":2})"},
      {"Query", by_l + R"(,"Select":"COUNT"})", R"({"Count":2,"ScannedCount":2})"},
      {"Query", R"({"TableName":"sorted","IndexName":"none","KeyConditionExpression":"p = :p",
                    "ExpressionAttributeValues":{":p":{"S":"a"}}})",
       "ValidationException: The table does not have the specified index: none"},
      // An entry follows its item.
      {"UpdateItem",
       R"({"TableName":"sorted","Key":{"p":{"S":"a"},"s":{"N":"2"}},"UpdateExpression":"SET g = :y REMOVE l",
                         "ExpressionAttributeValues":{":y":{"S":"y"}}})",
       "{}"},
      {"Query", by_g + R"(,"Select":"COUNT"})", R"({"Count":1,"ScannedCount":1})"},
      {"Query", by_l + R"(,"Select":"COUNT"})", R"({"Count":1,"ScannedCount":1})"},
      {"DeleteItem", R"({"TableName":"sorted","Key":{"p":{"S":"a"},"s":{"N":"1"}}})", "{}"},
      {"Scan", R"({"TableName":"sorted","IndexName":"by-g"})",
       R"({"Items":[{"g":{"S":"y"},"p":{"S":"a"},"s":{"N":"2"}},{"g":{"S":"y"},"p":{"S":"a"},"s":{"N":"3"}}],)"
       R"("Count":2,"ScannedCount":2})"},
  });
}

TEST_F(items, are_scanned_in_pages_and_segments) {
  constexpr int count = 40;
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(host.show("dynamodb", "PutItem",
                        fmt::format(R"({{"TableName":"sorted","Item":{{"p":{{"S":"p{}"}},
                        "s":{{"N":"{}"}},"g":{{"S":"g"}}}}}})",
                                    i % 7, i)),
              "{}");
  const auto all = [&](const std::string& rest) {
    std::multiset<std::string> found;
    std::string start;
    do {
      const auto out = host.call("dynamodb", "Scan", R"({"TableName":"sorted")" + rest + start + "}").value();
      for (const auto& each : out.at("Items").as_array()) found.emplace(json::text(each.at("s"), "N"));
      const auto* last = json::find(out, "LastEvaluatedKey");
      start = last ? R"(,"ExclusiveStartKey":)" + json::print(*last) : "";
    } while (!start.empty());
    return found;
  };
  std::multiset<std::string> expected;
  for (int i = 0; i < count; ++i) expected.insert(std::to_string(i));
  EXPECT_EQ(all(""), expected);
  EXPECT_EQ(all(R"(,"Limit":1)"), expected);
  EXPECT_EQ(all(R"(,"Limit":3,"IndexName":"by-g")"), expected);
  auto segments = all(R"(,"Segment":0,"TotalSegments":3)");
  EXPECT_LT(segments.size(), expected.size());
  for (const char* other : {"1", "2"}) segments.merge(all(std::string(R"(,"TotalSegments":3,"Segment":)") + other));
  EXPECT_EQ(segments, expected);
  const auto filtered = host.call("dynamodb", "Scan", R"({"TableName":"sorted","FilterExpression":"s < :x",
                                  "ExpressionAttributeValues":{":x":{"N":"5"}}})");
  EXPECT_EQ(filtered->at("Count").as_int64(), 5);
  EXPECT_EQ(filtered->at("ScannedCount").as_int64(), count);
}

TEST_F(items, end_a_page_at_a_megabyte) {
  const std::string text(100 * 1024, 'x');
  for (int i = 0; i < 15; ++i)
    ASSERT_EQ(
        host.show("dynamodb", "PutItem",
                  fmt::format(R"({{"TableName":"plain","Item":{{"id":{{"S":"{:02}"}},"v":{{"S":"{}"}}}}}})", i, text)),
        "{}");
  const auto first = host.call("dynamodb", "Scan", R"({"TableName":"plain","ProjectionExpression":"id"})").value();
  EXPECT_EQ(first.at("Count").as_int64(), 11);
  EXPECT_EQ(json::print(first.at("LastEvaluatedKey")), R"({"id":{"S":"10"}})");
}

TEST_F(items, are_written_and_read_in_batches) {
  run({
      {"BatchWriteItem", R"({"RequestItems":{"plain":[{"PutRequest":{"Item":{"id":{"S":"a"}}}},
                             {"PutRequest":{"Item":{"id":{"S":"b"}}}}]}})",
       R"({"UnprocessedItems":{}})"},
      {"BatchWriteItem", R"({"RequestItems":{"plain":[{"DeleteRequest":{"Key":{"id":{"S":"a"}}}},
                             {"PutRequest":{"Item":{"id":{"S":"a"}}}}]}})",
       "ValidationException: Provided list of item keys contains duplicates"},
      {"BatchGetItem", R"({"RequestItems":{"plain":{"Keys":[{"id":{"S":"b"}},{"id":{"S":"a"}},{"id":{"S":"c"}}]}}})",
       R"({"Responses":{"plain":[{"id":{"S":"b"}},{"id":{"S":"a"}}]},"UnprocessedKeys":{}})"},
      {"BatchGetItem", R"({"RequestItems":{"plain":{"Keys":[{"id":{"S":"b"}},{"id":{"S":"b"}}]}}})",
       "ValidationException: Provided list of item keys contains duplicates"},
      {"BatchGetItem", R"({"RequestItems":{"none":{"Keys":[{"id":{"S":"b"}}]}}})",
       "ResourceNotFoundException: Requested resource not found"},
  });
}

TEST_F(items, are_written_in_transactions_or_not_at_all) {
  const std::string put_a = R"j({"Put":{"TableName":"plain","Item":{"id":{"S":"a"}},
                                "ConditionExpression":"attribute_not_exists(id)"
}
})j";
  const std::string count_b = R"({"Update":{"TableName":"plain","Key":{"id":{"S":"b"}},"UpdateExpression":"ADD n :x",
                                  "ExpressionAttributeValues":{":x":{"N":"1"}}}})";
  run({
      {"TransactWriteItems", R"({"TransactItems":[)" + put_a + "," + count_b + "]}", "{}"},
      {"TransactWriteItems", R"({"TransactItems":[)" + count_b + "," + put_a + "]}",
       "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons "
       "[None, ConditionalCheckFailed]"},
      {"TransactWriteItems", R"({"TransactItems":[)" + count_b + "," + count_b + "]}",
       "ValidationException: Transaction request cannot include multiple operations on one item"},
      {"TransactWriteItems",
       R"({"TransactItems":[{"Put":{"TableName":"plain","Item":{"id":{"S":"c"}}}},)"
       R"j({"Put":{"TableName":"plain","Item":{"id":{"S":"c"}},"ConditionExpression":"attribute_not_exists(id)"}}]})j",
       "ValidationException: Transaction request cannot include multiple operations on one item"},
      {"TransactGetItems", R"({"TransactItems":[{"Get":{"TableName":"plain","Key":{"id":{"S":"b"}}}},
                               {"Get":{"TableName":"plain","Key":{"id":{"S":"c"}}}}]})",
       R"({"Responses":[{"Item":{"id":{"S":"b"},"n":{"N":"1"}}},{}]})"},
      {"TransactWriteItems", R"({"TransactItems":[{"ConditionCheck":{"TableName":"plain","Key":{"id":{"S":"b"}},
                                 "ConditionExpression":"n = :x","ExpressionAttributeValues":{":x":{"N":"1"}}}},
                                 {"Delete":{"TableName":"plain","Key":{"id":{"S":"a"}}}}]})",
       "{}"},
      {"GetItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}}})", "{}"},
  });
  const auto cancelled = host.call("dynamodb", "TransactWriteItems",
                                   R"j({"TransactItems":[{"ConditionCheck":{"TableName":"plain","Key":{"id":{"S":"b"}},
                                      "ConditionExpression":"attribute_not_exists(n)",
                                      "ReturnValuesOnConditionCheckFailure":"ALL_OLD"
  }
  }]
  })j");
  EXPECT_EQ(json::print(cancelled.error().members),
            R"({"CancellationReasons":[{"Code":"ConditionalCheckFailed","Message":"The conditional request failed",)"
            R"("Item":{"id":{"S":"b"},"n":{"N":"1"}}}]})");
}

TEST_F(items, are_written_once_a_token) {
  const auto count = [&](const char* step) {
    return host.show("dynamodb", "TransactWriteItems",
                     std::string(R"({"ClientRequestToken":"t","TransactItems":[{"Update":{"TableName":"plain",
                      "Key":{"id":{"S":"a"}},"UpdateExpression":"ADD n :x",
                      "ExpressionAttributeValues":{":x":{"N":")") +
                         step + R"("}}}}]})");
  };
  const auto n = [&] { return host.show("dynamodb", "GetItem", R"({"TableName":"plain","Key":{"id":{"S":"a"}}})"); };
  EXPECT_EQ(count("1"), "{}");
  EXPECT_EQ(count("1"), "{}");
  EXPECT_EQ(n(), R"({"Item":{"id":{"S":"a"},"n":{"N":"1"}}})");
  EXPECT_EQ(count("2"),
            "IdempotentParameterMismatchException: The request uses the same client token as a previous, but "
            "non-identical request");
  host.env.advance(std::chrono::minutes(10));
  EXPECT_EQ(count("1"), "{}");
  EXPECT_EQ(n(), R"({"Item":{"id":{"S":"a"},"n":{"N":"2"}}})");
}

// A workflow's record stands in the effect's own transaction, also where the effect was refused.
TEST_F(items, are_written_with_the_callers_record) {
  std::vector<std::string> recorded;
  const auto record = [&](store::transaction& t, const api::answer<json::value>& given) {
    const auto rows = t.query("SELECT item FROM dynamodb_items");
    recorded.push_back((given ? json::print(*given) : given.error().code) + " " + std::to_string(rows.size()));
  };
  const char* put = R"j({"TableName":"plain","Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_not_exists(id)"
  })j";
  EXPECT_TRUE(host.call("dynamodb", "PutItem", put, record));
  EXPECT_FALSE(host.call("dynamodb", "PutItem", put, record));
  EXPECT_EQ(recorded, (std::vector<std::string>{"{} 1", "ConditionalCheckFailedException 1"}));
}

}  // namespace
}  // namespace mdlc::services::dynamodb
