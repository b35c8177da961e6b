#include "runner/xgboost/csv.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/xgboost/number.h"

namespace mdlc::runner::xgboost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(csv, rows_become_values) {
  const struct {
    const char* text;
    size_t rows, columns;
  } cases[] = {
      {"1,2\n3,4\n", 2, 2}, {"1,2\n3,4", 2, 2},    {"1,2\r\n3,4\r\n", 2, 2},  {"1\n2\n3\n", 3, 1},
      {"", 0, 0},           {"\n\n1,2\n\n", 1, 2}, {"1,2\n   \n3,4\n", 2, 2},
  };
  for (const auto& c : cases) {
    table t;
    ASSERT_TRUE(append_csv(t, c.text, ',')) << c.text;
    EXPECT_EQ(t.rows, c.rows) << c.text;
    EXPECT_EQ(t.columns, c.columns) << c.text;
    EXPECT_EQ(t.values.size(), c.rows * c.columns) << c.text;
  }
}

TEST(csv, numbers_are_read_as_numpy_reads_them) {
  const struct {
    const char* text;
    float value;
  } cases[] = {{"1", 1},
               {"-1.5", -1.5f},
               {"+2", 2},
               {"1e3", 1000},
               {" 7 ", 7},
               {".5", .5f},
               {"5.", 5},
               {"1E-2", 0.01f},
               {"inf", INFINITY},
               {"-inf", -INFINITY},
               {"1e999", INFINITY},
               {"1e-999", 0},
               {"0.1", 0.1f},
               {"16777217", 16777216.f}};
  for (const auto& c : cases) {
    table t;
    ASSERT_TRUE(append_csv(t, c.text, ',')) << c.text;
    EXPECT_EQ(t.values.at(0), c.value) << c.text;
  }
}

TEST(csv, an_empty_field_and_nan_are_missing) {
  table t;
  ASSERT_TRUE(append_csv(t, "1,,nan,NaN,\n", ','));
  ASSERT_EQ(t.columns, 5u);
  for (int i : {1, 2, 3, 4}) EXPECT_TRUE(std::isnan(t.values[static_cast<size_t>(i)])) << i;
}

TEST(csv, what_is_wrong_is_said_with_its_line) {
  const struct {
    const char* text;
    const char* words;
  } cases[] = {
      {"1,2\na,4\n", "line 2: 'a' is not a number"},
      {"1,2\n3\n", "line 2: 1 columns, where the lines before have 2"},
      {"1,2\n3,4,5\n", "line 2: 3 columns"},
      {"1,2x\n", "'2x' is not a number"},
      {"1,0x10\n", "'0x10' is not a number"},
      {"1,+\n", "is not a number"},
      {"1,2\n\n1,\xff\xfe\n", "line 3: '\\xff\\xfe' is not a number"},
  };
  for (const auto& c : cases) {
    table t;
    const auto read = append_csv(t, c.text, ',');
    ASSERT_FALSE(read) << c.text;
    EXPECT_THAT(read.error().message, HasSubstr(c.words));
  }
}

TEST(csv, the_line_of_a_row_counts_blank_ones) {
  constexpr std::string_view text = "1,2\n\n3,4\r\n \n5,6";
  EXPECT_EQ(line_of_row(text, 0), 1u);
  EXPECT_EQ(line_of_row(text, 1), 3u);
  EXPECT_EQ(line_of_row(text, 2), 5u);
}

TEST(csv, a_value_is_shown_so_that_it_can_be_read) {
  const struct {
    std::string_view bytes, text;
  } cases[] = {
      {"plain", "plain"},
      {"\u00e9t\u00e9", "\u00e9t\u00e9"},
      {{"\0\xff\xfe", 3}, "\\x00\\xff\\xfe"},
      {"\xc3", "\\xc3"},
      {"\x1b[31m\x7f", "\\x1b[31m\\x7f"},
      {"\xef\xbb\xbf"
       "1",
       "\\xef\\xbb\\xbf1"},
  };
  for (const auto& c : cases) EXPECT_EQ(shown(c.bytes, 20), c.text);
  EXPECT_EQ(shown("12345", 4), "1234");
}

TEST(csv, rows_have_at_most_so_many_columns) {
  table fits, exceeds;
  EXPECT_TRUE(append_csv(fits, std::string(columns_max - 1, ','), ','));
  EXPECT_EQ(fits.columns, columns_max);
  EXPECT_FALSE(append_csv(exceeds, std::string(columns_max, ','), ','));
}

TEST(csv, the_delimiter_is_found) {
  EXPECT_EQ(find_delimiter("1,2;3"), ',');
  EXPECT_EQ(find_delimiter("1;2\n1,2"), ';');
  EXPECT_EQ(find_delimiter("1\t2"), '\t');
  EXPECT_EQ(find_delimiter("1|2"), '|');
  EXPECT_EQ(find_delimiter("1 2"), ' ');
  EXPECT_EQ(find_delimiter(" 1 \n"), ',');
}

TEST(number, is_printed_as_python_prints_it) {
  const struct {
    double value;
    const char* text;
  } cases[] = {{0, "0.0"},
               {-0.0, "-0.0"},
               {1, "1.0"},
               {0.1, "0.1"},
               {1e15, "1000000000000000.0"},
               {1e16, "1e+16"},
               {1e22, "1e+22"},
               {0.0001, "0.0001"},
               {0.00001, "1e-05"},
               {1.5e-7, "1.5e-07"},
               {INFINITY, "inf"},
               {-INFINITY, "-inf"},
               {NAN, "nan"},
               {static_cast<double>(0.1f), "0.10000000149011612"}};
  for (const auto& c : cases) {
    std::string out;
    append_python(out, c.value);
    EXPECT_EQ(out, c.text);
  }
}

}  // namespace
}  // namespace mdlc::runner::xgboost
