// Groups, streams and events through the operations, over real SQLite.
#include <gtest/gtest.h>

#include "api/testing.h"
#include "services/logs/filter_pattern.h"
#include "services/logs/service.h"

namespace mdlc::services::logs {
namespace {

constexpr int64_t hour_ms = 60 * 60 * 1000;
constexpr int64_t day_ms = 24 * hour_ms;

class logs : public ::testing::Test {
 protected:
  logs() {
    show("CreateLogGroup", R"({"logGroupName":"/g"})");
    show("CreateLogStream", R"({"logGroupName":"/g","logStreamName":"s"})");
    show("CreateLogStream", R"({"logGroupName":"/g","logStreamName":"t"})");
  }

  std::string show(const char* operation, const std::string& input) { return host.show("logs", operation, input); }
  json::value call(const char* operation, const std::string& input) {
    return host.call("logs", operation, input).value();
  }
  int64_t now_ms() { return base::to_ms(host.env.now()); }

  // Events at the given milliseconds after `base_ms`, named after them.
  std::string put(const std::string& stream, const std::vector<int64_t>& offsets) {
    std::string events;
    for (int64_t offset : offsets)
      events +=
          fmt::format(R"({}{{"timestamp":{},"message":"m{}"}})", events.empty() ? "" : ",", base_ms + offset, offset);
    return put_events(stream, events);
  }
  std::string put_events(const std::string& stream, const std::string& events) {
    const auto out =
        host.call("logs", "PutLogEvents",
                  R"({"logGroupName":"/g","logStreamName":")" + stream + R"(","logEvents":[)" + events + "]}");
    if (!out) return out.error().code + ": " + out.error().message;
    const auto* rejected = json::find(*out, "rejectedLogEventsInfo");
    return rejected ? json::print(*rejected) : "";
  }

  static std::string messages(const json::value& answer) {
    std::string out;
    for (const auto& e : answer.at("events").as_array())
      out += (out.empty() ? "" : " ") + std::string(json::text(e, "message"));
    return out;
  }
  json::value get(const std::string& rest) {
    return call("GetLogEvents", R"({"logGroupName":"/g","logStreamName":"s")" + rest + "}");
  }
  static std::string token(const json::value& answer, const char* name) {
    return R"(,"nextToken":")" + std::string(json::text(answer, name)) + "\"";
  }

  api::testing::test_host host;
  service tested{host.host};
  const int64_t base_ms = now_ms() - hour_ms;
};

TEST_F(logs, have_groups_and_streams) {
  EXPECT_EQ(show("CreateLogGroup", R"({"logGroupName":"/g"})"),
            "ResourceAlreadyExistsException: The specified log group already exists");
  EXPECT_EQ(show("CreateLogStream", R"({"logGroupName":"/g","logStreamName":"s"})"),
            "ResourceAlreadyExistsException: The specified log stream already exists");
  EXPECT_EQ(show("CreateLogStream", R"({"logGroupName":"/none","logStreamName":"s"})"),
            "ResourceNotFoundException: The specified log group does not exist.");
  show("CreateLogGroup", R"({"logGroupName":"/h","tags":{"k":"v"}})");
  show("CreateLogGroup", R"({"logGroupName":"other"})");
  const auto first = call("DescribeLogGroups", R"({"logGroupNamePrefix":"/","limit":1})");
  EXPECT_EQ(json::text(first.at("logGroups").at(0), "logGroupName"), "/g");
  EXPECT_EQ(json::text(first.at("logGroups").at(0), "arn"), "arn:aws:logs:us-east-1:000000000000:log-group:/g:*");
  const auto second =
      call("DescribeLogGroups", R"({"logGroupNamePrefix":"/","limit":1)" + token(first, "nextToken") + "}");
  EXPECT_EQ(json::text(second.at("logGroups").at(0), "logGroupName"), "/h");
  EXPECT_EQ(json::find(second, "nextToken"), nullptr);
  EXPECT_EQ(call("DescribeLogGroups", R"({"logGroupNamePattern":"the"})").at("logGroups").as_array().size(), 1u);

  EXPECT_EQ(show("PutRetentionPolicy", R"({"logGroupName":"/h","retentionInDays":14})"), "{}");
  EXPECT_TRUE(show("PutRetentionPolicy", R"({"logGroupName":"/h","retentionInDays":2})")
                  .starts_with("InvalidParameterException: "));
  const auto h = [&] { return call("DescribeLogGroups", R"({"logGroupNamePrefix":"/h"})").at("logGroups").at(0); };
  EXPECT_EQ(h().at("retentionInDays").as_int64(), 14);
  show("DeleteRetentionPolicy", R"({"logGroupName":"/h"})");
  EXPECT_EQ(json::find(h(), "retentionInDays"), nullptr);

  const std::string arn = R"({"resourceArn":"arn:aws:logs:us-east-1:000000000000:log-group:/h")";
  EXPECT_EQ(show("TagResource", arn + R"(,"tags":{"l":"w"}})"), "{}");
  EXPECT_EQ(show("UntagResource", arn + R"(,"tagKeys":["k"]})"), "{}");
  EXPECT_EQ(show("ListTagsForResource", arn + "}"), R"({"tags":{"l":"w"}})");
  EXPECT_EQ(show("ListTagsLogGroup", R"({"logGroupName":"/h"})"), R"({"tags":{"l":"w"}})");
}

TEST_F(logs, have_streams_in_either_order) {
  ASSERT_EQ(put("t", {1}), "");
  ASSERT_EQ(put("s", {2}), "");
  show("CreateLogStream", R"({"logGroupName":"/g","logStreamName":"u"})");
  const auto names = [&](const std::string& rest) {
    std::string out, next;
    do {
      const auto page = call("DescribeLogStreams", R"({"logGroupName":"/g","limit":2)" + rest + next + "}");
      for (const auto& each : page.at("logStreams").as_array()) out += json::text(each, "logStreamName");
      next = json::find(page, "nextToken") ? token(page, "nextToken") : "";
    } while (!next.empty());
    return out;
  };
  EXPECT_EQ(names(""), "stu");
  EXPECT_EQ(names(R"(,"descending":true)"), "uts");
  EXPECT_EQ(names(R"(,"logStreamNamePrefix":"t")"), "t");
  EXPECT_EQ(names(R"(,"orderBy":"LastEventTime")"), "uts");
  EXPECT_EQ(names(R"(,"orderBy":"LastEventTime","descending":true)"), "stu");
  const auto s = call("DescribeLogStreams", R"({"logGroupName":"/g"})").at("logStreams").at(0);
  EXPECT_EQ(s.at("firstEventTimestamp").as_int64(), base_ms + 2);
  EXPECT_EQ(s.at("lastEventTimestamp").as_int64(), base_ms + 2);
}

TEST_F(logs, are_read_forwards_and_backwards) {
  ASSERT_EQ(put("s", {1, 2, 3}), "");
  ASSERT_EQ(put("t", {2}), "");
  ASSERT_EQ(put("s", {3, 4}), "");
  EXPECT_EQ(messages(get("")), "m1 m2 m3 m3 m4");
  EXPECT_EQ(messages(get(R"(,"limit":2)")), "m3 m4");
  const auto first = get(R"(,"limit":2,"startFromHead":true)");
  EXPECT_EQ(messages(first), "m1 m2");
  const auto second = get(R"(,"limit":2)" + token(first, "nextForwardToken"));
  EXPECT_EQ(messages(second), "m3 m3");
  const auto third = get(token(second, "nextForwardToken"));
  EXPECT_EQ(messages(third), "m4");
  EXPECT_EQ(messages(get(R"(,"limit":3)" + token(third, "nextBackwardToken"))), "m2 m3 m3");

  // At the end a token leads to itself, until something new is there.
  const auto end = get(token(third, "nextForwardToken"));
  EXPECT_EQ(messages(end), "");
  EXPECT_EQ(json::text(end, "nextForwardToken"), json::text(third, "nextForwardToken"));
  EXPECT_EQ(messages(get(R"(,"limit":1)" + token(end, "nextBackwardToken"))), "m4");
  ASSERT_EQ(put("s", {4, 5}), "");
  EXPECT_EQ(messages(get(token(end, "nextForwardToken"))), "m4 m5");
  const auto start = get(token(first, "nextBackwardToken"));
  EXPECT_EQ(messages(start), "");
  EXPECT_EQ(json::text(start, "nextBackwardToken"), json::text(first, "nextBackwardToken"));

  EXPECT_EQ(messages(get(fmt::format(R"(,"startTime":{},"endTime":{})", base_ms + 2, base_ms + 4))), "m2 m3 m3");
  for (const char* wrong : {"x", "f/1/s", "c/00000000000000000000000000000000000000000000000000000001/s"})
    EXPECT_EQ(
        show("GetLogEvents", std::string(R"({"logGroupName":"/g","logStreamName":"s","nextToken":")") + wrong + "\"}"),
        "InvalidParameterException: The specified nextToken is invalid.");
}

TEST_F(logs, can_be_followed_from_an_empty_stream) {
  const auto empty = get(R"(,"startFromHead":true)");
  ASSERT_EQ(put("s", {1}), "");
  EXPECT_EQ(messages(get(token(empty, "nextForwardToken"))), "m1");
}

TEST_F(logs, are_filtered) {
  ASSERT_EQ(put_events("s", fmt::format(R"({{"timestamp":{0},"message":"[1] train-rmse:3.5"}},
                                           {{"timestamp":{1},"message":"ERROR no such file"}})",
                                        base_ms + 1, base_ms + 3)),
            "");
  ASSERT_EQ(put_events("t", fmt::format(R"({{"timestamp":{},"message":"ERROR other"}})", base_ms + 2)), "");
  const auto found = [&](const std::string& rest) {
    std::string out, next;
    do {
      const auto page = call("FilterLogEvents", R"({"logGroupName":"/g","limit":1)" + rest + next + "}");
      for (const auto& e : page.at("events").as_array())
        out += "|" + std::string(json::text(e, "logStreamName")) + ":" + std::string(json::text(e, "message"));
      next = json::find(page, "nextToken") ? token(page, "nextToken") : "";
    } while (!next.empty());
    return out;
  };
  EXPECT_EQ(found(""), "|s:[1] train-rmse:3.5|t:ERROR other|s:ERROR no such file");
  EXPECT_EQ(found(R"(,"filterPattern":"ERROR")"), "|t:ERROR other|s:ERROR no such file");
  EXPECT_EQ(found(R"(,"filterPattern":"ERROR -other")"), "|s:ERROR no such file");
  EXPECT_EQ(found(R"(,"logStreamNames":["t"])"), "|t:ERROR other");
  EXPECT_EQ(found(R"(,"logStreamNamePrefix":"s")"), "|s:[1] train-rmse:3.5|s:ERROR no such file");
  EXPECT_EQ(found(fmt::format(R"(,"startTime":{0},"endTime":{0})", base_ms + 2)), "|t:ERROR other");
  EXPECT_EQ(show("FilterLogEvents", R"({"logGroupName":"/g","logStreamNames":["none"]})"),
            "ResourceNotFoundException: The specified log stream does not exist.");
}

TEST_F(logs, refuse_batches_that_do_not_fit) {
  const std::string invalid = "InvalidParameterException: ";
  EXPECT_EQ(put("s", {2, 1}), invalid + "Log events in a single PutLogEvents request must be in chronological order.");
  EXPECT_EQ(put("s", {-day_ms, 0}), "");
  EXPECT_EQ(put("s", {-day_ms - 1, 0}),
            invalid + "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  const auto sized = [&](std::vector<int64_t> sizes) {
    std::string events;
    for (int64_t size : sizes)
      events += fmt::format(R"({}{{"timestamp":{},"message":"{}"}})", events.empty() ? "" : ",", base_ms,
                            std::string(static_cast<size_t>(size), 'x'));
    return put_events("s", events);
  };
  constexpr int64_t most = 1024 * 1024 - 26;
  EXPECT_EQ(sized({most}), "");
  EXPECT_EQ(sized({most + 1}), invalid + "Log event too large: 1048577 bytes exceeds limit of 1048576");
  EXPECT_EQ(sized({most / 2, most / 2 - 26}), "");
  EXPECT_EQ(sized({most / 2, most / 2 - 25}), invalid + "Upload too large: 1048577 bytes exceeds limit of 1048576");
  EXPECT_EQ(show("PutLogEvents",
                 R"({"logGroupName":"/g","logStreamName":"none","logEvents":[{"timestamp":1,"message":"m"}]})"),
            "ResourceNotFoundException: The specified log stream does not exist.");
}

TEST_F(logs, leave_out_events_of_another_time) {
  const int64_t now = hour_ms;  // after base_ms
  EXPECT_EQ(put("s", {now + hour_ms, now + 3 * hour_ms}), R"({"tooNewLogEventStartIndex":1})");
  EXPECT_EQ(put("s", {now - 14 * day_ms - hour_ms, now - 14 * day_ms + hour_ms}), R"({"tooOldLogEventEndIndex":1})");
  EXPECT_EQ(get("").at("events").as_array().size(), 2u);
  show("PutRetentionPolicy", R"({"logGroupName":"/g","retentionInDays":1})");
  EXPECT_EQ(put("s", {now - day_ms - hour_ms, now - day_ms + hour_ms}), R"({"expiredLogEventEndIndex":1})");
  EXPECT_EQ(get("").at("events").as_array().size(), 3u);
}

TEST_F(logs, leave_no_row_behind) {
  ASSERT_EQ(put("s", {1, 2}), "");
  ASSERT_EQ(put("t", {1, 2}), "");
  const auto rows = [&] {
    return host.db->read([](store::reader& r) {
      return r
          .first(
              "SELECT (SELECT count(*) FROM logs_events) + 10 * (SELECT count(*) FROM logs_streams) + 100 * "
              "(SELECT count(*) FROM logs_dropped)")
          ->integer(0);
    });
  };
  const auto become = [&](int64_t count) {
    for (int i = 0; i < 2000 && rows() != count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return rows();
  };
  EXPECT_EQ(show("DeleteLogStream", R"({"logGroupName":"/g","logStreamName":"s"})"), "{}");
  show("CreateLogStream", R"({"logGroupName":"/g","logStreamName":"s"})");
  EXPECT_EQ(messages(get("")), "");
  EXPECT_EQ(become(22), 22);
  EXPECT_EQ(show("DeleteLogGroup", R"({"logGroupName":"/g"})"), "{}");
  EXPECT_EQ(become(0), 0);
  EXPECT_EQ(show("DeleteLogGroup", R"({"logGroupName":"/g"})"),
            "ResourceNotFoundException: The specified log group does not exist.");
}

TEST(filter_pattern, matches_or_not) {
  const std::string message = "ERROR Exit code 3: \"no such file\"";
  const std::vector<std::pair<const char*, bool>> table{
      {"", true},
      {"   ", true},
      {"ERROR", true},
      {"error", false},
      {"ERROR code", true},
      {"ERROR missing", false},
      {"\"Exit code 3\"", true},
      {"\"code Exit\"", false},
      {R"("\"no such")", true},
      {"?missing ?code", true},
      {"?missing ?absent", false},
      {"ERROR -missing", true},
      {"ERROR -\"such file\"", false},
      {"-ERROR", false},
  };
  for (const auto& [text, expected] : table) {
    const auto pattern = filter_pattern::parse(text);
    ASSERT_TRUE(pattern) << text;
    EXPECT_EQ(pattern->matches(message), expected) << text;
  }
  for (const char* wrong : {"\"open", "?", "- x", "{ $.x = 1 }", "[a, b]", "%x%"})
    EXPECT_FALSE(filter_pattern::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace mdlc::services::logs
