#include "wire/uri.h"

#include <gtest/gtest.h>

namespace mdlc::wire {
namespace {

TEST(uri, encodes_and_decodes) {
  EXPECT_EQ(percent_encode("aZ09-_.~ /+\xC3\xA9"), "aZ09-_.~%20%2F%2B%C3%A9");
  EXPECT_EQ(percent_encode("a/b c", true), "a/b%20c");
  EXPECT_EQ(percent_decode("a%2fb%20c+d"), "a/b c+d");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("100%, %4 %zz %"), "100%, %4 %zz %");
}

TEST(uri, reads_queries) {
  parameters expected{{"a", "1"}, {"b", ""}, {"c d", "x=y"}, {"e", " "}};
  EXPECT_EQ(parse_query("a=1&b&&c%20d=x=y&e=+"), expected);
  EXPECT_EQ(parse_query(""), parameters{});
  EXPECT_EQ(*find_parameter(expected, "a"), "1");
  EXPECT_EQ(find_parameter(expected, "z"), nullptr);
}

}  // namespace
}  // namespace mdlc::wire
