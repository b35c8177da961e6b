#include "base/time.h"

#include <gtest/gtest.h>

namespace mdlc::base {
namespace {

TEST(time, prints_as_aws_prints) {
  auto t = from_ms(1372681800042);
  EXPECT_EQ(to_iso8601(t), "2013-07-01T12:30:00.042Z");
  EXPECT_EQ(to_iso8601_seconds(t), "2013-07-01T12:30:00Z");
  EXPECT_EQ(to_http_date(t), "Mon, 01 Jul 2013 12:30:00 GMT");
}

TEST(time, reads_rfc3339) {
  struct row {
    std::string_view text;
    int64_t ms;
  };
  for (auto [text, ms] : {row{"1970-01-01T00:00:00Z", 0}, row{"2013-07-01T12:30:00.042Z", 1372681800042},
                          row{"2013-07-01T14:30:00.0429+02:00", 1372681800042}, row{"1969-12-31T23:00:00-01:00", 0}})
    EXPECT_EQ(to_ms(from_iso8601(text).value()), ms) << text;
}

TEST(time, refuses_what_is_no_time) {
  for (auto text : {"", "2013-07-01", "2013-02-30T00:00:00Z", "2013-07-01T24:00:00Z", "2013-07-01T12:30:00",
                    "2013-07-01T12:30:00.Z", "2013-07-01T12:30:00Zx", "2013-07-01T12:30:00+0200"})
    EXPECT_FALSE(from_iso8601(text)) << text;
  EXPECT_FALSE(from_http_date("Mon, 01 Foo 2013 12:30:00 GMT"));
}

TEST(time, http_date_comes_back) {
  auto t = from_ms(1372681800000);
  EXPECT_EQ(from_http_date(to_http_date(t)).value(), t);
}

}  // namespace
}  // namespace mdlc::base
