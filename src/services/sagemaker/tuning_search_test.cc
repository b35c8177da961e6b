#include "services/sagemaker/tuning_search.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mdlc::services::sagemaker {
namespace {

std::vector<tuned_range> ranges(std::string_view text) { return *read_ranges(*json::parse(text)); }

std::string refusal_of_ranges(std::string_view text) {
  auto read = read_ranges(*json::parse(text));
  return read ? "" : read.error().message;
}

TEST(tuning_search, values_stay_within_their_ranges_and_reach_the_ends) {
  const auto r = ranges(R"({"IntegerParameterRanges": [{"Name": "depth", "MinValue": "2", "MaxValue": "4"}],
    "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.001", "MaxValue": "1", "ScalingType": "Logarithmic"}],
    "CategoricalParameterRanges": [{"Name": "tree", "Values": ["hist", "exact"]}]})");
  std::set<std::string> depths, trees;
  int small = 0;
  for (size_t i = 0; i < 200; ++i) {
    const auto v = values_at(r, propose(r, tuning_strategy::random, 7, i, {}, {}));
    depths.insert(v.at("depth"));
    trees.insert(v.at("tree"));
    const double eta = std::stod(v.at("eta"));
    EXPECT_GE(eta, 0.001);
    EXPECT_LE(eta, 1);
    small += eta < 0.0316;  // the middle of the logarithms
  }
  EXPECT_THAT(depths, testing::ElementsAre("2", "3", "4"));
  EXPECT_THAT(trees, testing::ElementsAre("exact", "hist"));
  EXPECT_GT(small, 70);
  EXPECT_LT(small, 130);
  EXPECT_EQ(values_at(r, {0, 0, 0}),
            (std::map<std::string, std::string>{{"depth", "2"}, {"eta", "0.001"}, {"tree", "hist"}}));
}

TEST(tuning_search, a_reversed_logarithm_is_dense_near_one) {
  const auto r = ranges(R"({"ContinuousParameterRanges": [{"Name": "m", "MinValue": "0.9", "MaxValue": "0.999",
    "ScalingType": "ReverseLogarithmic"}]})");
  EXPECT_NEAR(std::stod(values_at(r, {0.5}).at("m")), 0.99, 1e-9);
}

TEST(tuning_search, a_value_lies_where_its_point_was) {
  const auto r = ranges(R"({"IntegerParameterRanges": [{"Name": "a", "MinValue": "1", "MaxValue": "900"}],
    "ContinuousParameterRanges": [{"Name": "b", "MinValue": "-1", "MaxValue": "1"},
      {"Name": "c", "MinValue": "0.001", "MaxValue": "1"},
      {"Name": "d", "MinValue": "0.5", "MaxValue": "0.99", "ScalingType": "ReverseLogarithmic"}],
    "CategoricalParameterRanges": [{"Name": "e", "Values": ["x", "y"]}]})");
  for (size_t i = 0; i < 50; ++i) {
    const auto values = values_at(r, propose(r, tuning_strategy::random, 3, i, {}, {}));
    point again;
    for (const auto& one : r) again.push_back(coordinate_of(one, values.at(one.name)).value());
    const auto back = values_at(r, again);
    EXPECT_EQ(back.at("a"), values.at("a"));
    EXPECT_EQ(back.at("e"), values.at("e"));
    for (auto name : {"b", "c", "d"}) EXPECT_NEAR(std::stod(back.at(name)), std::stod(values.at(name)), 1e-9) << name;
  }
  for (auto [range, value] : {std::pair{0, "901"}, {0, "0"}, {0, "1.5"}, {1, "1.1"}, {1, "x"}, {4, "z"}})
    EXPECT_FALSE(coordinate_of(r[static_cast<size_t>(range)], value)) << value;
}

TEST(tuning_search, a_grid_is_every_combination_once) {
  const auto r = ranges(R"({"CategoricalParameterRanges": [{"Name": "a", "Values": ["1", "2", "3"]},
    {"Name": "b", "Values": ["x", "y"]}]})");
  EXPECT_EQ(grid_size(r, 100), 6);
  EXPECT_EQ(grid_size(r, 5), 5);
  std::set<std::map<std::string, std::string>> all;
  for (size_t i = 0; i < 6; ++i) all.insert(values_at(r, propose(r, tuning_strategy::grid, 1, i, {}, {})));
  EXPECT_EQ(all.size(), 6);
}

TEST(tuning_search, the_same_seed_proposes_the_same_and_another_does_not) {
  const auto r = ranges(R"({"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]})");
  const std::vector<observation> seen{{{0.1}, 3}, {{0.5}, 1}, {{0.6}, 2}, {{0.9}, 4}};
  EXPECT_EQ(propose(r, tuning_strategy::bayesian, 5, 4, seen, {}),
            propose(r, tuning_strategy::bayesian, 5, 4, seen, {}));
  EXPECT_NE(propose(r, tuning_strategy::bayesian, 5, 4, seen, {}),
            propose(r, tuning_strategy::bayesian, 6, 4, seen, {}));
  EXPECT_NE(propose(r, tuning_strategy::random, 5, 4, {}, {}), propose(r, tuning_strategy::random, 5, 5, {}, {}));
}

TEST(tuning_search, no_combination_comes_twice_while_there_are_others) {
  const auto r = ranges(R"({"CategoricalParameterRanges": [{"Name": "a", "Values": ["1", "2", "3"]}],
    "IntegerParameterRanges": [{"Name": "b", "MinValue": "1", "MaxValue": "5", "ScalingType": "Logarithmic"}]})");
  ASSERT_EQ(count_combinations(r), 15);
  for (auto strategy : {tuning_strategy::random, tuning_strategy::bayesian}) {
    std::set<std::map<std::string, std::string>> known;
    std::vector<observation> seen;
    for (size_t i = 0; i < 15; ++i) {
      const auto p = propose_new(r, strategy, 3, i, seen, {}, known);
      seen.push_back({p, std::stod(values_at(r, p).at("b"))});
      known.insert(values_at(r, p));
    }
    EXPECT_EQ(known.size(), 15);
    // All are known: one comes again.
    EXPECT_TRUE(known.contains(values_at(r, propose_new(r, strategy, 3, 15, seen, {}, known))));
  }
  EXPECT_EQ(
      count_combinations(ranges(R"({"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]})")),
      std::nullopt);
}

double best_of(tuning_strategy strategy, uint64_t seed) {
  const auto r = ranges(R"({"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"},
    {"Name": "y", "MinValue": "0", "MaxValue": "1"}], "CategoricalParameterRanges": [{"Name": "c", "Values": ["a", "b", "c"]}]})");
  std::vector<observation> seen;
  double best = HUGE_VAL;
  for (size_t i = 0; i < 40; ++i) {
    const auto p = propose(r, strategy, seed, i, seen, {});
    const auto v = values_at(r, p);
    const double loss = std::pow(std::stod(v.at("x")) - 0.3, 2) + std::pow(std::stod(v.at("y")) - 0.8, 2) +
                        (v.at("c") == "b" ? 0 : 0.2);
    seen.push_back({p, loss});
    best = std::min(best, loss);
  }
  return best;
}

TEST(tuning_search, an_estimate_finds_better_points_than_chance) {
  double estimated = 0, random = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    estimated += best_of(tuning_strategy::bayesian, seed);
    random += best_of(tuning_strategy::random, seed);
  }
  EXPECT_LT(estimated, random / 2);
}

TEST(tuning_search, what_is_no_range_is_refused) {
  EXPECT_EQ(refusal_of_ranges(R"({"IntegerParameterRanges": [{"Name": "d", "MinValue": "1.5", "MaxValue": "3"}]})"),
            "The value 1.5 of the range of the hyperparameter d is not an integer.");
  EXPECT_EQ(refusal_of_ranges(R"({"ContinuousParameterRanges": [{"Name": "d", "MinValue": "x", "MaxValue": "3"}]})"),
            "The value x of the range of the hyperparameter d is not a number.");
  EXPECT_EQ(refusal_of_ranges(R"({"IntegerParameterRanges": [{"Name": "d", "MinValue": "4", "MaxValue": "3"}]})"),
            "The hyperparameter d has a MinValue above its MaxValue.");
  EXPECT_EQ(refusal_of_ranges(R"({"IntegerParameterRanges": [{"Name": "d", "MinValue": "0", "MaxValue": "3",
    "ScalingType": "Logarithmic"}]})"),
            "The hyperparameter d has Logarithmic scaling, which takes values above 0 only.");
  EXPECT_EQ(refusal_of_ranges(R"({"IntegerParameterRanges": [{"Name": "d", "MinValue": "1", "MaxValue": "3"}],
    "CategoricalParameterRanges": [{"Name": "d", "Values": ["1"]}]})"),
            "The hyperparameter d has more than one range.");
}

}  // namespace
}  // namespace mdlc::services::sagemaker
