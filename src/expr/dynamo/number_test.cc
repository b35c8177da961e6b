#include "expr/dynamo/number.h"

#include <gtest/gtest.h>

namespace mdlc::expr::dynamo {
namespace {

void expect_printed(const std::string& text, const std::string& printed) {
  const auto n = number::parse(text);
  ASSERT_TRUE(n) << text << ": " << n.error().message;
  EXPECT_EQ(n->str(), printed) << text;
  EXPECT_EQ(number::parse(n->str())->str(), printed);
}

std::string zeros(size_t count) { return std::string(count, '0'); }

TEST(number, prints_in_one_way) {
  const std::vector<std::pair<const char*, const char*>> table{
      {"0", "0"},      {"-0", "0"},    {"0.000", "0"},    {"0e999", "0"},        {"1", "1"},
      {"+1", "1"},     {"007", "7"},   {"-1.50", "-1.5"}, {".5", "0.5"},         {"5.", "5"},
      {"1e3", "1000"}, {"100", "100"}, {"1E+3", "1000"},  {"12.5e-3", "0.0125"}, {"1200.0340", "1200.034"},
  };
  for (const auto& [text, printed] : table) expect_printed(text, printed);
  const std::string nines(38, '9');
  expect_printed(nines, nines);
  expect_printed("0." + nines, "0." + nines);
  expect_printed("1E125", "1" + zeros(125));
  expect_printed("-9.9E125", "-99" + zeros(124));
  expect_printed("1E-130", "0." + zeros(129) + "1");
  std::string one = zeros(500);
  one += '1';
  expect_printed(one, "1");
}

void expect_refused(const std::string& text, const std::string& words) {
  const auto n = number::parse(text);
  ASSERT_FALSE(n) << text;
  EXPECT_EQ(n.error().message, words) << text;
}

TEST(number, refuses_what_dynamodb_refuses) {
  const std::string no_number = "The parameter cannot be converted to a numeric value";
  const std::string digits = "Attempting to store more than 38 significant digits in a Number";
  const std::string over = "Number overflow. Attempting to store a number with magnitude larger than supported range";
  const std::string under =
      "Number underflow. Attempting to store a number with magnitude smaller than supported range";
  expect_refused("", no_number);
  for (const std::string text : {"abc", "1x", " 1", "1 ", "-", ".", "1e", "1e+", "NaN", "1,5", "--1", "1.2.3"})
    expect_refused(text, no_number + ": " + text);
  expect_refused(std::string(39, '1'), digits);
  expect_refused("1." + zeros(37) + "1", digits);
  expect_refused("1E126", over);
  expect_refused("-1E126", over);
  expect_refused("1e99999999999999999999", over);
  expect_refused("1E-131", under);
  expect_refused("1e-99999999999999999999", under);
}

TEST(number, orders_and_so_do_its_keys) {
  const std::vector<std::string> ascending{
      "-9.9E125", "-1000", "-100.5",  "-100", "-99",    "-12",  "-11", "-10.01", "-10",   "-9",     "-1.001",
      "-1",       "-0.5",  "-1E-130", "0",    "1E-130", "0.05", "0.5", "0.51",   "1",     "1.0001", "1.001",
      "1.01",     "1.1",   "9",       "10",   "11",     "12",   "99",  "100",    "100.5", "1000",   "9.9E125"};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      const auto a = *number::parse(ascending[i]), b = *number::parse(ascending[j]);
      EXPECT_EQ(a <=> b, i <=> j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(a == b, i == j);
      EXPECT_EQ(a.order_key() < b.order_key(), i < j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(a.order_key() == b.order_key(), i == j);
    }
  }
}

TEST(number, adds_and_subtracts_exactly) {
  const std::string nines(38, '9');
  const std::vector<std::array<std::string, 4>> table{
      // a, b, a + b, a - b
      {"1", "2", "3", "-1"},
      {"0", "5", "5", "-5"},
      {"5", "0", "5", "5"},
      {"0.1", "0.2", "0.3", "-0.1"},
      {"-1.5", "1.5", "0", "-3"},
      {"999", "1", "1000", "998"},
      {"1000", "0.001", "1000.001", "999.999"},
      {"-7", "-8", "-15", "1"},
      {"1E30", "1", "1" + std::string(29, '0') + "1", std::string(30, '9')},
  };
  for (const auto& [a, b, sum, difference] : table) {
    EXPECT_EQ(add(*number::parse(a), *number::parse(b))->str(), sum) << a << " + " << b;
    EXPECT_EQ(subtract(*number::parse(a), *number::parse(b))->str(), difference) << a << " - " << b;
  }
  EXPECT_EQ(add(*number::parse(nines), *number::parse("1"))->str(), "1" + std::string(38, '0'));
  EXPECT_FALSE(add(*number::parse(nines), *number::parse("0.1")));
  EXPECT_FALSE(add(*number::parse("1E125"), *number::parse("1E-130")));
  EXPECT_FALSE(add(*number::parse("9.9E125"), *number::parse("9.9E125")));
  EXPECT_FALSE(subtract(*number::parse("1.1E-130"), *number::parse("1E-130")));
}

}  // namespace
}  // namespace mdlc::expr::dynamo
