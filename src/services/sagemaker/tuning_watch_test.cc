#include "services/sagemaker/tuning_watch.h"

#include <gtest/gtest.h>

namespace mdlc::services::sagemaker {
namespace {

TEST(tuning_watch, compares_with_the_median_of_averages_up_to_the_same_value) {
  // After two values the averages are 3, 5, 7.
  const std::vector<std::vector<double>> others{{4, 2, 100}, {6, 4}, {7, 7, 0}};
  EXPECT_FALSE(does_worse({9, 5}, others, false));
  EXPECT_TRUE(does_worse({1, 5.1}, others, false));
  EXPECT_TRUE(does_worse({9, 4.9}, others, true));
  EXPECT_FALSE(does_worse({0, 5}, others, true));
}

TEST(tuning_watch, says_nothing_of_few) {
  EXPECT_FALSE(does_worse({9}, {{1}, {1}}, false));
  EXPECT_TRUE(does_worse({9}, {{1}, {1}, {1}}, false));
  EXPECT_FALSE(does_worse({9, 9}, {{1}, {1, 1}, {1, 1}}, false));
  EXPECT_FALSE(does_worse({}, {{1}, {1}, {1}}, false));
}

TEST(tuning_watch, the_median_of_an_even_number_lies_between_the_middle_ones) {
  EXPECT_TRUE(does_worse({3.1}, {{1}, {2}, {4}, {5}}, false));
  EXPECT_FALSE(does_worse({3}, {{1}, {2}, {4}, {5}}, false));
}

}  // namespace
}  // namespace mdlc::services::sagemaker
