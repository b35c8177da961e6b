#include "runner/xgboost/hyperparameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mdlc::runner::xgboost {
namespace {

TEST(hyperparameters, are_refused_in_sagemakers_words) {
  const struct {
    json::object given;
    const char* words;
  } cases[] = {
      {{}, "Missing required hyperparameter: num_round"},
      {{{"num_round", "0"}}, "Hyperparameter num_round: 0 is not in [1, +inf)"},
      {{{"num_round", "1.5"}}, "Hyperparameter num_round: could not parse value"},
      {{{"num_round", "99999999999"}}, "Hyperparameter num_round: 99999999999 is not in [1, +inf)"},
      {{{"num_round", ""}}, "Hyperparameter num_round: could not parse value"},
      {{{"num_round", "1"}, {"eta", "1.5"}}, "Hyperparameter eta: 1.5 is not in [0, 1]"},
      {{{"num_round", "1"}, {"eta", "-1"}}, "Hyperparameter eta: -1.0 is not in [0, 1]"},
      {{{"num_round", "1"}, {"eta", "nan"}}, "Hyperparameter eta: nan is not in [0, 1]"},
      {{{"num_round", "1"}, {"eta", "fast"}}, "Hyperparameter eta: could not parse value"},
      {{{"num_round", "1"}, {"subsample", "0"}}, "Hyperparameter subsample: 0.0 is not in (0, 1]"},
      {{{"num_round", "1"}, {"booster", "tree"}},
       "Hyperparameter booster: tree is not in ['gbtree', 'gblinear', 'dart']"},
      {{{"num_round", "1"}, {"learning", "1"}}, "Extraneous hyperparameter found: learning"},
      {{{"num_round", "1"}, {"objective", "multi:softmax"}},
       "Require input for parameter 'num_class' for multi-classification"},
      {{{"num_round", "1"}, {"eval_metric", "auc"}},
       "Metric 'auc' can only be applied for classification and ranking problems."},
      {{{"num_round", "1"}, {"eval_metric", "error@x"}}, "Threshold value 't' in 'error@t' expects float input."},
  };
  for (const auto& c : cases) {
    const auto checked = check_hyperparameters(c.given);
    ASSERT_FALSE(checked) << c.words;
    EXPECT_EQ(checked.error().message, c.words);
  }
  EXPECT_THAT(check_hyperparameters({{"num_round", "1"}, {"eval_metric", "rmse,foo"}}).error().message,
              testing::StartsWith("Hyperparameter eval_metric: value ['rmse', 'foo'] not in range ['auc'"));
}

TEST(hyperparameters, are_taken_at_their_bounds) {
  for (const auto& [name, value] : {std::pair{"eta", "0"},
                                    {"eta", "1"},
                                    {"subsample", "1"},
                                    {"max_depth", "0"},
                                    {"lambda", "0"},
                                    {"seed", "-2147483647"},
                                    {"seed", "2147483646"},
                                    {"num_class", "2"}})
    EXPECT_TRUE(check_hyperparameters({{"num_round", "1"}, {name, value}})) << name << value;
}

TEST(hyperparameters, reach_the_library_as_they_are) {
  const auto h = check_hyperparameters({{"num_round", "20"},
                                        {"objective", "binary:logistic"},
                                        {"eval_metric", "auc, error@0.4"},
                                        {"early_stopping_rounds", "3"},
                                        {"csv_weights", "1"},
                                        {"eta", " 0.3 "}});
  ASSERT_TRUE(h) << h.error().message;
  EXPECT_EQ(h->num_round, 20);
  EXPECT_EQ(h->early_stopping_rounds, 3);
  EXPECT_TRUE(h->csv_weights);
  EXPECT_THAT(h->eval_metrics, testing::ElementsAre("auc", "error@0.4"));
  EXPECT_THAT(h->library,
              testing::ElementsAre(testing::Pair("objective", "binary:logistic"), testing::Pair("eta", "0.3")));
}

TEST(hyperparameters, measure_what_a_tuning_job_looks_at) {
  const auto metrics = [](json::object more) {
    more["num_round"] = "1";
    more["_tuning_objective_metric"] = "validation:mae";
    return check_hyperparameters(more)->eval_metrics;
  };
  EXPECT_THAT(metrics({}), testing::ElementsAre("mae"));
  EXPECT_THAT(metrics({{"eval_metric", "rmse"}}), testing::ElementsAre("rmse", "mae"));
  EXPECT_THAT(metrics({{"eval_metric", "mae,rmse"}}), testing::ElementsAre("mae", "rmse"));
}

TEST(hyperparameters, know_which_way_a_metric_is_good) {
  for (auto m : {"auc", "aucpr", "map", "ndcg", "ndcg@5"}) EXPECT_TRUE(is_maximized(m)) << m;
  for (auto m : {"rmse", "error@0.4", "logloss", "mae"}) EXPECT_FALSE(is_maximized(m)) << m;
}

}  // namespace
}  // namespace mdlc::runner::xgboost
