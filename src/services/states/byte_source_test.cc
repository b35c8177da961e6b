#include "services/states/byte_source.h"

#include <gtest/gtest.h>

#include "services/states/item_reader.h"
#include "sys/testing.h"

namespace mdlc::services::states {
namespace {

class sources : public testing::Test {
 protected:
  blob::slice slice(std::string_view bytes) { return blobs_->open_slice(*blobs_->put(bytes)).value(); }
  std::unique_ptr<byte_source> source(std::string_view bytes) { return open_unpacked(slice(bytes)); }

  // Fields with '|' between and records with '/'; or the error.
  std::string csv(std::string_view bytes, char delimiter = ',') {
    auto from = source(bytes);
    csv_reader rows{*from, delimiter};
    std::string out;
    std::vector<std::string> fields;
    for (;;) {
      auto one = rows.next(fields);
      if (!one) return one.error().message;
      if (!*one) return out;
      out += fmt::format("{}{}", out.empty() ? "" : "/", fmt::join(fields, "|"));
    }
  }

  std::string elements(std::string_view bytes, std::string pointer = {}) {
    auto from = source(bytes);
    json_elements all{*from, std::move(pointer)};
    std::string out, text;
    for (;;) {
      auto one = all.next(text);
      if (!one) return one.error().message;
      if (!*one) return out;
      out += (out.empty() ? "" : " ") + text;
    }
  }

  sys::temporary_folder folder_;
  std::unique_ptr<blob::store> blobs_ = blob::store::open(folder_.path(), sys::real_env()).value();
};

constexpr std::string_view no_json = "The item source is not valid JSON.";

TEST_F(sources, csv_records) {
  EXPECT_EQ(csv(""), "");
  EXPECT_EQ(csv("a,b\nc,d"), "a|b/c|d");
  EXPECT_EQ(csv("a,b\r\nc,d\r\n"), "a|b/c|d");
  EXPECT_EQ(csv("\n\r\na\n\n"), "a");
  EXPECT_EQ(csv(",\n"), "|");
  EXPECT_EQ(csv("   \n"), "   ");
  EXPECT_EQ(csv("\"a,b\",\"c\nd\",\"e\"\"f\"\n"), "a,b|c\nd|e\"f");
  EXPECT_EQ(csv("\"\"x,a\"b\n"), "x|a\"b");
  EXPECT_EQ(csv("a;b", ';'), "a|b");
  EXPECT_EQ(csv("a,\"b"), "A quoted field of the CSV file is not closed.");
}

TEST_F(sources, json_elements_one_by_one) {
  EXPECT_EQ(elements(" [ 1 , \"a]\\\"\" , { \"b\" : [ ] } ,null]"), "1 \"a]\\\"\" {\"b\":[]} null");
  EXPECT_EQ(elements("[]"), "");
  EXPECT_EQ(elements(R"({"x":{"y":[1]},"a/b":[{"c":[2,3]}]})", "/a~1b/0/c"), "2 3");
  for (auto nowhere : {"/b", "/a/1", "/c"}) {
    EXPECT_EQ(elements(R"({"a":[1],"c":2})", nowhere), json_elements::not_an_array) << nowhere;
  }
  EXPECT_EQ(elements("{}"), json_elements::not_an_array);
  for (auto broken : {"", "[", "[1", "[1,", "[1 2]", "[{]", "[\"a", "[,]"})
    EXPECT_EQ(elements(broken), no_json) << broken;
}

TEST_F(sources, an_item_has_bounds) {
  auto value = [](size_t bytes) { return "\"" + std::string(bytes - 2, 'x') + "\""; };
  EXPECT_EQ(elements("[" + value(item_bytes_max) + "]").size(), item_bytes_max);
  EXPECT_NE(elements("[" + value(item_bytes_max + 1) + "]").find("exceeds the maximum"), std::string::npos);
  auto line = source(std::string(item_bytes_max, 'x').append("\n"));
  std::string text;
  EXPECT_TRUE(*read_line(*line, text));
  EXPECT_FALSE(read_line(*source(std::string(item_bytes_max + 1, 'x')), text));
  EXPECT_NE(csv(std::string(item_bytes_max + 1, 'x')).find("exceeds the maximum"), std::string::npos);
  EXPECT_EQ(elements(std::string(json::max_depth + 2, '[')), no_json);
}

TEST_F(sources, a_broken_gzip_stream_says_so) {
  auto from = source("\x1f\x8bnone of that");
  std::string line;
  EXPECT_FALSE(read_line(*from, line));
}

// --- Readers

class items : public sources {
 protected:
  std::string read(std::string_view body, json::value config, std::string_view more = {}) {
    auto plan = json::value{{"action", "s3:getObject"}, {"arguments", json::object()}, {"config", std::move(config)}};
    auto beside = json::parse(more.empty() ? "{}" : more).value();
    for (const auto& [name, value] : beside.as_object()) plan.as_object()[name] = value;
    call_as get = [&](std::string_view operation, const json::value&,
                      std::optional<blob::slice>* into) -> api::answer<json::value> {
      EXPECT_EQ(operation, "getObject");
      *into = slice(body);
      return json::object{};
    };
    std::string out;
    auto done = read_items(plan, get, [&](const json::value& item) -> base::result<bool> {
      out += (out.empty() ? "" : " ") + json::print(item);
      return true;
    });
    return done ? out : done.error().message;
  }
};

TEST_F(items, rows_have_the_headers_members) {
  auto wide = [](size_t bytes) { return std::string(bytes, 'x').append("\n"); };
  json::value first{{"InputType", "CSV"}, {"CSVHeaderLocation", "FIRST_ROW"}};
  EXPECT_EQ(read("a,b\n1\n1,2,3\n", first), R"({"a":"1","b":""} {"a":"1","b":"2"})");
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "a\n1\n",
                 first),
            R"({"a":"1"})");
  EXPECT_EQ(read("", first), "");
  EXPECT_EQ(read("a,a\n", first), "CSV headers cannot contain duplicates.");
  EXPECT_EQ(read(wide(csv_header_bytes_max), first), "");
  EXPECT_EQ(read(wide(csv_header_bytes_max + 1), first), "CSV headers cannot exceed 10240 bytes.");
}

TEST_F(items, members_stand_as_aws_writes_them) {
  json::value first{{"InputType", "CSV"}, {"CSVHeaderLocation", "FIRST_ROW"}};
  EXPECT_EQ(read("userId,movieId,rating,timestamp\n1,2,3,4\n", first),
            R"({"rating":"3","movieId":"2","userId":"1","timestamp":"4"})");
}

TEST_F(items, at_most_so_many) {
  json::value type{{"InputType", "JSON"}};
  EXPECT_EQ(read("[1,2,3]", type, R"({"max_items":2})"), "1 2");
  EXPECT_EQ(read("[1,2,3]", type, R"({"max_items":3})"), "1 2 3");
  EXPECT_EQ(read("[1]", type, R"({"failed":"field MaxItems must be positive"})"), "field MaxItems must be positive");
}

}  // namespace
}  // namespace mdlc::services::states
