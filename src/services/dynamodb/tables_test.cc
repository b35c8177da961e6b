// Tables and their indexes, over real SQLite.
#include <gtest/gtest.h>

#include "api/testing.h"
#include "services/dynamodb/definition.h"
#include "services/dynamodb/service.h"

namespace mdlc::services::dynamodb {
namespace {

constexpr const char* id_key = R"("AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
                                  "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}])";

class tables : public ::testing::Test {
 protected:
  std::string create(const std::string& name, const std::string& rest = id_key) {
    return show("CreateTable", R"({"TableName":")" + name + R"(","BillingMode":"PAY_PER_REQUEST",)" + rest + "}");
  }
  std::string show(const char* operation, const std::string& input) { return host.show("dynamodb", operation, input); }
  json::value describe(const std::string& name) {
    return host.call("dynamodb", "DescribeTable", R"({"TableName":")" + name + "\"}").value().at("Table");
  }
  void put(const std::string& name, const std::string& item) {
    ASSERT_EQ(show("PutItem", R"({"TableName":")" + name + R"(","Item":)" + item + "}"), "{}");
  }
  // Items 0 to count - 1, each formatted with its number.
  void put_many(const std::string& name, int64_t count, const char* item) {
    constexpr int64_t batch = 25;
    for (int64_t i = 0; i < count; i += batch) {
      std::string requests;
      for (int64_t n = i; n < std::min(i + batch, count); ++n)
        requests +=
            (requests.empty() ? "" : ",") + (R"({"PutRequest":{"Item":)" + fmt::format(fmt::runtime(item), n)) + "}}";
      ASSERT_EQ(show("BatchWriteItem", R"({"RequestItems":{")" + name + R"(":[)" + requests + "]}}"),
                R"({"UnprocessedItems":{}})");
    }
  }
  int64_t rows(const std::string& table) {
    return host.db->read([&](store::reader& r) { return r.first("SELECT count(*) FROM " + table)->integer(0); });
  }
  // The sweeper works on the pool's threads.
  template <class F>
  bool eventually(F&& holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return holds();
  }

  api::testing::test_host host;
  service tested{host.host};
};

TEST_F(tables, are_created_described_listed_and_deleted) {
  EXPECT_TRUE(create("one").starts_with(R"({"TableDescription":)"));
  EXPECT_EQ(create("one"), "ResourceInUseException: Table already exists: one");
  const auto about = describe("one");
  EXPECT_EQ(json::text(about, "TableStatus"), "ACTIVE");
  EXPECT_EQ(json::text(about, "TableArn"), "arn:aws:dynamodb:us-east-1:000000000000:table/one");
  EXPECT_EQ(json::text(about.at("BillingModeSummary"), "BillingMode"), "PAY_PER_REQUEST");
  EXPECT_EQ(about.at("ItemCount").as_int64(), 0);
  create("two");
  create("three");
  EXPECT_EQ(show("ListTables", "{}"), R"({"TableNames":["one","three","two"]})");
  EXPECT_EQ(show("ListTables", R"({"Limit":2})"), R"({"TableNames":["one","three"],"LastEvaluatedTableName":"three"})");
  EXPECT_EQ(show("ListTables", R"({"Limit":2,"ExclusiveStartTableName":"three"})"), R"({"TableNames":["two"]})");
  EXPECT_EQ(
      json::text(host.call("dynamodb", "DeleteTable", R"({"TableName":"one"})")->at("TableDescription"), "TableStatus"),
      "DELETING");
  const std::string gone = "ResourceNotFoundException: Requested resource not found: Table: one not found";
  EXPECT_EQ(show("DescribeTable", R"({"TableName":"one"})"), gone);
  EXPECT_EQ(show("DeleteTable", R"({"TableName":"one"})"), gone);
}

TEST_F(tables, are_of_one_account_and_region) {
  create("one");
  put("one", R"({"id":{"S":"here"}})");
  host.scope.region = "eu-central-1";
  EXPECT_EQ(show("ListTables", "{}"), R"({"TableNames":[]})");
  create("one");
  EXPECT_EQ(show("Scan", R"({"TableName":"one"})"), R"({"Items":[],"Count":0,"ScannedCount":0})");
}

TEST_F(tables, are_counted) {
  create("one");
  put("one", R"({"id":{"S":"a"},"v":{"S":"1234567"}})");
  put("one", R"({"id":{"S":"b"}})");
  put("one", R"({"id":{"S":"a"},"v":{"S":"123"}})");
  EXPECT_EQ(describe("one").at("ItemCount").as_int64(), 2);
  EXPECT_EQ(describe("one").at("TableSizeBytes").as_int64(), 2 + 1 + 1 + 3 + 2 + 1);
}

TEST_F(tables, leave_no_row_behind) {
  create("one", R"("AttributeDefinitions":[{"AttributeName":"id","AttributeType":"N"},
                                            {"AttributeName":"g","AttributeType":"S"}],
                   "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
                   "GlobalSecondaryIndexes":[{"IndexName":"by-g","Projection":{"ProjectionType":"ALL"},
                     "KeySchema":[{"AttributeName":"g","KeyType":"HASH"}]}])");
  create("two");
  put("two", R"({"id":{"S":"stays"}})");
  const int64_t count = 2 * sweep_rows + 1;
  put_many("one", count, R"({{"id":{{"N":"{}"}},"g":{{"S":"x"}}}})");
  EXPECT_EQ(rows("dynamodb_items"), count + 1);
  show("DeleteTable", R"({"TableName":"one"})");
  create("one");
  EXPECT_EQ(show("Scan", R"({"TableName":"one"})"), R"({"Items":[],"Count":0,"ScannedCount":0})");
  put("one", R"({"id":{"S":"new"}})");
  EXPECT_TRUE(eventually([&] { return rows("dynamodb_dropped") == 0; }));
  EXPECT_EQ(rows("dynamodb_items"), 2);
  EXPECT_EQ(rows("dynamodb_index_entries"), 0);
  EXPECT_EQ(rows("dynamodb_sizes"), 2);
}

TEST_F(tables, get_and_lose_indexes) {
  create("one");
  const auto add = [&] {
    return host.call("dynamodb", "UpdateTable", R"({"TableName":"one",
      "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"g","AttributeType":"S"}],
      "GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"by-g","Projection":{"ProjectionType":"ALL"},
        "KeySchema":[{"AttributeName":"g","KeyType":"HASH"}]}}]})");
  };
  const auto count = [&] {
    return show("Query", R"({"TableName":"one","IndexName":"by-g","Select":"COUNT","KeyConditionExpression":"g = :g",
                             "ExpressionAttributeValues":{":g":{"S":"x"}}})");
  };
  put("one", R"({"id":{"S":"a"},"g":{"S":"x"}})");
  put("one", R"({"id":{"S":"b"},"g":{"N":"5"}})");
  put("one", R"({"id":{"S":"c"}})");
  ASSERT_TRUE(add());
  EXPECT_EQ(count(), R"({"Count":1,"ScannedCount":1})");
  EXPECT_EQ(json::text(describe("one").at("GlobalSecondaryIndexes").at(0), "IndexStatus"), "ACTIVE");
  EXPECT_EQ(describe("one").at("GlobalSecondaryIndexes").at(0).at("ItemCount").as_int64(), 1);
  EXPECT_EQ(add().error().message, "Attempting to create an index which already exists");
  EXPECT_EQ(show("DeleteItem", R"({"TableName":"one","Key":{"id":{"S":"b"}}})"), "{}");
  const std::string drop = R"({"TableName":"one","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"by-g"}}]})";
  ASSERT_TRUE(host.call("dynamodb", "UpdateTable", drop));
  EXPECT_EQ(count(), "ValidationException: The table does not have the specified index: by-g");
  EXPECT_EQ(describe("one").at("AttributeDefinitions").as_array().size(), 1u);
  EXPECT_EQ(show("UpdateTable", drop), "ResourceNotFoundException: Requested resource not found");
  EXPECT_TRUE(eventually([&] { return rows("dynamodb_dropped") == 0; }));
  EXPECT_EQ(rows("dynamodb_index_entries"), 0);
}

TEST_F(tables, fill_a_large_index_piece_by_piece) {
  create("one");
  const int64_t count = sweep_rows + 10;
  put_many("one", count, R"({{"id":{{"S":"{}"}},"g":{{"S":"x"}}}})");
  ASSERT_TRUE(host.call("dynamodb", "UpdateTable", R"({"TableName":"one",
      "AttributeDefinitions":[{"AttributeName":"g","AttributeType":"S"}],
      "GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"by-g","Projection":{"ProjectionType":"KEYS_ONLY"},
        "KeySchema":[{"AttributeName":"g","KeyType":"HASH"}]}}]})"));
  // What is written meanwhile is counted once.
  put("one", R"({"id":{"S":"0"},"g":{"S":"x"},"v":{"S":"v"}})");
  put("one", R"({"id":{"S":"new"},"g":{"S":"x"}})");
  ASSERT_TRUE(eventually([&] { return json::text(describe("one"), "TableStatus") == "ACTIVE"; }));
  EXPECT_EQ(describe("one").at("GlobalSecondaryIndexes").at(0).at("ItemCount").as_int64(), count + 1);
  EXPECT_EQ(show("Query", R"({"TableName":"one","IndexName":"by-g","Select":"COUNT","KeyConditionExpression":"g = :g",
                              "ExpressionAttributeValues":{":g":{"S":"x"}}})"),
            fmt::format(R"({{"Count":{0},"ScannedCount":{0}}})", count + 1));
}

TEST_F(tables, refuse_definitions_that_do_not_fit) {
  const std::string a_and_b = R"("AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},
                                                         {"AttributeName":"b","AttributeType":"S"}],)";
  const std::string by_a_b = R"("KeySchema":[{"AttributeName":"a","KeyType":"HASH"},
                                             {"AttributeName":"b","KeyType":"RANGE"}])";
  const std::string by_a = R"("KeySchema":[{"AttributeName":"a","KeyType":"HASH"}])";
  const std::string values = "One or more parameter values were invalid: ";
  const auto index = [](const std::string& kind, const std::string& keys, const std::string& projection) {
    return ",\"" + kind + R"(SecondaryIndexes":[{"IndexName":"index",)" + keys + R"(,"Projection":{)" + projection +
           "}}]";
  };
  const std::string all = R"("ProjectionType":"ALL")";
  const std::vector<std::pair<std::string, std::string>> table{
      {a_and_b + by_a, values +
                           "Number of attributes in KeySchema does not exactly match number of attributes defined in "
                           "AttributeDefinitions"},
      {R"("AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],)" + by_a_b,
       values + "Some index key attributes are not defined in AttributeDefinitions. Keys: [a, b], "
                "AttributeDefinitions: [a]"},
      {a_and_b + R"("KeySchema":[{"AttributeName":"a","KeyType":"RANGE"}])",
       "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
      {a_and_b + R"("KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"b","KeyType":"HASH"}])",
       "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"},
      {a_and_b + R"("KeySchema":[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"a","KeyType":"RANGE"}])",
       "Both the Hash Key and the Range Key element in the KeySchema have the same name"},
      {a_and_b + by_a + index("Local", by_a_b, all),
       values + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"},
      {a_and_b + by_a_b + index("Local", by_a, all),
       values + "Index KeySchema does not have a range key for index: index"},
      {a_and_b + by_a_b + index("Global", by_a, R"("ProjectionType":"INCLUDE")"),
       values + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"},
      {a_and_b + by_a_b + index("Global", by_a, R"("ProjectionType":"ALL","NonKeyAttributes":["x"])"),
       values + "ProjectionType is ALL, but NonKeyAttributes is specified"},
      {a_and_b + by_a + index("Global", by_a, all),
       values + "Some AttributeDefinitions are not used. AttributeDefinitions: [a, b], keys used: [a]"},
  };
  for (const auto& [rest, words] : table) EXPECT_EQ(create("one", rest), "ValidationException: " + words) << rest;
  EXPECT_EQ(show("CreateTable", std::string(R"({"TableName":"one",)") + id_key + "}"),
            "ValidationException: " + values +
                "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
  EXPECT_EQ(
      create("one", std::string(id_key) + R"(,"ProvisionedThroughput":{"ReadCapacityUnits":1,
                                                   "WriteCapacityUnits":1})"),
      "ValidationException: " + values +
          "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
  EXPECT_TRUE(create("a/b").starts_with("ValidationException: Invalid table/index name."));
}

TEST_F(tables, have_bounded_indexes) {
  const auto with = [&](const char* kind, size_t count) {
    std::string indexes;
    for (size_t i = 0; i < count; ++i)
      indexes += fmt::format(R"({}{{"IndexName":"index{}","Projection":{{"ProjectionType":"ALL"}},
                               "KeySchema":[{{"AttributeName":"a","KeyType":"HASH"}},
                                            {{"AttributeName":"b","KeyType":"RANGE"}}]}})",
                             indexes.empty() ? "" : ",", i);
    return create(fmt::format("{}{}", kind, count), fmt::format(R"(
        "AttributeDefinitions":[{{"AttributeName":"a","AttributeType":"S"}},{{"AttributeName":"b","AttributeType":"S"}}],
        "KeySchema":[{{"AttributeName":"a","KeyType":"HASH"}},{{"AttributeName":"b","KeyType":"RANGE"}}],
        "{}SecondaryIndexes":[{}])",
                                                                kind, indexes));
  };
  EXPECT_TRUE(with("Global", max_global_indexes).starts_with("{"));
  EXPECT_TRUE(with("Global", max_global_indexes + 1).find("exceeds the per-table limit of 20") != std::string::npos);
  EXPECT_TRUE(with("Local", max_local_indexes).starts_with("{"));
  EXPECT_TRUE(with("Local", max_local_indexes + 1).find("exceeds per-table limit of 5") != std::string::npos);
}

TEST_F(tables, keep_settings) {
  create("one", std::string(id_key) + R"(,"Tags":[{"Key":"k","Value":"v"}],"SSESpecification":{"Enabled":true},
                                          "DeletionProtectionEnabled":true)");
  const std::string arn = "arn:aws:dynamodb:us-east-1:000000000000:table/one";
  const std::string tags = R"({"ResourceArn":")" + arn + "\"";
  EXPECT_EQ(show("TagResource", tags + R"(,"Tags":[{"Key":"k","Value":"w"},{"Key":"l","Value":"x"}]})"), "{}");
  EXPECT_EQ(show("UntagResource", tags + R"(,"TagKeys":["l"]})"), "{}");
  EXPECT_EQ(show("ListTagsOfResource", tags + "}"), R"({"Tags":[{"Key":"k","Value":"w"}]})");
  EXPECT_EQ(show("ListTagsOfResource", R"({"ResourceArn":")" + arn + "x\"}"),
            "ResourceNotFoundException: Requested resource not found: ResourcArn: " + arn + "x not found");
  EXPECT_EQ(json::text(describe("one").at("SSEDescription"), "Status"), "ENABLED");

  const std::string ttl = R"({"TableName":"one","TimeToLiveSpecification":{"AttributeName":"t","Enabled":)";
  EXPECT_EQ(show("UpdateTimeToLive", ttl + "true}}"),
            R"({"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"t"}})");
  EXPECT_EQ(show("UpdateTimeToLive", ttl + "true}}"), "ValidationException: TimeToLive is already enabled");
  EXPECT_EQ(show("DescribeTimeToLive", R"({"TableName":"one"})"),
            R"({"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"t"}})");

  EXPECT_TRUE(show("DeleteTable", R"({"TableName":"one"})")
                  .starts_with("ValidationException: Resource cannot be deleted as it is currently protected"));
  EXPECT_TRUE(host.call("dynamodb", "UpdateTable", R"({"TableName":"one","DeletionProtectionEnabled":false})"));
  EXPECT_TRUE(host.call("dynamodb", "UpdateTable", R"({"TableName":"one","BillingMode":"PROVISIONED",
                        "ProvisionedThroughput":{"ReadCapacityUnits":3,"WriteCapacityUnits":4}})"));
  EXPECT_EQ(describe("one").at("ProvisionedThroughput").at("ReadCapacityUnits").as_int64(), 3);
  EXPECT_EQ(json::text(describe("one").at("BillingModeSummary"), "BillingMode"), "PROVISIONED");
  EXPECT_TRUE(host.call("dynamodb", "DeleteTable", R"({"TableName":"one"})"));
}

TEST(restart, goes_on_with_what_was_left) {
  api::testing::test_host host;
  {
    service first(host.host);
    first.stop();  // nothing is swept
    ASSERT_TRUE(host.call("dynamodb", "CreateTable",
                          std::string(R"({"TableName":"one","BillingMode":"PAY_PER_REQUEST",)") + id_key + "}"));
    ASSERT_TRUE(host.call("dynamodb", "PutItem", R"({"TableName":"one","Item":{"id":{"S":"a"}}})"));
    ASSERT_TRUE(host.call("dynamodb", "DeleteTable", R"({"TableName":"one"})"));
  }
  const auto left = [&] {
    return host.db->read([](store::reader& r) {
      return r.first("SELECT (SELECT count(*) FROM dynamodb_items) + (SELECT count(*) FROM dynamodb_dropped)")
          ->integer(0);
    });
  };
  EXPECT_EQ(left(), 2);
  service second(host.host);
  second.resume();
  for (int i = 0; i < 2000 && left() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(left(), 0);
}

}  // namespace
}  // namespace mdlc::services::dynamodb
