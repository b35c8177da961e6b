#include "runner/algorithms/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mdlc::runner::algorithms {
namespace {

const std::vector<parameter> all{
    {"k", form::integer, 1, INFINITY, false, {}, true},
    {"decay", form::integer, 0},
    {"share", form::real, 0, 1, false, {"auto"}},
    {"rate", form::real, 0, INFINITY, true},
    {"kind", form::word, -INFINITY, INFINITY, false, {"one", "two"}},
    {"what", form::any},
};

std::string why_not(json::object given) {
  const auto s = settings::check(all, given);
  return s ? "" : s.error().message;
}

TEST(settings, are_what_was_given_or_otherwise) {
  const auto s = settings::check(all, {{"k", "3"}, {"share", "auto"}, {"rate", "+1e-3"}, {"_log_level", "x"}});
  ASSERT_TRUE(s) << s.error().message;
  EXPECT_EQ(s->count("k", 1), 3u);
  EXPECT_EQ(s->count("decay", 7), 7u);
  EXPECT_EQ(s->real("share", 0.25), 0.25);
  EXPECT_EQ(s->real("rate", 1), 1e-3);
  EXPECT_EQ(s->text("kind", "two"), "two");
}

TEST(settings, ranges_hold_at_their_ends) {
  for (auto ok : {"0", "1", "0.5", "auto"}) EXPECT_EQ(why_not({{"k", "1"}, {"share", ok}}), "") << ok;
  for (auto bad : {"-0.1", "1.1", "nan", "inf", "", "half", "1 "})
    EXPECT_NE(why_not({{"k", "1"}, {"share", bad}}), "") << bad;
  EXPECT_NE(why_not({{"k", "1"}, {"rate", "0"}}), "");
  EXPECT_EQ(why_not({{"k", "1"}, {"decay", "0"}}), "");
  for (auto bad : {"0", "-1", "1.0", "1e3", "2147483648", "0x10"}) EXPECT_NE(why_not({{"k", bad}}), "") << bad;
  EXPECT_EQ(why_not({{"k", "2147483647"}}), "");
}

TEST(settings, what_is_wrong_is_told_in_the_containers_words) {
  const std::string cause = " (caused by ValidationError)";
  EXPECT_EQ(why_not({}), "No value(s) were specified for 'k' which are required hyperparameter(s)" + cause);
  EXPECT_EQ(why_not({{"a", "1"}, {"b", "1"}}),
            "Additional hyperparameters are not allowed ('a', 'b' were unexpected)" + cause);
  EXPECT_EQ(why_not({{"k", "0"}}),
            "The value '0' is not valid for the 'k' hyperparameter which expects one of the following: a string which "
            "matches the pattern '^([1-9][0-9]*)$'; or an integer greater than 1" +
                cause);
  EXPECT_EQ(why_not({{"k", "1"}, {"share", "2"}}),
            "The value '2' is not valid for the 'share' hyperparameter which expects one of the following: a string "
            "which matches the pattern '^(auto)$'; or a number between 0 and 1" +
                cause);
  EXPECT_EQ(why_not({{"k", "1"}, {"kind", "three"}}),
            "The value 'three' is not valid for the 'kind' hyperparameter which accepts one of the following: 'one', "
            "'two'" +
                cause);
  EXPECT_NE(why_not({{"k", 1}}), "");
}

}  // namespace
}  // namespace mdlc::runner::algorithms
