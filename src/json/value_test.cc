#include "json/value.h"

#include <gtest/gtest.h>

namespace mdlc::json {
namespace {

TEST(print, numbers_as_aws_prints_them) {
  struct row {
    std::string_view text, printed;
  };
  for (auto [text, printed] :
       {row{"1", "1"}, row{"-7", "-7"}, row{"1.0", "1.0"}, row{"1.50", "1.5"}, row{"0.001", "0.001"},
        row{"0.0001", "1.0E-4"}, row{"1e10", "1.0E10"}, row{"12345678.5", "1.23456785E7"},
        row{"9999999.0", "9999999.0"}, row{"18446744073709551615", "18446744073709551615"}, row{"0.1", "0.1"},
        row{"-0.0", "-0.0"}})
    EXPECT_EQ(print(parse(text).value()), printed) << text;
}

TEST(print, keeps_order_and_escapes_what_must_be) {
  std::string_view text = R"({"b":[null,true,{}],"a":"q\" \\ \n \u0001 é /"})";
  EXPECT_EQ(print(parse(text).value()), text);
}

TEST(parse, refuses_what_is_not_one_value) {
  for (auto text : {"", " ", "{", "[1,]", "1 2", "nul", "{\"a\":1}}", "'a'", "01", "\"\x01\""})
    EXPECT_FALSE(parse(text)) << text;
}

TEST(parse, doubles_come_back_to_the_last_bit) {
  for (auto text : {"11.718829046957605", "0.9830173407665481", "30.714557647705078", "2.2250738585072014E-308",
                    "-1.7976931348623157E308"})
    EXPECT_EQ(print(parse(text).value()), text);
}

TEST(parse, takes_white_space_around) { EXPECT_EQ(print(parse(" \n[1 , 2]\t").value()), "[1,2]"); }

TEST(parse, bounds_depth) {
  auto nested = [](size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_TRUE(parse(nested(max_depth)));
  EXPECT_FALSE(parse(nested(max_depth + 1)));
}

TEST(find, looks_only_into_objects) {
  auto v = parse(R"({"a":"x","n":1})").value();
  EXPECT_EQ(text(v, "a"), "x");
  EXPECT_EQ(text(v, "n", "none"), "none");
  EXPECT_EQ(find(v, "b"), nullptr);
  EXPECT_EQ(find(value(1), "a"), nullptr);
  const object& o = v.get_object();
  EXPECT_EQ(text(o, "a").data(), view(o.at("a").get_string()).data());  // a view of the object itself
}

}  // namespace
}  // namespace mdlc::json
