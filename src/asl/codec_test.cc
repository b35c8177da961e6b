#include <gtest/gtest.h>

#include "asl/record.h"
#include "asl/scope.h"

namespace mdlc::asl {
namespace {

std::vector<record> everything() {
  auto shared = document::from_text(R"({"a": 1})");
  auto more = std::make_shared<record_details>();
  more->why = {"E", "c"};
  more->info =
      std::make_shared<execution_info>(execution_info{"u", "id", "n", "r", "us-east-1", "m", "mn", base::from_ms(5)});
  more->command = std::make_shared<task>(
      task{task_kind::activity, task_pattern::sync2, "arn", "t", "a", "us-east-1", shared, "role", "token", 7, 8});
  more->worker = "w";
  more->assigned = shared;
  more->location = "l";
  more->state = "s";
  more->length = 3;
  more->max_concurrency = 4;
  more->items = document::from_text(R"({"a": 1})");
  more->timeout_due = base::from_ms(10);
  more->heartbeat_due = base::from_ms(-11);
  more->timeout_timer = 12;
  more->heartbeat_timer = 13;
  more->retrier = 0;
  record full;
  full.kind = record_kind::command_opened;
  full.type = event_type::activity_scheduled;
  full.id = 25'000;
  full.previous = 24'999;
  full.time = base::from_ms(1'700'000'000'123);
  full.frame = 300;
  full.state = 0;
  full.next = 1;
  full.index = 0;
  full.child = 7;
  full.command = {UINT64_MAX, 3};
  full.due = base::from_ms(1);
  full.name = "Näme";
  full.payload = shared;
  full.more = more;
  record bare;
  bare.kind = record_kind::woke;
  return {full, bare, full};
}

TEST(codec, what_is_written_is_read) {
  auto row = encode(everything());
  auto back = decode(row);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 3u);
  const auto& r = back->front();
  EXPECT_EQ(r.name, "Näme");
  EXPECT_EQ(r.command, (command_id{UINT64_MAX, 3}));
  EXPECT_EQ(r.more->command->heartbeat_s, 8);
  EXPECT_EQ(r.more->command->region, "us-east-1");
  EXPECT_EQ(r.more->info->machine_name, "mn");
  EXPECT_EQ(r.more->heartbeat_due, base::from_ms(-11));
  EXPECT_EQ(r.more->items.text(), R"({"a": 1})");
  EXPECT_EQ(encode(*back), row);
  EXPECT_TRUE(decode(encode({}))->empty());
}

TEST(codec, a_payload_stands_once_in_a_row) {
  std::string text = "\"" + std::string(1000, 'x') + "\"";
  std::vector<record> records(4);
  auto one = document::from_text(text);
  for (auto& r : records) r.payload = one;
  records[3].payload = document::from_text(text);  // the same again, from elsewhere
  EXPECT_LT(encode(records).size(), 1100u);
}

TEST(codec, refuses_what_is_not_its_own) {
  auto row = encode(everything());
  for (size_t cut = 0; cut < row.size(); ++cut) EXPECT_FALSE(decode(row.substr(0, cut))) << cut;
  EXPECT_FALSE(decode(row + "x"));
  auto newer = row;
  newer[0] = static_cast<char>(record_format + 1);
  EXPECT_FALSE(decode(newer));
  chance luck{7};
  for (int i = 0; i < 20'000; ++i) {
    auto broken = row;
    for (auto n = 1 + luck.next() % 4; n > 0; --n) broken[luck.next() % broken.size()] = static_cast<char>(luck.next());
    if (auto back = decode(broken)) encode(*back);  // whatever it says, it is safe to look at
  }
}

}  // namespace
}  // namespace mdlc::asl
